"""How requests spread over a call graph: load flows down, latency and errors flow back up.

One step of time, without noise: given how many cores each service has and what comes in from
outside, what every service is asked, how long it takes and how much of it fails.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.queueing import CLOSED, Served, serve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.shop import Service

TIMEOUT_S = 1.0
"""How long a caller waits for one call."""

BASE_FAILING = 0.002
"""Share of requests that fail in any healthy service."""

FAIR_SHARE = 0.5
"""What a fair scheduler leaves of a core to the application beside a process that never sleeps."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one service has to work with: ready pods, and the cores and burnt cores of each."""

    ready: int
    cores: float
    burnt: float = 0.0

    @property
    def speed(self) -> float:
        """Speed of the application, 1 when nothing burns beside it."""
        return max(1 - self.burnt / self.cores, FAIR_SHARE)


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
    def lost(self) -> float:
        """Share of calls that their caller gives up: answered with an error, or too late.

        The tail of the latency is taken to be exponential through its 95th percentile.
        """
        late = 20 ** (-TIMEOUT_S / self.latency_p95) if self.latency_p95 else 0.0
        return 1 - (1 - self.failing) * (1 - late)


def spread(
    services: Sequence[Service],
    capacities: Mapping[str, Capacity],
    offered: float,
    lost: Mapping[str, float],
) -> dict[str, Flow]:
    """Return service → flow for requests that arrive at the first service.

    Parameters
    ----------
    services : sequence of Service
        Callers before callees.
    capacities : mapping of str to Capacity
        What each has to work with.
    offered : float
        Requests from outside, 1/s.
    lost : mapping of str to float
        Share of the calls to each service that were lost in the step before; callers retry once.
    """
    rates: defaultdict[str, float] = defaultdict(float, {services[0].name: offered})
    served: dict[str, Served] = {}
    for service in services:
        done = _serve(service, capacities[service.name], rates[service.name])
        served[service.name] = done
        for callee, calls in service.calls.items():
            rates[callee] += done.throughput * calls * (1 + lost[callee])
    flows: dict[str, Flow] = {}
    for service in reversed(services):
        name = service.name
        flows[name] = _answer(service, capacities[name], served[name], rates[name], flows)
    return flows


def _serve(service: Service, capacity: Capacity, rate: float) -> Served:
    if capacity.ready == 0:
        return CLOSED
    cores = capacity.ready * capacity.cores
    servers = math.ceil(cores)
    slowdown = servers / (cores * capacity.speed)
    return serve(rate, servers, service.service_time_s * slowdown)


def _answer(
    service: Service, capacity: Capacity, served: Served, rate: float, flows: Mapping[str, Flow]
) -> Flow:
    """Join what a service does itself with what its callees did for it."""
    if capacity.ready == 0:
        return Flow(service, capacity, served, rate=0.0, failing=1.0, latency_p95=0.0)
    works = (1 - BASE_FAILING) * (served.throughput / rate if rate else 1.0)
    latency = served.latency_p95
    for callee, calls in service.calls.items():
        answer = flows[callee]
        works *= 1 - min(calls, 1) * answer.lost**2  # a call fails when its retry is lost too
        latency += calls * (1 + answer.lost) * min(answer.latency_p95, TIMEOUT_S)
    return Flow(service, capacity, served, rate, 1 - works, latency)
