"""Draw what shall happen in a labelled case: which system, when, and what is done to what.

A scenario is drawn from the seed and its number alone, so that cases can be made in any order.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from chaos import FAULTS
from chaos.faults.rollout import RolloutFault
from chaos.simulation.changes import CHANGES
from chaos.simulation.topology import draw_topology

if TYPE_CHECKING:
    from chaos import Fault
    from chaos.simulation.system import Topology

HEALTHY, CHANGED = 0.18, 0.12
"""Share of the cases in which nothing is done, and in which only something harmless is done."""

FORCED = 0.6
"""Share of the faulty rollouts that take the old pods away first."""

DECOYS = 0.3
"""Share of the faults that something harmless precedes."""

WEAKEST = 0.25
"""The lowest strength of a fault."""

WINDOWS = {5.0: ((120, 300), (24, 60)), 15.0: ((100, 240), (20, 60)), 60.0: ((60, 150), (15, 40))}
"""Seconds between two samples → rows before and rows after the moment in question, from and to."""

FIRST_DAY, DAYS = datetime(2026, 1, 5, tzinfo=UTC), 28


class Kind(enum.StrEnum):
    """What a case is about."""

    FAULT = "fault"
    HEALTHY = "healthy"
    CHANGE = "change"


@dataclass(frozen=True)
class Scenario:
    """What shall happen in one case.

    Attributes
    ----------
    id : str
        Opaque: it says nothing of what is inside.
    before, after : int
        Rows before and from the moment in question on.
    fault : Fault or None
        What is injected; None unless the kind is FAULT.
    change : str or None
        A key of `chaos.simulation.changes.CHANGES`: what happens instead of a fault, or as a decoy before it.
    targets, change_targets : tuple of str
        The services in the order in which they come into question.
    decoy_row : int
        The row at which a decoy happens.
    """

    id: str
    seed: int
    kind: Kind
    topology: Topology
    start: datetime
    step_s: float
    before: int
    after: int
    fault: Fault | None
    change: str | None
    targets: tuple[str, ...]
    change_targets: tuple[str, ...]
    decoy_row: int


def kinds(n: int, seed: int) -> list[Kind]:
    """Return the kinds of `n` cases in a drawn order, in fixed shares.

    >>> drawn = kinds(100, seed=1)
    >>> [drawn.count(kind) for kind in Kind]
    [70, 18, 12]
    """
    healthy, changed = round(HEALTHY * n), round(CHANGED * n)
    ordered = [Kind.HEALTHY] * healthy + [Kind.CHANGE] * changed
    ordered += [Kind.FAULT] * (n - len(ordered))
    return [ordered[place] for place in np.random.default_rng((seed, 0x5EED)).permutation(n)]


def draw_scenario(seed: int, number: int, kind: Kind) -> Scenario:
    """Return scenario `number` of the set that `seed` stands for."""
    rng = np.random.default_rng((seed, 0xCA5E, number))
    own_seed = int(rng.integers(2**31))
    topology = draw_topology(own_seed)
    names = [service.name for service in topology.services]
    step_s = float(rng.choice(list(WINDOWS)))
    (before, after), start = (_rows(rng, step_s), _start(rng))
    fault = _fault(rng)
    change = str(rng.choice(list(CHANGES)))
    decoyed = rng.random() < DECOYS
    return Scenario(
        id=blake2b(f"{seed}/{number}".encode(), digest_size=6).hexdigest(),
        seed=own_seed,
        kind=kind,
        topology=topology,
        start=start,
        step_s=step_s,
        before=before,
        after=after,
        fault=fault if kind is Kind.FAULT else None,
        change=change if kind is Kind.CHANGE or (kind is Kind.FAULT and decoyed) else None,
        targets=tuple(str(name) for name in rng.permutation(names)),
        change_targets=tuple(str(name) for name in rng.permutation(names)),
        decoy_row=int(rng.integers(before // 2, before)),
    )


def _rows(rng: np.random.Generator, step_s: float) -> tuple[int, int]:
    before, after = WINDOWS[step_s]
    return int(rng.integers(*before)), int(rng.integers(*after))


def _start(rng: np.random.Generator) -> datetime:
    return FIRST_DAY + timedelta(seconds=int(rng.integers(DAYS * 86400)))


def _fault(rng: np.random.Generator) -> Fault:
    """Draw a fault and how hard it strikes."""
    kind = type(FAULTS[str(rng.choice(sorted(FAULTS)))])
    strength = round(float(rng.uniform(WEAKEST, 1)), 3) if kind.graded else 1.0
    if issubclass(kind, RolloutFault):
        return kind(strength=strength, force=bool(rng.random() < FORCED))
    return kind(strength=strength)
