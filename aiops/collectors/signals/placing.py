"""Which reading gets which column for which service: canonical names go to what fits best.

For each service on its own: one may count its requests by one metric and another by another, and
both counts are the column ``request_rate``. A reading that does not get the canonical name keeps
its own, so nothing is lost and no two readings of one service share a column.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.collectors.kinds import MAX, SPREAD, SignalKind, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aiops.collectors.signals.readings import Reading


@dataclass(frozen=True, eq=False)
class Placed:
    """A reading under one of its names, for some of its services."""

    column: str
    services: frozenset[str]
    reading: Reading


def placed_readings(readings: Sequence[Reading]) -> list[Placed]:
    """Give every reading a column for each of its services."""
    taken: dict[str, set[str]] = defaultdict(set)
    placed = []
    for reading in sorted(readings, key=lambda each: (each.rank, each.family.name)):
        slot = _slot(reading.canonical)
        won = frozenset(reading.family.owners) - taken[slot] - reading.unfit
        if reading.canonical and won:
            taken[slot] |= won
            placed.append(Placed(reading.canonical, won, reading))
    names = {each.column + suffix for each in placed for suffix in ("", MAX, SPREAD)}
    won_by = {id(each.reading): each.services for each in placed}
    for reading in readings:
        rest = frozenset(reading.family.owners) - won_by.get(id(reading), frozenset())
        if rest:
            column = _free_name(reading, names)
            names |= {column, column + MAX, column + SPREAD}
            placed.append(Placed(column, rest, reading))
    return placed


def _slot(canonical: str) -> str:
    """Return what a service has only one of: one latency, be it a quantile or a mean."""
    kind = kind_of(canonical)
    return kind if kind is SignalKind.LATENCY else canonical


def _free_name(reading: Reading, taken: Collection[str]) -> str:
    """Return the reading's own name; with the family's kind where another column has it."""
    own = reading.own
    number = 1
    while {own, own + MAX, own + SPREAD} & set(taken):
        suffix = "" if number == 1 else str(number)
        own, number = f"{reading.own}_{reading.family.kind}{suffix}", number + 1
    return own
