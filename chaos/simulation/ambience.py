"""What happens by itself in a simulated system: wandering load, neighbours, pauses, lost samples.

Every step draws the same number of values, so that two runs of the same seed go through the same
unrest whatever else is done to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.simulation.system import Topology

PAUSE = 0.7
"""By how much a pause raises the latency of the step it falls into, on average."""

CROWDED = (0.1, 0.45)
"""Share of its speed that a crowded machine loses, from and to."""

CROWDED_S = (30.0, 150.0)
"""How long a machine stays crowded, s, from and to."""

MOST_STOLEN = 0.6


@dataclass(frozen=True, slots=True)
class Air:
    """What one step is like; lists follow the order of the services.

    Attributes
    ----------
    load : float
        Factor of the load from outside.
    work : list of float
        CPU time of a request, as a multiple of the usual.
    stolen : list of float
        Share of the speed of a service that its machine loses to others.
    mix : mapping of (caller, callee) to float
        How many calls an edge carries, as a multiple of the usual.
    slowed : list of float
        Factor of the latency that is measured.
    missed, churned : list of bool
        Whether the sample is lost; whether a pod is replaced.
    """

    load: float
    work: list[float]
    stolen: list[float]
    mix: Mapping[tuple[str, str], float]
    slowed: list[float]
    missed: list[bool]
    churned: list[bool]


class Ambience:
    """The unrest of one system, a step at a time.

    Notes
    -----
    All that wanders is an Ornstein-Uhlenbeck process in the logarithm, sampled exactly:
    x' = x exp(-dt/tau) + sd sqrt(1 - exp(-2 dt/tau)) N(0, 1), begun in its steady state.
    """

    def __init__(self, topology: Topology, step_s: float, seed: int) -> None:
        self._rng = np.random.default_rng((seed, 0xA12))
        self._step_s = step_s
        self._edges = topology.calls
        self._unrest = unrest = topology.unrest
        self._count = len(topology.services)
        self._jitter = np.array([service.jitter for service in topology.services])
        wanders = [
            (topology.load.sd, topology.load.tau_s),
            *((service.work_sd, service.work_tau_s) for service in topology.services),
            *((unrest.mix_sd, unrest.mix_tau_s) for _ in self._edges),
            *((unrest.host_sd, 60.0) for _ in range(unrest.hosts)),
        ]
        sd, tau_s = np.array(wanders).T
        self._kept = np.exp(-step_s / tau_s)
        self._fresh = sd * np.sqrt(1 - self._kept**2)
        self._state = sd * self._rng.standard_normal(len(sd))
        self._host_of = self._rng.integers(max(unrest.hosts, 1), size=self._count)
        self._crowded = [(0.0, 0.0)] * max(unrest.hosts, 1)

    def step(self) -> Air:
        """Return what the next step is like."""
        rng, count, unrest = self._rng, self._count, self._unrest
        self._state = self._kept * self._state + self._fresh * rng.standard_normal(len(self._state))
        factors = np.exp(self._state).tolist()
        chances = rng.random((3, count))
        pauses = 1 + PAUSE * rng.standard_exponential(count)
        scattered = np.exp(self._jitter * rng.standard_normal(count))
        paused = chances[0] < self._chance(unrest.pauses_per_h)
        return Air(
            load=factors[0],
            work=factors[1 : count + 1],
            stolen=self._stolen(factors[count + 1 + len(self._edges) :]),
            mix=dict(zip(self._edges, factors[count + 1 :], strict=False)),
            slowed=np.where(paused, pauses * scattered, scattered).tolist(),
            missed=(chances[1] < unrest.missed).tolist(),
            churned=(chances[2] < self._chance(unrest.churn_per_h)).tolist(),
        )

    def _chance(self, per_h: float) -> float:
        """Return the probability that something so frequent happens in one step."""
        return 1 - math.exp(-per_h * self._step_s / 3600)

    def _stolen(self, hosts: list[float]) -> list[float]:
        """Let machines become crowded and calm again; return what each service loses."""
        draws = self._rng.random((len(self._crowded), 3)).tolist()
        lost = [abs(math.log(factor)) for factor in hosts] or [0.0]
        for host, (begins, length, share) in enumerate(draws):
            left_s, stolen = self._crowded[host]
            if left_s <= 0 and begins < self._chance(self._unrest.crowded_per_h):
                left_s = CROWDED_S[0] + length * (CROWDED_S[1] - CROWDED_S[0])
                stolen = CROWDED[0] + share * (CROWDED[1] - CROWDED[0])
            self._crowded[host] = (left_s - self._step_s, stolen)
            if left_s > 0:
                lost[host] += stolen * min(1.0, left_s / self._step_s)
        return [min(lost[host], MOST_STOLEN) for host in self._host_of]
