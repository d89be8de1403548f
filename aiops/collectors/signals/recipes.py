"""The expressions that columns are made of: rates, quantiles, ratios; for everyone or one service.

Each recipe writes its PromQL for a `Scope`. Which family is read by which is the matter of
`aiops.collectors.signals.readings`, which binds all but the scope.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from aiops.clients.prometheus import Matcher
from aiops.collectors.labels.scope import Scope, Selection
from aiops.collectors.signals.known import seconds_per_unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.collectors.inventory.families import Family

    Recipe: TypeAlias = Callable[[Scope], str]

QUANTILE = 0.95
GONE = "1h"
"""A service that had a target this long ago, and has none, is not available."""


def value(selection: Selection, how: str, scope: Scope) -> str:
    """Write the newest samples, put together by `how`: ``sum``, ``avg`` or ``max``."""
    return scope.grouped(selection, str, how)


def rate(selection: Selection, window: str, scope: Scope) -> str:
    """Write what counters gain per second, over `window`."""
    return scope.grouped(selection, _rating(window))


def failure_ratio(failed: Recipe, requests: Recipe, scope: Scope) -> str:
    """Write the share of requests that fail: 0 where none does, none where there is no request."""
    return f"({failed(scope)} or 0 * {requests(scope)}) / {requests(scope)}"


def bucket_quantile(family: Family, window: str, scope: Scope) -> str:
    """Write the quantile of a histogram with buckets."""
    buckets = scope.grouped(Selection(family, "_bucket"), _rating(window), keep=["le"])
    return _in_seconds(family, f"histogram_quantile({QUANTILE}, {buckets})")


def native_quantile(family: Family, window: str, scope: Scope) -> str:
    """Write the quantile of a native histogram."""
    observed = rate(Selection(family), window, scope)
    return _in_seconds(family, f"histogram_quantile({QUANTILE}, {observed})")


def native_count(family: Family, window: str, scope: Scope) -> str:
    """Write how much a native histogram observes per second."""
    return f"histogram_count({rate(Selection(family), window, scope)})"


def summary_quantile(family: Family, quantile: str, scope: Scope) -> str:
    """Write a quantile that the instances worked out themselves: the highest one counts.

    Quantiles can be neither added nor averaged.
    """
    chosen = Selection(family, matchers=(Matcher("quantile", quantile),))
    return _in_seconds(family, value(chosen, "max", scope))


def mean(family: Family, window: str, scope: Scope) -> str:
    """Write the mean of what was observed in `window`."""
    total, count = (rate(Selection(family, part), window, scope) for part in ("_sum", "_count"))
    return _in_seconds(family, f"{total} / {count}")


def any_up(family: Family, scope: Scope) -> str:
    """Write whether any target of a service answers, 1 or 0; 0 also where its last has gone."""
    now = value(Selection(family), "max", scope)
    before = scope.grouped(
        Selection(family), lambda selector: f"max_over_time({selector}[{GONE}])", "max"
    )
    return f"{now} or 0 * {before}"


def less(whole: Recipe, part: Recipe, scope: Scope) -> str:
    """Write one thing less another of the same services."""
    return f"{whole(scope)} - {part(scope)}"


def highest(family: Family, recipe: Recipe, scope: Scope) -> str:
    """Write the highest of each service's instances."""
    return scope.over_instances(family, "max", recipe(replace(scope, instances=True)))


def spread(family: Family, recipe: Recipe, scope: Scope) -> str:
    """Write the highest of each service's instances less the lowest."""
    each = recipe(replace(scope, instances=True))
    high, low = (scope.over_instances(family, how, each) for how in ("max", "min"))
    return f"{high} - {low}"


def _rating(window: str) -> Callable[[str], str]:
    return lambda selector: f"rate({selector}[{window}])"


def _in_seconds(family: Family, expr: str) -> str:
    """Scale a duration, where the family's name tells its unit."""
    factor = seconds_per_unit(family)
    return expr if factor == 1 else f"{factor:g} * ({expr})"
