"""How families are read: as which columns, by which recipes.

A reading that measures what a canonical column is about names that column and how surely it does;
`aiops.collectors.signals.planning` decides which of several gets it. Infos, times of the clock and the
state of alerts are not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from aiops.collectors.inventory.members import FamilyKind
from aiops.collectors.kinds import AVAILABLE, CPU, ERROR_RATIO, LATENCY, MEMORY, REQUEST_RATE, UP
from aiops.collectors.labels.scope import Selection
from aiops.collectors.signals import known, recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aiops.collectors.inventory.families import Family
    from aiops.collectors.signals.recipes import Recipe

_HOST_MEMORY = ("node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes")
_GAUGES = {
    "process_cpu_usage": "cpu_usage",
    "probe_success": AVAILABLE,
    "probe_duration_seconds": "latency",
}
"""Gauges that are canonical as they are: a JVM's share of its processors, a probe from outside."""

_BEST_QUANTILES = ("0.95", "0.99", "0.9", "0.999", "0.5")
_TIMED = 2
"""Added to a rank where requests are counted by what times them: a counter is preferred."""

_WORKED_OUT = 5
"""Added where the instances worked out the quantile: one over all of them is preferred."""

_MEAN = 6
"""Added to a mean, which hides the slow ones."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read a family.

    Attributes
    ----------
    own : str
        The column's name where it does not get a canonical one.
    family : Family
        Whose services it is about.
    recipe : Recipe
    cost : int
        Series that the server reads for one point of time.
    canonical : str
        The canonical column that it fits; "" for none.
    rank : int
        How well it fits: less is better.
    spreads : bool
        Whether its highest instance and the spread say something, too.
    additive : bool
        Whether a service's value is the sum of its instances'.
    unfit : frozenset of str
        The services for which it is not canonical.
    """

    own: str
    family: Family
    recipe: Recipe
    cost: int
    canonical: str = ""
    rank: int = 0
    spreads: bool = True
    additive: bool = False
    unfit: frozenset[str] = frozenset()


def readings_of(families: Sequence[Family], window: str) -> list[Reading]:
    """Return every reading of the families; rates look back over `window`, as in PromQL.

    The process that an exporter tells of is itself, not the service that it stands beside.
    """
    owned = [family for family in families if family.owners]
    beside = frozenset(name for each in owned if known.is_of_exporter(each) for name in each.owners)
    found = [
        replace(reading, unfit=beside) if family.name.startswith("process_") else reading
        for family in owned
        if family.kind in _READ
        for reading in _READ[family.kind](family, window)
    ]
    counters = [family for family in owned if family.kind is FamilyKind.COUNTER]
    return [*found, *_counted_failures(counters, window), *_host_memory(owned)]


def _counter(family: Family, window: str) -> Iterator[Reading]:
    own = f"{family.name.removesuffix('_total')}_rate"
    busy = (known.IDLE,) if family.name == "node_cpu_seconds_total" else ()
    counted = Selection(family, matchers=(*known.served_only(family), *busy))
    rate = partial(recipes.rate, counted, window)
    plain = Reading(own, family, rate, family.mapped, additive=True)
    rank, place = known.request_rank(family), known.cpu_rank(family)
    if rank is not None:
        yield replace(plain, canonical=REQUEST_RATE, rank=rank)
        yield from _failures(counted, window, rank)
    elif place is not None:
        yield replace(plain, canonical=CPU, rank=place)
    else:
        yield plain


def _failures(requests: Selection, window: str, rank: int) -> Iterator[Reading]:
    """Return the share of requests that fail, where a label tells which do."""
    family = requests.family
    failing = known.failing(family)
    if failing is not None:
        failed = replace(requests, matchers=(*requests.matchers, failing))
        ratio = _ratio(failed, requests, window)
        own = f"{family.name.removesuffix('_total')}_error_ratio"
        cost = 3 * family.parts[requests.suffix]
        yield Reading(own, family, ratio, cost, ERROR_RATIO, rank)


def _ratio(failed: Selection, requests: Selection, window: str) -> Recipe:
    failed_rate = partial(recipes.rate, failed, window)
    return partial(recipes.failure_ratio, failed_rate, partial(recipes.rate, requests, window))


def _histogram(family: Family, window: str) -> Iterator[Reading]:
    if family.parts.get("_bucket"):
        quantile = partial(recipes.bucket_quantile, family, window)
        yield _timed(family, f"{family.name}_p95", quantile, family.parts["_bucket"], LATENCY)
    yield from _occurrences(family, window)


