"""`aiops demo`: three real incidents, then the proving loop, then one report of both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.access import OUT
from aiops.cli.investigation import verdict
from aiops.cli.output import Json, print_json, say, settings_of, telling
from aiops.cli.prove import Seed, make_folder, stages_of
from aiops.cli.prove import run as run_proof
from aiops.cli.prove import show as show_proof

TITLE = "What aiops makes of three real incidents, and the loop that proves it"


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For everything it makes.")] = OUT,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Show it at work on recorded incidents and on its own faults.

    The verdicts are shown beside the truth, wrong ones too. Exit code 1 if the proving loop did
    not hold.
    """
    settings = settings_of(context)
    make_folder(out)
    page = out / "demo.html"
    with telling() as tell:
        from aiops import datasets, pipeline
        from aiops.reports import demo_page, write_page

        found = []
        for name in datasets.names():
            tell(f"investigating {name}")
            case = datasets.load(name)
            found.append(pipeline.investigate(case, settings=settings, onset=case.inject_time))
        proof = run_proof(settings, out, seed=seed, approve=True, tell=tell)
        tell(f"writing {page}")
        write_page(demo_page(found, proof, title=TITLE), page)
    verdicts = {one.case.id: verdict(one) for one in found}
    if as_json:
        print_json({"verdicts": verdicts, "stages": stages_of(proof), "report": str(page)})
    else:
        for case_id, text in verdicts.items():
            say(f"{case_id}: {text}")
        say()
        show_proof(proof, out)
        say(f"report: {page.resolve()}")
    if not proof.ok:
        raise typer.Exit(1)
