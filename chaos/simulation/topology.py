"""Draw a whole simulated system from a seed.

It is shaped like published call graphs of microservices: a shallow layered graph without cycles, a
heavy-tailed fan-in on a few shared stores and caches, and most calls between neighbouring layers.
It is no copy of any real system.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.types import InvalidExperiment
from chaos.simulation.load import Burst, Load
from chaos.simulation.service import Autoscaling, Service, deployment
from chaos.simulation.system import Topology, Unrest
from chaos.simulation.traffic import Capacity, spread
from chaos.workloads import cpu_limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST, MOST = 5, 30
"""Services in a drawn system."""

NAMESPACE = "sim"

PACE_S = 0.35
"""How long an entry service may usually take at the 95th percentile, s."""

MOST_UTILISED = 0.7
"""Share of its CPU limits that a service uses at the peak of the day, at most."""

LEAST_CPU, MOST_CORES = 100, 4
"""Smallest CPU limit of a pod, in thousandths of a core, and the largest, in cores."""

AUTOSCALED = 0.45
"""Share of the services that an autoscaler may be given."""

_ENTRIES = ("gateway", "mobile-api")
_MIDDLE = (
    "accounts", "ads", "basket", "billing", "catalogue", "checkout", "comments", "coupons",
    "currency", "delivery", "feed", "geo", "identity", "inventory", "invoices", "loyalty", "mailer",
    "media", "notifier", "orders", "payments", "pricing", "profiles", "quotes", "rates", "ratings",
    "recommender", "search", "shipping", "tax",
)  # fmt: skip
_SHARED = (
    "accounts-db", "audit-log", "blob-store", "catalogue-db", "event-queue", "feature-flags",
    "object-cache", "orders-db", "page-cache", "search-index", "session-cache", "users-db",
)  # fmt: skip


def draw_topology(seed: int, services: int | None = None) -> Topology:
    """Return the system that `seed` draws, of `services` services (a drawn number when None).

    CPU limits are such that each service, at the average load, uses 30 to 60 % of them; small ones
    use less, because a limit is at least `LEAST_CPU` thousandths and a multiple of 50.

    Raises
    ------
    InvalidExperiment
        If the seed is negative, or `services` is not between `FEWEST` and `MOST`.

    Examples
    --------
    >>> small = draw_topology(3, services=6)
    >>> len(small.services), small == draw_topology(3, services=6)
    (6, True)
    """
    if seed < 0:
        raise InvalidExperiment(f"the seed is {seed}; give one that is not negative")
    if services is not None and not FEWEST <= services <= MOST:
        raise InvalidExperiment(f"{services} services; give {FEWEST} to {MOST}")
    rng = np.random.default_rng((seed, 0xD1A6))
    count = services or int(np.clip(round(rng.lognormal(math.log(11), 0.5)), FEWEST, MOST))
    layers = _layers(count, rng)
    calls = _calls(layers, rng)
    names = [name for layer in layers for name in layer]
    entries = dict(zip(layers[0], (1.0,) if len(layers[0]) == 1 else (0.7, 0.3), strict=True))
    drawn = tuple(_service(name, calls[name], name in layers[-1], rng) for name in names)
    load = Load(
        rate=float(np.exp(rng.uniform(math.log(40), math.log(250)))),
        swing=float(rng.uniform(0.1, 0.3)),
        peak_hour=float(rng.uniform(0, 24)),
        sd=float(rng.uniform(0.03, 0.08)),
        tau_s=float(np.exp(rng.uniform(math.log(20), math.log(600)))),
    )
    topology = Topology(drawn, entries, load, _unrest(count, rng))
    topology = _tuned(topology, rng)
    return replace(topology, bursts=_bursts(topology, rng))


def _layers(count: int, rng: np.random.Generator) -> list[list[str]]:
    """Return the names of the services, from the entries down to the shared leaves."""
    entries = 2 if count >= 12 and rng.random() < 0.4 else 1
    shared = int(np.clip(round(count * rng.uniform(0.25, 0.4)), 1, len(_SHARED)))
    middle = [str(name) for name in rng.permutation(_MIDDLE)[: count - entries - shared]]
    depth = int(np.clip(rng.integers(1, 4), 1, len(middle)))
    cuts = sorted(rng.choice(np.arange(1, len(middle)), depth - 1, replace=False).tolist())
    tiers = [middle[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    leaves = [str(name) for name in rng.permutation(_SHARED)[:shared]]
    return [list(_ENTRIES[:entries]), *tiers, leaves]


def _calls(
    layers: Sequence[Sequence[str]], rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """Return caller → callee → calls for one request; every service but the entries is called."""
    calls: dict[str, dict[str, float]] = {name: {} for layer in layers for name in layer}
    for depth, layer in enumerate(layers[1:], start=1):
        for name in layer:  # a caller for everybody, mostly from the layer above
            above = layers[depth - 1] if rng.random() < 0.8 else layers[int(rng.integers(depth))]
            calls[str(rng.choice(above))][name] = _calls_per_request(rng)
    popularity = {name: float(rng.pareto(1.5)) + 0.2 for layer in layers for name in layer}
    for depth, layer in enumerate(layers[:-1]):
        below = [name for lower in layers[depth + 1 :] for name in lower]
        weights = np.array([popularity[name] for name in below])
        for name in layer:
            extra = min(int(rng.poisson(1.1)), len(below))
            for callee in rng.choice(below, extra, replace=False, p=weights / weights.sum()):
                calls[name].setdefault(str(callee), _calls_per_request(rng))
    return calls


def _calls_per_request(rng: np.random.Generator) -> float:
    """Draw how often a caller calls: now and then, exactly once, or a few times."""
    kind = rng.random()
    if kind < 0.45:
        return round(float(rng.uniform(0.1, 0.9)), 2)
    return 1.0 if kind < 0.85 else round(float(rng.uniform(1.2, 2.5)), 2)


def _service(
    name: str, calls: Mapping[str, float], shared: bool, rng: np.random.Generator
) -> Service:
    """Draw one service; its CPU limit is still to be sized."""
    median_s = 0.003 if shared else 0.009
    return Service(
        name=name,
        replicas=int(np.clip(round(rng.lognormal(0.7 if not shared else 0.3, 0.5)), 1, 6)),
        cpu="1",
        service_time_s=float(median_s * rng.lognormal(0, 0.6)),
        memory=float(np.exp(rng.uniform(math.log(6e7), math.log(1.2e9)))),
        calls=dict(calls),
        namespace=NAMESPACE,
        startup_s=float(rng.uniform(3, 40)),
        cold=float(rng.uniform(0, 0.6)),
        needs_setting=float(rng.uniform(0.15, 1)),
        work_sd=float(rng.uniform(0.02, 0.10)),
        work_tau_s=float(np.exp(rng.uniform(math.log(3), math.log(300)))),
        jitter=float(rng.uniform(0.03, 0.4)),
        garbage=float(rng.uniform(0, 0.2)),
        garbage_period_s=float(np.exp(rng.uniform(math.log(20), math.log(900)))),
    )


def _unrest(count: int, rng: np.random.Generator) -> Unrest:
    return Unrest(
        mix_sd=float(rng.uniform(0.02, 0.12)),
        mix_tau_s=float(np.exp(rng.uniform(math.log(5), math.log(400)))),
        churn_per_h=float(rng.uniform(0, 0.15)),
        pauses_per_h=float(rng.uniform(0, 2)),
        missed=float(rng.choice([0.0, 0.001, 0.005])),
        hosts=max(2, count // 4),
        host_sd=float(rng.uniform(0.01, 0.05)),
        crowded_per_h=float(rng.uniform(0, 0.3)),
    )


def _tuned(topology: Topology, rng: np.random.Generator) -> Topology:
    """Return `topology` with CPU limits, quick enough for its entries to answer in time at noon.

    Where they would not, all service times shrink, and the limits with them.
    """
    highest = MOST_UTILISED / (1 + topology.load.swing)
    wanted = np.minimum(rng.uniform(0.3, 0.6, len(topology.services)), highest).tolist()
    topology = _sized(topology, wanted)
    for _ in range(4):
        slowest_s = _slowest_s(topology)
        if slowest_s <= PACE_S:
            break
        topology = _sized(topology, wanted, factor=PACE_S / slowest_s)
    chosen = (rng.random(len(wanted)) < AUTOSCALED).tolist()
    targets = rng.uniform(0.55, 0.75, len(wanted)).tolist()
    services = tuple(
        replace(service, autoscaling=_autoscaling(service, target)) if drawn else service
        for service, drawn, target in zip(topology.services, chosen, targets, strict=True)
    )
    return replace(topology, services=services)


def _sized(topology: Topology, wanted: Sequence[float], factor: float = 1.0) -> Topology:
    """Return `topology` with service times times `factor`, and limits for the `wanted` utilisation."""
    rates = topology.usual_rates(topology.load.rate)
    services = []
    for service, utilisation in zip(topology.services, wanted, strict=True):
        time_s = factor * service.service_time_s
        cores = rates[service.name] * time_s / utilisation
        replicas = max(service.replicas, math.ceil(cores / MOST_CORES))
        thousandths = max(LEAST_CPU, 50 * math.ceil(1000 * cores / replicas / 50))
        services.append(
            replace(service, service_time_s=time_s, replicas=replicas, cpu=f"{thousandths}m")
        )
    return replace(topology, services=tuple(services))


def _slowest_s(topology: Topology) -> float:
    """Return the 95th percentile of the slowest entry at the peak of the day, s."""
    peak = topology.load.rate * (1 + topology.load.swing)
    flows = spread(
        topology.services,
        {s.name: Capacity(s.replicas, cpu_limit(deployment(s))) for s in topology.services},
        {name: share * peak for name, share in topology.entries.items()},
        lost={service.name: 0.0 for service in topology.services},
    )
    return max(flows[name].latency_p95 for name in topology.entries)


def _autoscaling(service: Service, target: float) -> Autoscaling | None:
    """Return the bounds of an autoscaler; what runs in one pod, as stores do, gets none."""
    if service.replicas == 1:
        return None
    return Autoscaling(max(1, service.replicas // 2), 3 * service.replicas, target)


def _bursts(topology: Topology, rng: np.random.Generator) -> tuple[Burst, ...]:
    """Draw scheduled work for at most two services."""
    rates = topology.usual_rates(topology.load.rate)
    chosen = rng.choice(sorted(rates), int(rng.integers(0, 3)), replace=False)
    return tuple(
        Burst(
            service=str(name),
            rate=float(rng.uniform(0.05, 0.3)) * rates[str(name)],
            period_s=float(rng.choice([600.0, 900.0, 1800.0, 3600.0])),
            offset_s=float(rng.uniform(0, 600)),
            lasts_s=float(rng.uniform(20, 150)),
        )
        for name in chosen
    )
