"""From what truly flows to what monitoring would have measured: a day's load, counts and noise.

Every draw comes from a generator that the caller hands in; nothing here keeps a state.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np

    from chaos.queueing import Served
    from chaos.traffic import Flow

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

BASE_LOAD = 120.0
"""Requests from outside, 1/s, on average over a day."""

DAY_SWING = 0.3
"""Load is lowest at midnight and highest at noon, by this share of the average."""

DRIFT_KEPT, DRIFT_NOISE = 0.9, 0.01
"""What one step keeps of the drift of the load, and the standard deviation of what it adds."""

GAUGE_NOISE = 0.004
"""Relative standard deviation of a gauge that is read once."""

QUANTILE_NOISE = 1.45
"""Relative standard deviation of the 95th percentile of one exponential sample; / sqrt(n) for n.

The asymptotic sqrt(p (1 - p)) / (f(q) q) with p = 0.95, density f(q) = 0.05 and q = ln 20.
"""

SCRAPES = 10
"""How often a queue is looked at in one step."""


def daily_load(moment: datetime) -> float:
    """Return the requests per second that a usual day brings at `moment`.

    >>> from datetime import UTC, datetime
    >>> [daily_load(datetime(2026, 1, 5, hour, tzinfo=UTC)) for hour in (0, 12)]
    [84.0, 156.0]
    """
    hours = moment.hour + moment.minute / 60 + moment.second / 3600
    return BASE_LOAD * (1 - DAY_SWING * math.cos(2 * math.pi * hours / 24))


def drift(previous: float, rng: np.random.Generator) -> float:
    """Return the next value of a mean-reverting AR(1) process, the logarithm of a load factor."""
    return DRIFT_KEPT * previous + DRIFT_NOISE * float(rng.standard_normal())


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
        own = admitted * flow.service.service_time_s * float(rng.gamma(count)) / step_s
    capacity = flow.capacity
    used = min(own + capacity.burnt * capacity.ready, capacity.cores * capacity.ready)
    return used * (1 + GAUGE_NOISE * float(rng.standard_normal()))


def _queue(served: Served, rng: np.random.Generator) -> float:
    """Return the mean queue over the scrapes: empty, or geometric while all servers are busy."""
    busy = int(rng.binomial(SCRAPES, served.waits))
    waiting = int(rng.negative_binomial(busy, 1 - served.utilisation)) if busy else 0
    return waiting / SCRAPES
