"""`aiops chaos validate | plan | run | recover`: experiment files, checked, shown, run, undone."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.access import (
    JOURNAL_FILE,
    OUT,
    BackendOption,
    Context,
    JanitorImage,
    Kubeconfig,
    Namespace,
    Place,
    Prometheus,
    QueriesFile,
    Where,
)
from aiops.cli.output import Json, print_json, print_table, say, telling
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.proving.recovery import Recovery
    from chaos.backend import Backend
    from chaos.files import ExperimentFile
    from chaos.journal import Journal
    from chaos.record import RunRecord
    from chaos.trial import Prepared

EXIT_CODES = {
    "revert-incomplete": 4,
    "interrupted": 130,
    "aborted": 3,
    "deviated": 1,
    "no-effect": 5,
    "held": 0,
}
"""By the outcome of a run, the gravest first: it counts where there are several runs."""

REVERT_INCOMPLETE = EXIT_CODES["revert-incomplete"]
INTERRUPTED = EXIT_CODES["interrupted"]

File = Annotated[Path, typer.Argument(metavar="FILE", help="An experiment, YAML or JSON.")]
Seed = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="Chooses the victims; that of the file when left out."),
]
Outage = Annotated[
    bool, typer.Option("--allow-outage", help="A workload may lose all of its pods.")
]
Budgets = Annotated[
    bool, typer.Option("--ignore-budgets", help="A PodDisruptionBudget may be exceeded.")
]
AllowPython = Annotated[
    list[str] | None,
    typer.Option(metavar="MODULE", help="Python module that the file may call; repeat it."),
]
AllowProcess = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Program that the file may run; repeat it."),
]
OutFolder = Annotated[
    Path, typer.Option(metavar="DIR", help="For the journal and the folder of each run.")
]


@dataclass(frozen=True, slots=True)
class Consent:
    """What whoever runs an experiment accepts beyond the cautious defaults."""

    outage: bool
    over_budget: bool


def validate(
    file: File,
    allow_python: AllowPython = None,
    allow_process: AllowProcess = None,
    as_json: Json = False,
) -> None:
    """Check an experiment file without touching anything.

    Exit code 2 if it is not sound.
    """
    found = read(file, allow_python, allow_process)
    faults = [
        {"name": one.name, "fault": one.fault, "target": str(one.target), "hold_s": one.hold_s}
        for one in found.faults()
    ]
    if as_json:
        print_json({"file": str(file), "title": found.title, "faults": faults})
        return
    say(f"{file} is sound: {found.title}")
    for fault in faults:
        say(f"  {fault['fault']} on {fault['target']} for {fault['hold_s']:g} s")
    for note in found.notes:
        say(f"  note: {note}")


def plan(
    file: File,
    backend: BackendOption = Place.SIM,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    namespace: Namespace = "shop",
    seed: Seed = None,
    allow_outage: Outage = False,
    ignore_budgets: Budgets = False,
    allow_python: AllowPython = None,
    allow_process: AllowProcess = None,
    prometheus: Prometheus = None,
    queries: QueriesFile = None,
    janitor_image: JanitorImage = None,
    as_json: Json = False,
) -> None:
    """Show what a run would do, and what is against it.

    That is the victims, the diff, and the rights it needs. Nothing is changed; a real server
    checks every change by a dry run. Exit code 2 if the run would be refused.
    """
    where = Where(backend, context, kubeconfig, namespace, prometheus, queries, janitor_image)
    experiment = read(file, allow_python, allow_process)
    with telling() as tell, where.open(OUT / JOURNAL_FILE, seed=_seed(experiment, seed)) as place:
        tell("planning")
        consent = Consent(allow_outage, ignore_budgets)
        prepared = _prepare(experiment, place, "plan", _seed(experiment, seed), consent)
        shown = _document(prepared, place, janitor=janitor_image is not None)
    if as_json:
        print_json(shown)
    else:
        _show_plan(prepared, shown)
    if not prepared.preflight.clear:
        raise typer.Exit(2)


def run(
    file: File,
    backend: BackendOption = Place.SIM,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    namespace: Namespace = "shop",
    prometheus: Prometheus = None,
    queries: QueriesFile = None,
    janitor_image: JanitorImage = None,
    seed: Seed = None,
    allow_outage: Outage = False,
    ignore_budgets: Budgets = False,
    allow_python: AllowPython = None,
    allow_process: AllowProcess = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before a real cluster is struck.")
    ] = False,
    out: OutFolder = OUT / "chaos",
    as_json: Json = False,
) -> None:
    """Run an experiment, take it back, and say whether it bit.

    Exit codes: 0 the steady state held, 1 it did not, 2 refused or invalid and nothing was done,
    3 a guard aborted it, 4 the revert is not complete, 5 nobody noticed anything, 130 interrupted
    and taken back.
    """
    where = Where(backend, context, kubeconfig, namespace, prometheus, queries, janitor_image)
    experiment = read(file, allow_python, allow_process)
    consent = Consent(allow_outage, ignore_budgets)
    first = _seed(experiment, seed)
    records: list[RunRecord] = []
    for number in range(experiment.settings.repeat):
        with where.open(out / JOURNAL_FILE, seed=first + number) as place:
            records.append(_run_once(experiment, place, out, first + number, consent, yes))
        if records[-1].outcome.value in {"interrupted", "revert-incomplete"}:
            break
    shown = [_summary(record, out) for record in records]
    if as_json:
        print_json({"title": experiment.title, "runs": shown})
    else:
        _show_runs(records, shown)
    outcomes = {record.outcome.value for record in records}
    code = next(code for outcome, code in EXIT_CODES.items() if outcome in outcomes)
    if code:
        raise typer.Exit(code)


def recover(
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", metavar="NS", help="Look for marks there; repeat it."),
    ] = None,
    everywhere: Annotated[
        bool,
        typer.Option(
            "--all", help="Look for marks in every namespace that has opted in, journal or none."
        ),
    ] = False,
    out: OutFolder = OUT / "chaos",
    as_json: Json = False,
) -> None:
    """Undo what killed runs left behind.

    Those in the journal, and with --all those marked in the cluster. Works from any machine that
    may patch the objects. Runs that somebody is just holding are undone too; those of other
    clusters stay in the journal. Exit code 4 if one could not be proved gone.
    """
    where = Where(Place.K8S, context, kubeconfig)
    path = out / JOURNAL_FILE
    with telling() as tell, where.open(path, seed=0) as place:
        from aiops.proving.recovery import recover_cluster
        from chaos.journal import Journal

        tell("looking for what was left behind")
        found = recover_cluster(place, Journal(path), namespace or (), everywhere=everywhere)
    for text in found.notes:
        say(f"note: {text}", err=True)
    if as_json:
        print_json(asdict(found))
    else:
        _show_recovery(found)
    if found.failed:
        raise typer.Exit(REVERT_INCOMPLETE)


def _show_recovery(found: Recovery) -> None:
    say(f"recovered: {', '.join(found.recovered) or 'nothing was left behind'}")
    if found.elsewhere:
        runs = "1 run" if len(found.elsewhere) == 1 else f"{len(found.elsewhere)} runs"
        verb = "is" if len(found.elsewhere) == 1 else "are"
        names = ", ".join(found.elsewhere)
        say(f"{runs} of another cluster {verb} left in this journal: {names}", err=True)
    for text in found.failed:
        say(f"error: {text}", err=True)


def read(file: Path, python: list[str] | None, process: list[str] | None) -> ExperimentFile:
    """Read an experiment file, with the code that the options allow, and try its parameters."""
    from chaos.faults import make_fault
    from chaos.files import Allowed, load

    found = load(file, allowed=Allowed(frozenset(python or ()), frozenset(process or ())))
    for one in found.faults():
        try:
            make_fault(one.fault, one.params)
        except InvalidInput as error:
            raise InvalidInput(f"{file.name}: {one.name}: {error}") from None
    return found


def _seed(experiment: ExperimentFile, told: int | None) -> int:
    return experiment.settings.seed if told is None else told


def _prepare(
    experiment: ExperimentFile, place: Backend, run: str, seed: int, consent: Consent
) -> Prepared:
    from chaos.trial import from_file, prepare, refuse_without_victims

    trial = from_file(
        experiment,
        place,
        run=run,
        seed=seed,
        outage=consent.outage,
        over_budget=consent.over_budget,
    )
    refuse_without_victims(trial)
    _same_namespace(prepared := prepare(trial, place), place)
    return prepared


def _same_namespace(prepared: Prepared, place: Backend) -> None:
    """Refuse what would be struck in a namespace that is neither locked nor watched."""
    for plan_ in prepared.plans.values():
        if plan_.target.namespace != place.system:
            raise InvalidInput(
                f"the experiment strikes {plan_.target}, but namespace {place.system} is watched; "
                f"give --namespace {plan_.target.namespace}"
            )


def _run_once(
    experiment: ExperimentFile, place: Backend, out: Path, seed: int, consent: Consent, agreed: bool
) -> RunRecord:
    from aiops.proving.running import new_run, run_prepared
    from chaos.journal import Journal

    prepared = _prepare(experiment, place, new_run(), seed, consent)
    prepared.preflight.refuse_unless_clear()
    if place.name == "k8s" and not agreed:
        _confirm(prepared, place)
    folder = out / "runs" / prepared.trial.run
    journal = Journal(out / JOURNAL_FILE)
    with telling() as tell, undone_when_interrupted(journal):
        return run_prepared(prepared, place, journal, folder, tell).record


@contextmanager
def undone_when_interrupted(journal: Journal) -> Iterator[None]:
    """Let a signal end the command as shells expect, once every fault has been taken back."""
    from chaos.signals import Interrupted, interruptible

    try:
        with interruptible():
            yield
    except Interrupted as signal:
        left = ", ".join(journal.pending())
        said = (
            f"still to be taken back: {left}; aiops chaos recover" if left else "no fault is left"
        )
        say(f"error: {signal}; {said}", err=True)
        raise typer.Exit(REVERT_INCOMPLETE if left else INTERRUPTED) from None


def _confirm(prepared: Prepared, place: Backend) -> None:
    """Ask a person whether these victims may be struck."""
    if not sys.stdin.isatty():
        raise InvalidInput("nobody is there to be asked; add --yes if you have seen the plan")
    _show_plan(prepared, _document(prepared, place, janitor=False), err=True)
    if not typer.confirm("strike them?", err=True):
        raise InvalidInput("nothing was done: you said no")


def _document(prepared: Prepared, place: Backend, *, janitor: bool) -> dict[str, Any]:
    from chaos.rbac import missing, rights_of
    from chaos.trial import diff

    rights = [str(right) for right in rights_of(prepared.plans.values())]
    client = getattr(place, "client", None)
    lacking = (
        sorted(
            {
                one
                for plan_ in prepared.plans.values()
                for one in missing(plan_, client, janitor=janitor)
            }
        )
        if client is not None
        else []
    )
    return prepared.to_json() | {
        "clear": prepared.preflight.clear,
        "diff": diff(prepared, place),
        "rights": rights,
        "missing_rights": lacking,
    }


def _show_plan(prepared: Prepared, shown: dict[str, Any], *, err: bool = False) -> None:
    say(f"{prepared.trial.title} (seed {prepared.trial.seed})", err=err)
    say("victims:", err=err)
    for victim in prepared.victims:
        say(f"  {victim}", err=err)
    for line in shown["diff"].splitlines():
        say(line, err=err)
    say(f"it needs, beyond reading: {', '.join(shown['rights']) or 'nothing'}", err=err)
    if shown["missing_rights"]:
        say(f"you lack: {', '.join(shown['missing_rights'])}", err=err)
    for found in prepared.preflight.findings:
        say(f"{found.level}: {found}", err=err)


def _summary(record: RunRecord, out: Path) -> dict[str, Any]:
    effect = record.effect
    return {
        "run": record.run,
        "outcome": record.outcome.value,
        "effect": effect.effect.value if effect else None,
        "why": effect.why if effect else None,
        "victims": list(record.victims),
        "restored": list(record.revert.restored),
        "conflicts": list(record.revert.conflicts),
        "aborted_by": record.guards,
        "hypothesis": {
            when: [
                {"name": one.name, "ok": one.ok, "detail": one.detail}
                for one in getattr(record.hypothesis, when)
            ]
            for when in ("before", "during", "after")
        },
        "notes": list(record.notes),
        "folder": str(out / "runs" / record.run),
    }


def _show_runs(records: list[RunRecord], shown: list[dict[str, Any]]) -> None:
    words = {True: "yes", False: "NO", None: "not evaluated"}
    for record, one in zip(records, shown, strict=True):
        say(f"{record.run}: {one['outcome']}; effect: {one['effect']} ({one['why']})")
        rows = [
            (when, words[check["ok"]], check["name"], check["detail"])
            for when, checks in one["hypothesis"].items()
            for check in checks
        ]
        if rows:
            print_table(("when", "held", "probe", "what was seen"), rows)
        if record.guards:
            say(f"aborted: {record.guards}")
        restored = len(record.revert.restored)
        say(f"taken back: {restored} fields or processes, {len(record.revert.conflicts)} conflicts")
        for note in record.notes:
            say(f"note: {note}")
        say(f"kept in {one['folder']}")
