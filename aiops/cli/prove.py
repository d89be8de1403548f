"""`aiops prove`: run the whole loop, fault to score, and say stage by stage whether it held."""

from __future__ import annotations

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
from aiops.cli.output import Json, print_json, print_table, say, settings_of, telling
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.settings import Settings
    from aiops.types import Proof

SIMULATED = Where(Place.SIM)

Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Of the simulated system.")]


def prove(
    context: typer.Context,
    backend: BackendOption = Place.SIM,
    kube_context: Context = None,
    kubeconfig: Kubeconfig = None,
    namespace: Namespace = "shop",
    prometheus: Prometheus = None,
    queries: QueriesFile = None,
    janitor_image: JanitorImage = None,
    seed: Seed = 7,
    approve: Annotated[
        bool,
        typer.Option(
            "--approve/--no-approve", help="Whether the guide's writes are approved in your name."
        ),
    ] = True,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="For the store, the journal and the labelled cases."),
    ] = OUT,
    as_json: Json = False,
) -> None:
    """Inject faults and prove that the whole loop deals with them.

    The stages: inject, detect, open an incident, rank the causes, run the guide, revert, score.
    Exit code 1 if one of them did not hold.

    On the simulator it takes seconds; on a cluster that runs examples/shop, some minutes. In the
    folder DIR the incidents stay in aiops.sqlite,
    the undo journal in journal.jsonl, the labelled cases in cases.
    """
    where = Where(backend, kube_context, kubeconfig, namespace, prometheus, queries, janitor_image)
    where.refuse_unmeasured()
    with telling() as tell:
        proof = run(settings_of(context), out, seed=seed, approve=approve, tell=tell, where=where)
    if as_json:
        print_json(
            {"stages": stages_of(proof), "ok": proof.ok, "out": str(out), "backend": backend.value}
        )
    else:
        show(proof, out)
    if not proof.ok:
        raise typer.Exit(1)


def run(
    settings: Settings,
    out: Path,
    *,
    seed: int,
    approve: bool,
    tell: Callable[[str], None],
    where: Where = SIMULATED,
) -> Proof:
    """Run the loop and keep all it makes below `out`."""
    tell("starting")
    from aiops.guides import ApprovedBy, NobodyApproves
    from aiops.proving.prove import SCRIPTS, Loop
    from aiops.proving.prove import prove as prove_loop
    from aiops.store import Store
    from chaos import Journal

    make_folder(out)
    with Store(out / "aiops.sqlite") as store:
        return prove_loop(
            Loop(
                store=store,
                journal=Journal(out / JOURNAL_FILE),
                folder=out / "cases",
                settings=settings,
                seed=seed,
                script=SCRIPTS[where.place.value],
                open_backend=lambda own: where.open(out / JOURNAL_FILE, seed=own),
                approver=ApprovedBy(_person()) if approve else NobodyApproves(),
                progress=tell,
            )
        )


def make_folder(out: Path) -> None:
    """Make the folder that ``--out`` names, unless it is there.

    Raises
    ------
    InvalidInput
        If it is something else, or cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"--out {out} cannot be made a folder: {error.strerror}; name a new or another folder"
        ) from None


def _person() -> str:
    """Return the name in which a write is approved: whoever started the command."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "whoever ran aiops prove"


def stages_of(proof: Proof) -> dict[str, Any]:
    """Return the stages as the JSON document that `--json` prints."""
    return {stage.name: {"ok": stage.ok, "detail": stage.detail} for stage in proof.stages}


def show(proof: Proof, out: Path) -> None:
    """Print a proof for a person."""
    rows = []
    for stage in proof.stages:
        first, *others = stage.detail.split("; ")
        rows.append((stage.name, "yes" if stage.ok else "NO", first))
        rows.extend(("", "", other) for other in others)
    print_table(("stage", "held", "what was seen"), rows)
    say(f"store, journal and labelled cases: {out}")
