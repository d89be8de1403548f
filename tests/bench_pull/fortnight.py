"""Two weeks of a made-up installation: daily and weekly load, restless services, planted faults.

Frames and counters come from the same arrays. Rules of the usual kind (a threshold, held for a
while) raise alerts over them. Everything comes from one seed; no detector of ours is looked at.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from aiops.clients.prometheus import Alert

START = datetime(2026, 11, 2, tzinfo=UTC)
STEP_S = 60
PER_DAY = 86_400 // STEP_S
METRICS = ("request_rate", "error_ratio", "latency_p95", "cpu", "memory")


@dataclass(frozen=True)
class Fault:
    service: int
    kind: str
    first: int
    last: int


@dataclass(frozen=True)
class Fortnight:
    rate: np.ndarray
    errors: np.ndarray
    latency: np.ndarray
    cpu: np.ndarray
    memory: np.ndarray
    faults: tuple
    callers: dict

    @property
    def names(self):
        return [f"svc-{number:03d}" for number in range(self.rate.shape[1])]

    @property
    def topology(self):
        return tuple(
            (self.names[caller], self.names[callee])
            for callee, callers in self.callers.items()
            for caller in callers
        )

    def frame(self):
        parts = (self.rate, self.errors, self.latency, self.cpu, self.memory)
        columns = pd.MultiIndex.from_product([METRICS, self.names]).swaplevel()
        index = pd.date_range(START, periods=len(self.rate), freq=f"{STEP_S}s", unit="us")
        frame = pd.DataFrame(np.hstack(parts), index=index.rename("time"), columns=columns)
        return frame.rename_axis(columns=["service", "metric"])

    def alerts(self):
        """Rules that a person would write: errors above 5 % and latency above a line, held."""
        line = 2 * np.quantile(self.latency, 0.99, axis=0)
        rules = (
            ("HighErrorRatio", held(self.errors > 0.05, 5)),
            ("SlowRequests", held(self.latency > line, 10)),
        )
        found = [Alert("Watchdog", {}, START, None)]
        for name, firing in rules:
            for service in np.flatnonzero(firing.any(axis=0)):
                for first, last in spans(firing[:, service]):
                    labels = {"service": self.names[service]}
                    found.append(Alert(name, labels, at(first), at(last)))
        return tuple(sorted(found, key=lambda one: one.start))


def at(row):
    return START + timedelta(seconds=int(row) * STEP_S)


def held(condition, rows):
    """True where `condition` has been true for `rows` rows in a row."""
    count = np.zeros(condition.shape[1], dtype=int)
    result = np.zeros_like(condition)
    for place, now in enumerate(condition):
        count = np.where(now, count + 1, 0)
        result[place] = count >= rows
    return result


def spans(firing):
    steps = np.diff(firing.astype(np.int8), prepend=0, append=0)
    return zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1, strict=True)


def make(seed, services=300, days=14, faults=28):
    rng = np.random.default_rng(seed)
    rows = days * PER_DAY
    load = _load(rng, rows, services)
    typical = np.exp(rng.normal(3, 1.2, services))
    rate = typical * load * (1 + 0.04 * rng.normal(size=load.shape))
    base = np.exp(rng.normal(-2.5, 0.7, services))
    noise = np.exp(rng.normal(size=load.shape) * np.clip(0.6 / np.sqrt(rate), 0.02, 0.4))
    latency = base * (1 + 0.3 * np.maximum(load - 1, 0)) * noise
    expected = np.full(load.shape, 0.002) * np.exp(rng.normal(0, 0.5, services))
    _nightly_jobs(rng, latency, rate)
    _blips(rng, latency)
    callers = {
        callee: rng.choice(
            callee, size=min(callee, int(rng.integers(1, 3))), replace=False
        ).tolist()
        for callee in range(1, services)
    }
    planted = tuple(_plant(rng, rate, latency, expected, callers, row)
                    for row in sorted(rng.choice(np.arange(PER_DAY, rows - 90), faults, replace=False)))  # fmt: skip
    requests = np.maximum(rate * STEP_S, 1)
    errors = rng.poisson(np.minimum(expected, 1) * requests) / requests
    cpu = rate * np.exp(rng.normal(-5, 0.5, services)) * (1 + 0.05 * rng.normal(size=load.shape))
    memory = 3e8 * np.exp(0.002 * np.cumsum(rng.normal(size=load.shape), axis=0))
    return Fortnight(rate, np.minimum(errors, 1), latency, cpu, memory, planted, callers)


def _load(rng, rows, services):
    """Daily and weekly curves of each service's own depth, and slow noise that all share."""
    minutes = np.arange(rows)
    day = 0.5 - 0.5 * np.cos(2 * np.pi * (minutes / PER_DAY - 0.15))
    weekend = np.where((minutes // PER_DAY) % 7 >= 5, 0.6, 1.0)
    shared = np.cumsum(rng.normal(size=rows)) * 0.002
    shared -= np.convolve(shared, np.ones(720) / 720, mode="same")
    depth = rng.uniform(0.2, 0.8, services)
    curve = 1 - depth + 2 * depth * (day * weekend)[:, None]
    return np.maximum(curve * np.exp(shared)[:, None], 0.02)


def _nightly_jobs(rng, latency, rate):
    """One service in ten is slow, and one in twenty busy, for half an hour every night."""
    services = latency.shape[1]
    for service in rng.choice(services, services // 10, replace=False):
        begin = int(rng.integers(PER_DAY))
        for first in range(begin, len(latency), PER_DAY):
            late = first + int(rng.normal(0, 4))
            latency[max(late, 0) : late + 30, service] *= rng.uniform(2.5, 3.5)
            if service % 2:
                rate[max(late, 0) : late + 30, service] *= 2


def _blips(rng, latency):
    """Everybody is slow for a minute now and then; one service in thirty several times a day."""
    rows, services = latency.shape
    often = np.where(rng.uniform(size=services) < 1 / 30, 5.0, 0.15)
    for service in range(services):
        for first in rng.integers(rows, size=rng.poisson(often[service] * rows / PER_DAY)):
            long = int(rng.integers(1, 4))
            latency[first : first + long, service] *= rng.uniform(1.5, 4)


def _plant(rng, rate, latency, expected, callers, first):
    """Break one service; those that call it feel some of it, and theirs less."""
    service = int(rng.integers(rate.shape[1]))
    kind = str(rng.choice(["errors", "slow", "drop"]))
    last = first + int(rng.integers(12, 60))
    hit = slice(first, last + 1)
    share = float(rng.uniform(0.08, 0.6))
    factor = float(rng.uniform(3, 12))
    reached = [(service, 1.0)]
    reached += [(caller, 0.4) for caller in callers.get(service, ())]
    for place, part in reached:
        if kind == "errors":
            expected[hit, place] += share * part
        elif kind == "slow":
            latency[hit, place] *= 1 + (factor - 1) * part
        else:
            rate[hit, place] *= 1 - 0.9 * part
    return Fault(service, kind, int(first), last)


def firing(alerts, times):
    """Yield the ``ALERTS`` series of the alerts that fire at some of these times."""
    for one in alerts:
        inside = times[(times >= one.start) & (times <= (one.end or times[-1]))]
        if len(inside):
            labels = {"__name__": "ALERTS", "alertstate": "firing", "alertname": one.name}
            yield labels | one.labels, inside.as_unit("ms").asi8, np.ones(len(inside))
