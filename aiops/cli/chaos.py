"""`aiops chaos`: the faults that can be injected, and labelled cases made with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli import experiments, rights, scoring
from aiops.cli.output import Json, counting, print_json, print_table, say

if TYPE_CHECKING:
    from aiops.proving.cases import Made
    from chaos import Fault

HEADER = ("id", "family", "target_kind", "rbac", "reversible", "min_kubernetes", "tried")

app = typer.Typer(help="Break things on purpose, with the answer at hand.", no_args_is_help=True)
app.command("validate")(experiments.validate)
app.command("plan")(experiments.plan)
app.command("run")(experiments.run)
app.command("recover")(experiments.recover)
app.command("score")(scoring.score)
app.command("compare")(scoring.compare)
app.command("export")(scoring.export)
app.command("rbac")(rights.rbac)
app.command("admission")(rights.admission)
app.command("freeze")(rights.freeze)
app.command("unfreeze")(rights.unfreeze)


@app.command("cases")
def cases(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new or an empty folder, for the cases.")
    ],
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="How many cases.")] = 100,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="The same seed writes the same bytes.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Write labelled cases from simulated systems.

    Grade rankers on them with `aiops eval rca OUT`. Each case is a system of its own: most hold a fault, about 18 % nothing unusual, and about 12 %
    a harmless change. OUT/manifest.json says what was done and what users could see of it.
    """
    with counting("cases") as progress:
        from aiops.proving.cases import make_cases

        made = make_cases(n, seed, out, progress=progress)
    counts = _counts(made)
    if as_json:
        print_json({"out": str(out), "seed": seed, "cases": len(made), **counts})
        return
    say(
        f"{len(made)} cases in {out}: {counts['fault']} with a fault, {counts['noticed']} of them "
        f"noticed at the entry; {counts['healthy']} healthy, {counts['change']} harmless changes"
    )
    say(f"grade rankers on them: aiops eval rca {out}")


def _counts(made: tuple[Made, ...]) -> dict[str, int]:
    """Return how many cases there are of each kind, and in how many a fault moved the entry."""
    counts = dict.fromkeys(("fault", "healthy", "change"), 0)
    for one in made:
        counts[one.kind] += 1
    noticed = sum(one.kind == "fault" and one.effect.effect == "effective" for one in made)
    return {**counts, "noticed": noticed}


@app.command("list")
def list_faults(as_json: Json = False) -> None:
    """List the faults that can be injected.

    The column tried says "real" for what has been injected into and taken back from a real
    cluster, and "request" for what has been tested in the simulator only.
    """
    from chaos import FAULTS

    rows = [_facts(FAULTS[name]) for name in sorted(FAULTS)]
    if as_json:
        print_json(rows)
        return
    print_table(HEADER, [[_words(row[key]) for key in HEADER] for row in rows])


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of experiment files.

    For editors and other tools.
    """
    from chaos.files import json_schema

    print_json(json_schema())


@app.command("describe")
def describe(
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="As `aiops chaos list` names it.")],
    as_json: Json = False,
) -> None:
    """Say what one fault does, to what, and what it needs."""
    from chaos import fault as by_id

    found = by_id(fault)
    facts = {
        **_facts(found),
        "summary": _summary(found),
        "metrics": list(found.metrics),
        "graded": found.graded,
    }
    if as_json:
        print_json(facts)
        return
    say(facts["summary"])
    print_table(("", ""), [(key, _words(facts[key])) for key in (*HEADER, "metrics", "graded")])


def _facts(fault: Fault) -> dict[str, Any]:
    return {key: getattr(fault, key) for key in HEADER} | {"rbac": list(fault.rbac)}


def _summary(fault: Fault) -> str:
    """Return what its class says of itself before it comes to parameters, on one line."""
    prose, _, _ = (type(fault).__doc__ or "").partition("Parameters\n")
    return " ".join(prose.split())


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
