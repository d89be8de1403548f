"""`aiops datasets`: the real incidents that are shipped."""

from __future__ import annotations

import typer

from aiops.cli.output import Json, console, print_json


def datasets(as_json: Json = False) -> None:
    """List the shipped incidents; `aiops investigate NAME` looks into one."""
    from aiops import datasets as shipped

    rows = []
    for name in shipped.names():
        case = shipped.load(name)
        rows.append(
            {
                "name": name,
                "system": case.system,
                "fault": case.fault,
                "root_cause": case.root_cause.service if case.root_cause else None,
                "rows": len(case.metrics),
                "series": case.metrics.shape[1],
                "licence": _licence(shipped.card(name)),
            }
        )
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(*rows[0], box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    console().print(table)
    typer.echo("investigate one: aiops investigate " + str(rows[0]["name"]))


def _licence(card: str) -> str | None:
    """Return what the card's table says under ``licence``, up to the first comma."""
    for line in card.splitlines():
        label, _, text = line.strip("| ").partition("|")
        if label.strip() == "licence":
            return text.split(",")[0].strip("| ")
    return None
