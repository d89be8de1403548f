"""Which columns a frame gets, and the PromQL behind each of them.

What is known gets its canonical name, from whichever family has it for a service: the one that
fits best wins, the others keep their own names, and nothing is lost. Counters become rates,
histograms quantiles; pods are added up, and the highest and the spread told beside the sum.
Nothing is asked of a server here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from aiops.collectors.kinds import GOLDEN, MAX, SPREAD, SYMPTOMS, SignalKind, kind_of
from aiops.collectors.labels.scope import Scope
from aiops.collectors.signals.placing import Placed, placed_readings
from aiops.collectors.signals.readings import readings_of
from aiops.collectors.signals.recipes import highest, spread

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiops.collectors.inventory.taking import Inventory
    from aiops.collectors.signals.readings import Reading
    from aiops.collectors.signals.recipes import Recipe

__all__ = ["SYMPTOMS", "Part", "Signal", "SignalKind", "golden", "kind_of", "plan_signals"]

SCRAPES_IN_WINDOW = 4
"""A rate needs two samples; so many let two scrapes in a row fail, as is Prometheus' own advice."""


MOST_INSTANCES = 4
"""Where services have more instances than this on average, the server puts them together."""


class Part(enum.IntEnum):
    """What is told of a service's instances."""

    WHOLE, HIGHEST, SPREAD = range(3)


@dataclass(frozen=True, eq=False)
class Signal:
    """One column of some services, and the expression that gives it.

    Several signals may bear the same column, each for other services, and several may have the
    same expression: of a family that is one service's best and another's second best.

    Attributes
    ----------
    column : str
    kind : SignalKind
    expr : str
        PromQL; its result has a label ``service``, and ``namespace`` where two namespaces have a
        service of the same name.
    services : frozenset of str
        Whose column it is, as frames name them; the result may tell of more.
    cost : int
        Series that the server reads for one point of time.
    each : str
        PromQL that gives the same per instance, where that costs less: the sum, the highest and
        the spread are then worked out of one answer. "" where `expr` is asked for.
    part : Part
        What is told of the instances.
    """

    column: str
    kind: SignalKind
    expr: str
    services: frozenset[str]
    cost: int
    each: str
    part: Part
    recipe: Recipe = field(repr=False)

    def query(self, service: str) -> str:
        """Return the PromQL that gives the column of one service and nothing else."""
        return self.recipe(Scope(service))


def plan_signals(
    inventory: Inventory,
    *,
    kinds: Collection[SignalKind] | None = None,
    most: int | None = None,
    step_s: float = 0.0,
) -> tuple[Signal, ...]:
    """Plan the columns, the most telling first: what is left out at the end is missed least.

    The order: symptoms; processors, memory and targets; the highest instance of those; what has
    its own name; the spread of the first; the highest instance and the spread of the others. Within
    each, what many services have comes before what few have, and the cheap before the dear.

    Rates and quantiles look back over four scrapes, or over `step_s` if that is longer, so that
    no sample falls between two points of the frame.

    Parameters
    ----------
    inventory : Inventory
    kinds : collection of SignalKind, optional
        Only these; all when left out.
    most : int, optional
        At most so many; all when left out.
    step_s : float
        The distance of the frame's rows, in seconds.
    """
    window = duration(max(SCRAPES_IN_WINDOW * inventory.scrape_s, step_s))
    placed = placed_readings(readings_of(inventory.families, window))
    parts = ((_stage(each, part), *_order(each), part, each) for each in placed for part in Part)
    ordered = sorted(parts, key=itemgetter(0, 1, 2, 3))
    signals = (_signal(each, part) for *_, part, each in ordered if _services(each, part))
    return tuple(one for one in signals if kinds is None or one.kind in kinds)[:most]


def golden(inventory: Inventory) -> dict[str, tuple[SignalKind, ...]]:
    """Return service → the golden signals that nothing tells of it, in the order of `GOLDEN`."""
    missing = {service: dict.fromkeys(GOLDEN) for service in inventory.services}
    for signal in plan_signals(inventory, kinds=GOLDEN):
        for service in signal.services:
            missing[service].pop(signal.kind, None)
    return {service: tuple(kinds) for service, kinds in missing.items()}


def duration(seconds: float) -> str:
    """Write a duration as PromQL has it.

    Examples
    --------
    >>> duration(60), duration(1.5), duration(3600)
    ('1m', '1500ms', '1h')
    """
    for unit, length in (("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms"


def _stage(placed: Placed, part: Part) -> int:
    """Return when a column comes: see `plan_signals`."""
    if placed.column == placed.reading.canonical:
        symptom = kind_of(placed.column) in SYMPTOMS
        return (0 if symptom else 1, 2, 4)[part]
    return (3, 5, 6)[part]


def _order(placed: Placed) -> tuple[int, int, str]:
    return -len(placed.services), placed.reading.cost, placed.column


def _services(placed: Placed, part: Part) -> frozenset[str]:
    """Return the services that have the column; one instance has neither highest nor spread."""
    if part is Part.WHOLE:
        return placed.services
    if not placed.reading.spreads:
        return frozenset()
    owners = placed.reading.family.owners
    return frozenset(each for each in placed.services if owners[each].instances > 1)


def _signal(placed: Placed, part: Part) -> Signal:
    reading, suffix = placed.reading, ("", MAX, SPREAD)[part]
    recipe = reading.recipe
    if part is not Part.WHOLE:
        over = highest if part is Part.HIGHEST else spread
        recipe = partial(over, reading.family, recipe)
    column, each = placed.column + suffix, _each(reading, part)
    return Signal(
        column=column,
        kind=kind_of(column),
        expr=recipe(Scope()),
        services=_services(placed, part),
        cost=reading.cost * (2 if part is Part.SPREAD and not each else 1),
        each=each,
        part=part,
        recipe=recipe,
    )


def _each(reading: Reading, part: Part) -> str:
    """Return what gives a reading per instance, if the parts are worked out of that."""
    counts = [owner.instances for owner in reading.family.owners.values()]
    few = len(counts) < sum(counts) <= MOST_INSTANCES * len(counts)
    if not few or not reading.spreads or (part is Part.WHOLE and not reading.additive):
        return ""
    return reading.recipe(Scope(instances=True))
