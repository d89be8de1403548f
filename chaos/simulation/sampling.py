"""From what truly flows to what monitoring would have measured: counts, quantiles and noise.

Every draw of a sample comes from a generator that the caller hands in; `Streams` brings it to the
same point for the same step and service, however many draws went before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chaos.simulation.queueing import Served
    from chaos.simulation.traffic import Flow

METRICS = (
    "request_rate",
    "error_ratio",
    "latency_p95",
    "cpu",
    "memory",
    "replicas_ready",
    "queue_length",
)
"""What is measured of each service, in the order in which `sample` returns it."""

GAUGE_NOISE = 0.004
"""Relative standard deviation of a gauge that is read once."""

QUANTILE_NOISE = 1.45
"""Relative standard deviation of the 95th percentile of one exponential sample; / sqrt(n) for n.

The asymptotic sqrt(p (1 - p)) / (f(q) q) with p = 0.95, density f(q) = 0.05 and q = ln 20.
"""

SCRAPES = 10
"""How often a queue is looked at in one step."""


STEP_DRAWS = 2**32
"""How far apart the streams of two steps are; more than one step ever draws."""


class Streams:
    """A generator for each service and step; `seed`, step and service alone decide what it draws."""

    def __init__(self, seed: int, services: int) -> None:
        self._bits = [np.random.PCG64((seed, number)) for number in range(1, services + 1)]
        self._starts = [bits.state for bits in self._bits]
        self._generators = [np.random.Generator(bits) for bits in self._bits]

    def at(self, number: int, step: int) -> np.random.Generator:
        """Return the generator of service `number` at the beginning of `step`."""
        self._bits[number].state = self._starts[number]
        self._bits[number].advance(step * STEP_DRAWS)
        return self._generators[number]


def sample(flow: Flow, memory: float, step_s: float, rng: np.random.Generator) -> list[float]:
    """Return the `METRICS` of one service over one step of `step_s` seconds.

    Requests and errors are counted, and CPU is the sum of their exponential service times, so all
    three scatter as counts do. Where no request came, there is no error ratio and no latency: NaN.

    Parameters
    ----------
    flow : Flow
        What truly flows.
    memory : float
        Memory of one pod, bytes.
    """
    ready = flow.capacity.ready
    used, quantile = rng.standard_normal(2).tolist()
    count = int(rng.poisson(flow.rate * step_s))
    errors = int(rng.binomial(count, flow.failing))
    scatter = QUANTILE_NOISE * quantile / math.sqrt(count) if count else math.nan
    return [
        count / step_s,
        errors / count if count else math.nan,
        flow.latency_p95 * math.exp(scatter),
        _cpu(flow, count, step_s, rng),
        memory * ready * (1 + GAUGE_NOISE * used),
        float(ready),
        _queue(flow.served, rng),
    ]


def _cpu(flow: Flow, count: int, step_s: float, rng: np.random.Generator) -> float:
    """Return the cores used by `count` requests and by what burns beside them, up to the limit."""
    if not count:
        own = 0.0
    else:
        admitted = flow.served.throughput / flow.rate
        each_s = flow.service.service_time_s * flow.capacity.work
        own = admitted * each_s * float(rng.gamma(count)) / step_s
    capacity = flow.capacity
    used = min(own + capacity.burnt * capacity.ready, capacity.cores * capacity.ready)
    return used * (1 + GAUGE_NOISE * float(rng.standard_normal()))


def _queue(served: Served, rng: np.random.Generator) -> float:
    """Return the mean queue over the scrapes: empty, or geometric while all servers are busy."""
    busy = int(rng.binomial(SCRAPES, served.waits))
    waiting = int(rng.negative_binomial(busy, 1 - served.utilisation)) if busy else 0
    return waiting / SCRAPES