def _native(family: Family, window: str) -> Iterator[Reading]:
    quantile = partial(recipes.native_quantile, family, window)
    yield _timed(family, f"{family.name}_p95", quantile, family.mapped, LATENCY)
    count = partial(recipes.native_count, family, window)
    counted = _timed(family, f"{family.name}_rate", count, family.mapped, REQUEST_RATE)
    yield replace(counted, rank=counted.rank + _TIMED, additive=True)


def _summary(family: Family, window: str) -> Iterator[Reading]:
    quantiles = family.values.get("quantile", frozenset())
    best = next((each for each in _BEST_QUANTILES if each in quantiles), None)
    if best is not None:
        percent = f"p{float(best) * 100:g}".replace(".", "_")
        recipe = partial(recipes.summary_quantile, family, best)
        own, cost = f"{family.name}_{percent}", family.parts[""]
        reading = _timed(family, own, recipe, cost, f"latency_{percent}")
        yield replace(reading, rank=reading.rank + _WORKED_OUT)
    if family.parts.get("_sum") and family.parts.get("_count"):
        cost = family.parts["_sum"] + family.parts["_count"]
        column = "latency_mean" if best is None else ""
        mean = partial(recipes.mean, family, window)
        reading = _timed(family, f"{family.name}_mean", mean, cost, column)
        yield replace(reading, rank=reading.rank + _MEAN)
    yield from _occurrences(family, window)


def _occurrences(family: Family, window: str) -> Iterator[Reading]:
    """Return how often something was timed, and how much of it failed."""
    if not family.parts.get("_count"):
        return
    counted = Selection(family, "_count", known.served_only(family))
    rate = partial(recipes.rate, counted, window)
    reading = _timed(family, f"{family.name}_rate", rate, family.parts["_count"], REQUEST_RATE)
    reading = replace(reading, rank=reading.rank + _TIMED, additive=True)
    yield reading
    if reading.canonical:
        yield from _failures(counted, window, reading.rank)


def _timed(family: Family, own: str, recipe: Recipe, cost: int, canonical: str) -> Reading:
    """Return a reading of what times something; canonical if that is the service's requests."""
    rank = known.duration_rank(family)
    if rank is None or not canonical:
        return Reading(own, family, recipe, cost)
    return Reading(own, family, recipe, cost, canonical, rank)


def _gauge(family: Family, _: str) -> Iterator[Reading]:
    if family.name == UP:
        count = partial(recipes.value, Selection(family), "sum")
        yield Reading("up_count", family, count, family.mapped, UP, spreads=False)
        any_up, cost = partial(recipes.any_up, family), 2 * family.mapped
        yield Reading("up_any", family, any_up, cost, AVAILABLE, rank=1, spreads=False)
    elif not known.is_moment(family):
        additive = not known.is_averaged(family)
        value = partial(recipes.value, Selection(family), "sum" if additive else "avg")
        rank = known.memory_rank(family)
        reading = Reading(family.name, family, value, family.mapped, additive=additive)
        canonical = _GAUGES.get(family.name, "") if rank is None else MEMORY
        yield replace(reading, canonical=canonical, rank=rank or 0)


def _counted_failures(counters: Sequence[Family], window: str) -> Iterator[Reading]:
    """Return the ratios of counters of errors to the counters of requests beside them."""
    requests = [each for each in counters if known.request_rank(each) is not None]
    failures = [each for each in counters if known.is_failure_counter(each)]
    for failed in failures:
        for family in requests:
            alike = failed.subject == family.subject
            if alike and known.counts_failures_of(failed, family):
                ratio = _ratio(Selection(failed), Selection(family), window)
                own = f"{failed.name.removesuffix('_total')}_ratio"
                cost = failed.mapped + 2 * family.mapped
                yield Reading(own, family, ratio, cost, ERROR_RATIO, _TIMED)


def _host_memory(families: Sequence[Family]) -> Iterator[Reading]:
    """Return the memory that a host uses."""
    by_name: Mapping[str, Family] = {family.name: family for family in families}
    whole, free = (by_name.get(name) for name in _HOST_MEMORY)
    if whole is not None and free is not None and whole.services == free.services:
        there = partial(recipes.value, Selection(whole), "sum")
        used = partial(recipes.less, there, partial(recipes.value, Selection(free), "sum"))
        cost = whole.mapped + free.mapped
        yield Reading("node_memory_used_bytes", whole, used, cost, MEMORY, rank=_WORKED_OUT)


_READ: dict[FamilyKind, Callable[[Family, str], Iterator[Reading]]] = {
    FamilyKind.COUNTER: _counter,
    FamilyKind.HISTOGRAM: _histogram,
    FamilyKind.NATIVE: _native,
    FamilyKind.SUMMARY: _summary,
    FamilyKind.GAUGE: _gauge,
}
