"""A made-up installation of 300 services and 60,000 series, as exporters would tell of it.

Four pods a service; of each pod its requests by code, a latency histogram, its calls to other
services, its container and its runtime. One service breaks; its callers feel it.
"""

from dataclasses import dataclass

import numpy as np

SERVICES, PODS, STEP_S = 300, 4, 15
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, np.inf)
GAUGES = ("go_goroutines", "go_threads", "process_open_fds", "process_resident_memory_bytes",
          "db_pool_in_use", "db_pool_idle", "queue_depth", "cache_entries",
          "go_memstats_heap_inuse_bytes", "go_gc_pause_seconds", "worker_busy",
          "worker_idle", "open_connections", "scrape_duration_seconds",
          "scrape_samples_scraped", "scrape_series_added")  # fmt: skip
COUNTERS = ("process_cpu_seconds_total", "cache_hits_total", "cache_misses_total",
            "go_gc_cycles_total", "db_queries_total", "log_messages_total")  # fmt: skip
CONTAINER = ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
             "container_network_receive_bytes_total",
             "container_network_transmit_bytes_total", "container_fs_reads_total",
             "container_fs_writes_total")  # fmt: skip


@dataclass(frozen=True)
class Town:
    """What happens: values by row and service; row `onset` is the first ill one."""

    names: tuple
    calls: tuple
    culprit: int
    onset: int
    load: np.ndarray
    latency: np.ndarray
    errors: np.ndarray
    cpu: np.ndarray


def build(seed, rows, onset):
    """Draw a town of `rows` samples."""
    rng = np.random.default_rng(seed)
    names = tuple(f"svc-{number:03d}" for number in range(SERVICES))
    calls = tuple(
        (caller, callee)
        for caller in range(SERVICES - 1)
        for callee in sorted(set(rng.integers(caller + 1, SERVICES, 2).tolist()))
    )
    called = np.bincount([callee for _, callee in calls], minlength=SERVICES)
    culprit = int(np.argmax(np.where(np.arange(SERVICES) > SERVICES // 2, called, -1)))
    base = np.exp(rng.normal(2.5, 0.8, SERVICES))
    wave = 1 + 0.1 * np.sin(np.arange(rows)[:, None] / 60 + rng.uniform(0, 6, SERVICES))
    load = base * wave * rng.lognormal(0, 0.05, (rows, SERVICES))
    latency = rng.lognormal(-3.5, 0.5, SERVICES) * rng.lognormal(0, 0.08, (rows, SERVICES))
    errors = np.clip(rng.normal(0.002, 0.001, (rows, SERVICES)), 0, 1)
    cpu = 0.01 * load * rng.lognormal(0, 0.05, (rows, SERVICES))
    ill = slice(onset, None)
    latency[ill, culprit] *= 12
    errors[ill, culprit] += 0.15
    cpu[ill, culprit] *= 3
    for caller, callee in calls:
        if callee == culprit:
            latency[ill, caller] += 0.3 * latency[ill, culprit]
            errors[ill, caller] += 0.05
    return Town(names, calls, culprit, onset, load, latency, errors, cpu)


def series(town, seed):
    """Yield (labels, phase in s, values by row) of every series."""
    rng = np.random.default_rng(seed)
    for number, name in enumerate(town.names):
        callees = [town.names[callee] for caller, callee in town.calls if caller == number]
        for pod in range(PODS):
            labels = {
                "service": name,
                "namespace": "town",
                "pod": f"{name}-6d5f7b8c9d-{'bcdfg'[pod]}2x7k",
                "instance": f"10.{number // 256}.{number % 256}.{pod}:8080",
                "job": "pods",
            }
            phase = float(rng.uniform(0, STEP_S))
            for own, values in _of_pod(town, number, callees, rng):
                yield {**labels, **own}, phase, values
            place = {key: labels[key] for key in ("namespace", "pod")}
            place |= {"job": "cadvisor", "container": "app", "instance": f"node-{number % 20}"}
            for own, values in _of_container(town, number, rng):
                yield {**place, **own}, phase, values


def _of_pod(town, number, callees, rng):
    rows = len(town.load)
    arrived = rng.poisson(town.load[:, number] / PODS * STEP_S)
    failed = rng.binomial(arrived, np.clip(town.errors[:, number], 0, 1))
    yield {"__name__": "up"}, np.ones(rows)
    for code, amount in (("200", arrived - failed), ("500", failed), ("404", arrived // 50)):
        for handler, share in (("/", 3), ("/api", 2)):
            own = {"__name__": "http_requests_total", "code": code, "handler": handler}
            yield own, np.cumsum(amount * share // 5).astype(float)
    share = 1 - np.exp(-np.outer(1 / town.latency[:, number], BOUNDS_S))
    buckets = np.cumsum(
        np.maximum.accumulate(rng.binomial(arrived[:, None], share), axis=1), axis=0
    )
    base = "http_request_duration_seconds"
    for bound, values in zip(BOUNDS_S, buckets.T, strict=True):
        le = "+Inf" if np.isinf(bound) else f"{bound:g}"
        yield {"__name__": f"{base}_bucket", "le": le}, values.astype(float)
    yield {"__name__": f"{base}_count"}, np.cumsum(arrived).astype(float)
    yield {"__name__": f"{base}_sum"}, np.cumsum(arrived * town.latency[:, number])
    for callee in callees:
        own = {"__name__": "client_requests_total", "callee": callee}
        yield own, np.cumsum(arrived).astype(float)
    for name in COUNTERS:
        rate = town.cpu if name.startswith("process_cpu") else town.load
        amount = rate[:, number] / PODS * STEP_S * rng.lognormal(0, 0.1, rows)
        yield {"__name__": name}, np.cumsum(amount)
    for name in GAUGES:
        yield {"__name__": name}, np.exp(rng.normal(4, 1)) * rng.lognormal(0, 0.1, rows)


def _of_container(town, number, rng):
    rows = len(town.load)
    for name in CONTAINER:
        if name.endswith("_bytes"):
            yield {"__name__": name}, 2e8 * rng.lognormal(0, 0.02, rows)
        else:
            rate = town.cpu if "cpu" in name else town.load
            amount = rate[:, number] / PODS * STEP_S * rng.lognormal(0, 0.1, rows)
            yield {"__name__": name}, np.cumsum(amount)
