"""`aiops datasets`: the real incidents that are shipped."""

from __future__ import annotations

from typing import Any

from aiops.cli.output import Json, print_json, print_table, say, telling

HEADER = ("name", "system", "fault", "root_cause", "rows", "series", "licence")


def datasets(as_json: Json = False) -> None:
    """List the shipped incidents, for `aiops investigate NAME`."""
    with telling() as tell:
        tell("reading the shipped incidents")
        from aiops import datasets as shipped

        rows = [_row(name) for name in shipped.names()]
    if as_json:
        print_json(rows)
        return
    print_table(
        HEADER, [["-" if row[key] is None else str(row[key]) for key in HEADER] for row in rows]
    )
    if rows:
        say(f"investigate one: aiops investigate {rows[0]['name']}")


def _row(name: str) -> dict[str, Any]:
    from aiops import datasets as shipped

    case = shipped.load(name)
    return {
        "name": name,
        "system": case.system,
        "fault": case.fault,
        "root_cause": case.root_cause.service if case.root_cause else None,
        "rows": len(case.metrics),
        "series": case.metrics.shape[1],
        "licence": _licence(shipped.card(name)),
    }


def _licence(card: str) -> str | None:
    """Return what the card's table says under ``licence``, up to the first comma."""
    for line in card.splitlines():
        label, _, text = line.strip("| ").partition("|")
        if label.strip() == "licence":
            return text.split(",")[0].strip("| ")
    return None
