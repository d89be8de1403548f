"""What of a plan is asked for: as much as the allowance of queries and samples is enough for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.collectors.kinds import SignalKind
from aiops.collectors.pull.asking import Expression, bundled, queries_for
from aiops.collectors.signals.planning import MOST_INSTANCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiops.collectors.signals.planning import Signal

_FILLED = 0.8
"""The share of the queries that is planned to be used: the rest is for what is too large."""


def affordable(signals: Sequence[Signal], most: int) -> list[Signal]:
    """Return the signals whose cost for one point is within `most` series, in their order."""
    chosen, spent, paid = [], 0, set[str]()
    for signal in signals:
        free = signal.kind is not SignalKind.OTHER or asked_for(signal) in paid
        if free or spent + signal.cost <= most:
            spent += 0 if free else signal.cost
            paid.add(asked_for(signal))
            chosen.append(signal)
    return chosen


def asked_for(signal: Signal) -> str:
    """Return the PromQL that is sent for a signal."""
    return signal.each or signal.expr


def by_expression(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Return expression → its signals: what several of them need is asked for once."""
    groups: dict[str, list[Signal]] = {}
    for signal in signals:
        groups.setdefault(asked_for(signal), []).append(signal)
    return groups


def _expressions(groups: Mapping[str, Sequence[Signal]]) -> list[Expression]:
    """Return what is asked for, with what it costs."""
    return [
        Expression(signals[0].column, expr, signals[0].cost, max(map(_answered, signals)))
        for expr, signals in groups.items()
    ]


def _answered(signal: Signal) -> int:
    """Return how many series the answer may have."""
    return len(signal.services) * (MOST_INSTANCES if signal.each else 1)


def bundles_within(
    signals: Mapping[str, Sequence[Signal]], points: int, most_queries: int
) -> list[list[Expression]]:
    """Bundle expressions into at most so many queries; a bundle that is too much is dropped."""
    kept, queries = [], 0
    for bundle in bundled(_expressions(signals), points, max(1, int(_FILLED * most_queries))):
        needed = queries_for(bundle, points)
        if queries + needed <= most_queries:
            queries += needed
            kept.append(bundle)
    return kept
