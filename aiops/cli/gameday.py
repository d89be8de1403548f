"""`aiops gameday`: a suite of faults and controls, and one page of what monitoring missed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.access import (
    JOURNAL_FILE,
    OUT,
    SIMULATED,
    BackendOption,
    Context,
    JanitorImage,
    Kubeconfig,
    Place,
    Prometheus,
    QueriesFile,
    Where,
)
from aiops.cli.experiments import INTERRUPTED, undone_when_interrupted
from aiops.cli.output import Json, counting, say, settings_of
from aiops.cli.scoring import JudgeName, JudgeOption, Reports, check_reports, judge_of, show
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from aiops.proving.played import Played
    from aiops.proving.suite import Suite
    from chaos.journal import Journal


def gameday(
    context: typer.Context,
    suite: Annotated[
        Path | None, typer.Argument(metavar="SUITE", help="YAML: faults x targets x repeats.")
    ] = None,
    starter: Annotated[
        str | None,
        typer.Option(metavar="NAMESPACE", help="Instead of a suite: five safe faults there."),
    ] = None,
    backend: BackendOption = Place.SIM,
    kube_context: Context = None,
    kubeconfig: Kubeconfig = None,
    prometheus: Prometheus = None,
    queries: QueriesFile = None,
    janitor_image: JanitorImage = None,
    judge: JudgeOption = JudgeName.AIOPS,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before a real cluster is struck.")
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="A new folder, for runs and report.")
    ] = OUT / "gameday",
    report: Reports = None,
    as_json: Json = False,
) -> None:
    """Run a suite, and write one page of what monitoring missed.

    The page is DIR/gameday.html. A suite always holds controls, in which nothing is done: without them nobody could count false
    alarms. Exit code 0 whatever the grades are, 4 if a fault is not proved gone, 130 if it
    was interrupted: the page is then about the runs until there.
    """
    check_reports(report)
    if (suite is None) == (starter is None):
        raise InvalidInput("name a suite, or --starter NAMESPACE, and not both")
    if backend is Place.SIM and starter not in {None, SIMULATED}:
        raise InvalidInput(
            f"the simulator has the namespace {SIMULATED} alone, not {starter}; write --starter "
            f"{SIMULATED}, or add --backend k8s"
        )
    settings = settings_of(context)
    where = Where(
        backend,
        kube_context,
        kubeconfig,
        namespace=starter or SIMULATED,
        prometheus=prometheus,
        queries=queries,
        janitor_image=janitor_image,
    )
    where.refuse_unmeasured()
    played = _play(where, suite, out, agreed=yes)
    for failed in played.failures:
        say(f"not kept: run {failed.run}, {failed.what}: {failed.why}", err=True)
    with counting("graded") as progress:
        from aiops.proving.score import score

        board = score(played.runs, judge_of(judge, settings), progress=progress)
    show(board, [out / "gameday.html", *(report or [])], as_json=as_json)
    if played.interrupted:
        say("error: interrupted; the page is about the runs until there", err=True)
        raise typer.Exit(INTERRUPTED)


def _play(where: Where, path: Path | None, out: Path, *, agreed: bool) -> Played:
    """Run the suite in `path`, or a starter, and return what came of it."""
    from dataclasses import replace

    from aiops.proving.suite import load_suite
    from chaos.journal import Journal

    suite, journal = load_suite(path) if path else None, Journal(out / JOURNAL_FILE)
    if where.place is Place.SIM:
        return _simulate(where, suite, out, journal)
    if suite is not None:
        where = replace(where, namespace=suite.namespace)
    with where.open(journal.path, seed=0) as place:
        from aiops.proving.gameday import run_on_cluster
        from aiops.proving.starter import starter

        suite = suite or starter(place)
        _confirm(suite, agreed=agreed)
        with counting("runs") as progress, undone_when_interrupted(journal):
            return run_on_cluster(suite, place, out, progress=progress)


def _simulate(where: Where, suite: Suite | None, out: Path, journal: Journal) -> Played:
    from aiops.proving.gameday import run_on_simulator
    from aiops.proving.starter import starter

    if suite is None:
        with where.open(journal.path, seed=0) as place:
            suite = starter(place)
    with counting("runs") as progress, undone_when_interrupted(journal):
        return run_on_simulator(suite, out, progress=progress)


def _confirm(suite: Suite, *, agreed: bool) -> None:
    """Say what will be struck, and ask whether it may be."""
    import sys

    from aiops.proving.suite import draw

    runs = draw(suite)
    faults = [one for one in runs if one.fault]
    each = suite.phases.baseline + suite.phases.hold + suite.phases.recover
    say(f"{suite.title}: {len(runs)} runs, {len(faults)} with a fault", err=True)
    for one in faults:
        say(f"  {one.fault} on {one.target or 'one that the seed chooses'}", err=True)
    say(f"it takes about {len(runs) * each / 60:.0f} minutes", err=True)
    if agreed:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("nobody is there to be asked; add --yes if they may be struck")
    if not typer.confirm("strike them?", err=True):
        raise InvalidInput("nothing was done: you said no")
