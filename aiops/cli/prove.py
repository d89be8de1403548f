"""`aiops prove`: run the whole loop, fault to score, and say stage by stage whether it held."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.output import Json, console, print_json, settings_of, telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.settings import Settings
    from aiops.types import Proof

OUT = Path("out")


class Backend(StrEnum):
    """What the faults are injected into."""

    SIM = "sim"


def prove(
    context: typer.Context,
    backend: Annotated[Backend, typer.Option(help="Where the faults are injected.")] = Backend.SIM,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated system.")] = 7,
    approve: Annotated[
        bool, typer.Option(help="Whether the guide's writes are approved in your name.")
    ] = True,
    out: Annotated[
        Path, typer.Option(help="Folder for the store, the journal and the labelled cases.")
    ] = OUT,
    as_json: Json = False,
) -> None:
    """Inject faults, find them, rank, run the guide, revert, score; exit code 1 if a stage failed.

    Everything happens inside the simulator. The incidents stay in OUT/aiops.sqlite, the undo
    journal in OUT/journal.jsonl, the labelled cases in OUT/cases.
    """
    with telling() as tell:
        proof = run(settings_of(context), out, seed=seed, approve=approve, tell=tell)
    if as_json:
        stages = {stage.name: {"ok": stage.ok, "detail": stage.detail} for stage in proof.stages}
        print_json({"stages": stages, "ok": proof.ok, "out": str(out), "backend": backend.value})
    else:
        show(proof, out)
    if not proof.ok:
        raise typer.Exit(1)


def run(
    settings: Settings, out: Path, *, seed: int, approve: bool, tell: Callable[[str], None]
) -> Proof:
    """Run the loop and keep all it makes below `out`."""
    tell("starting the simulated shop")
    from aiops.guides import ApprovedBy, NobodyApproves
    from aiops.proving.prove import Loop
    from aiops.proving.prove import prove as prove_loop
    from aiops.store import Store
    from chaos import Journal

    out.mkdir(parents=True, exist_ok=True)
    with Store(out / "aiops.sqlite") as store:
        return prove_loop(
            Loop(
                store=store,
                journal=Journal(out / "journal.jsonl"),
                folder=out / "cases",
                settings=settings,
                seed=seed,
                approver=ApprovedBy(_person()) if approve else NobodyApproves(),
                progress=tell,
            )
        )


def _person() -> str:
    """Return the name in which a write is approved: whoever started the command."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "whoever ran aiops prove"


def show(proof: Proof, out: Path) -> None:
    """Print a proof for a person."""
    from rich.table import Table
    from rich.text import Text

    table = Table("stage", "held", "what was seen", box=None, pad_edge=False)
    for stage in proof.stages:
        table.add_row(stage.name, "yes" if stage.ok else "NO", Text(stage.detail))
    out_to = console()
    out_to.print(table)
    out_to.print(Text(f"store, journal and labelled cases: {out}"))
