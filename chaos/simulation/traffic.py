"""How requests spread over a call graph: load flows down, latency and errors flow back up.

One step of time, without noise: given how many cores each service has and what comes in from
outside, what every service is asked, how long it takes and how much of it fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from chaos.simulation.queueing import CLOSED, Served, serve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.simulation.service import Service

TIMEOUT_S = 1.0
"""How long a caller waits for one call."""

BASE_FAILING = 0.002
"""Share of requests that fail in any healthy service."""

FAIR_SHARE = 0.5
"""What a fair scheduler leaves of a core to the application beside a process that never sleeps."""

USUAL: Mapping[tuple[str, str], float] = MappingProxyType({})
"""No edge is used more or less than usual."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one service has to work with.

    Attributes
    ----------
    ready : int
        Pods that take requests.
    cores, burnt : float
        CPU limit of each, and what a process beside the application burns of it.
    work : float
        CPU time of a request, as a multiple of the usual.
    stolen : float
        Share of its speed that others on the same machines take.
    failing : float
        Share of the requests that it answers with an error whatever else happens.
    delay_s : float
        Time on the way to it, s.
    reachable : bool
        Whether requests find the way to its ready pods at all.
    """

    ready: int
    cores: float
    burnt: float = 0.0
    work: float = 1.0
    stolen: float = 0.0
    failing: float = 0.0
    delay_s: float = 0.0
    reachable: bool = True

    @property
    def closed(self) -> bool:
        """Whether no request gets an answer."""
        return self.ready == 0 or not self.reachable

    @property
    def speed(self) -> float:
        """Speed of the application, 1 when nothing disturbs it."""
        return max(1 - self.burnt / self.cores, FAIR_SHARE) * (1 - self.stolen)


@dataclass(frozen=True, slots=True)
class Flow:
    """What one service sees in one step.

    Attributes
    ----------
    rate : float
        Requests that reach it, 1/s.
    failing : float
        Share of them that it answers with an error.
    latency_p95 : float
        Its own and that of all it calls, s.
    """

    service: Service
    capacity: Capacity
    served: Served
    rate: float
    failing: float
    latency_p95: float

    @property
    def late(self) -> float:
        """Share of calls whose caller stops waiting before the answer comes.

        The tail of the latency is taken to be exponential through its 95th percentile.
        """
        return float(20 ** (-TIMEOUT_S / self.latency_p95)) if self.latency_p95 else 0.0

    @property
    def lost(self) -> float:
        """Share of calls that their caller gives up: answered with an error, or too late."""
        return 1 - (1 - self.failing) * (1 - self.late)


def spread(
    services: Sequence[Service],
    capacities: Mapping[str, Capacity],
    offered: Mapping[str, float],
    lost: Mapping[str, float],
    mix: Mapping[tuple[str, str], float] = USUAL,
) -> dict[str, Flow]:
    """Return service → flow for the requests that arrive from outside.

    Parameters
    ----------
    services : sequence of Service
        Callers before callees.
    capacities : mapping of str to Capacity
        What each has to work with.
    offered : mapping of str to float
        Requests from outside, 1/s.
    lost : mapping of str to float
        Share of the calls to each service that were lost in the step before; callers retry once.
    mix : mapping of (caller, callee) to float
        How many calls an edge carries at present, as a multiple of the usual; 1 where missing.
    """
    rates = {service.name: offered.get(service.name, 0.0) for service in services}
    served: dict[str, Served] = {}
    for service in services:
        name = service.name
        done = _serve(service, capacities[name], rates[name])
        served[name] = done
        calling = done.throughput * (1 - capacities[name].failing)
        for callee, calls in service.calls.items():
            rates[callee] += calling * calls * mix.get((name, callee), 1.0) * (1 + lost[callee])
    flows: dict[str, Flow] = {}
    for service in reversed(services):
        name = service.name
        flows[name] = _answer(service, capacities[name], served[name], rates[name], flows)
    return flows


def _serve(service: Service, capacity: Capacity, rate: float) -> Served:
    if capacity.closed:
        return CLOSED
    cores = capacity.ready * capacity.cores
    servers = math.ceil(cores)
    run_s = service.service_time_s * capacity.work / capacity.speed
    return serve(rate, servers, run_s * servers / cores, run_s)


def _answer(
    service: Service, capacity: Capacity, served: Served, rate: float, flows: Mapping[str, Flow]
) -> Flow:
    """Join what a service does itself with what its callees did for it."""
    if capacity.closed:
        return Flow(service, capacity, served, rate=0.0, failing=1.0, latency_p95=0.0)
    works = (1 - BASE_FAILING) * (served.throughput / rate if rate else 1.0)
    works *= 1 - capacity.failing
    latency = served.latency_p95 + capacity.delay_s
    for callee, calls in service.calls.items():
        answer = flows[callee]
        lost = answer.lost
        works *= 1 - min(calls, 1) * lost**2  # a call fails when its retry is lost too
        latency += calls * (1 + lost) * min(answer.latency_p95, TIMEOUT_S)
    return Flow(service, capacity, served, rate, 1 - works, latency)
