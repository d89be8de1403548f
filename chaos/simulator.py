"""A simulated shop in a simulated cluster: patch its Deployments and watch its metrics.

Five services answer requests as M/M/c queues behind a call graph. Load follows the day, callers
retry, time-outs and errors travel upwards. The cluster behind it is one controller: it brings
ready replicas to what a Deployment asks for, and replaces the pods when their template changes.
It is no Kubernetes: there are no pods, nodes or services to read, only Deployments.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiops.types import EXPECTED_LEVELS, InvalidExperiment
from chaos.cluster import cpu_limit, no_such_object
from chaos.faults.stress_cpu import STRESS_CPU
from chaos.patch import MISSING, apply, lookup, same
from chaos.sampling import METRICS, daily_load, drift, sample
from chaos.shop import SHOP, deployment
from chaos.traffic import BASE_FAILING, Capacity, spread

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef
    from chaos.patch import Patch
    from chaos.shop import Service

START = datetime(2026, 1, 5, tzinfo=UTC)

ROLLOUT_STEPS = 2
"""Steps in which a rollout replaces all pods, the same share in each."""

MEMORY_WALK = 0.0004
"""Relative standard deviation of the random walk of memory, per step."""


@dataclass(slots=True)
class _Pods:
    """What the cluster has made of one Deployment so far."""

    ready: int
    memory: float
    rollout_left: int = 0
    lost: float = BASE_FAILING


class Simulator:
    """A `chaos.Cluster` whose time moves only by `advance`; the same seed gives the same metrics.

    Parameters
    ----------
    seed : int
        Seed of all noise, ≥ 0. The noise of a sample depends on the seed, the step and the
        service only, so a run with a fault and one without differ by nothing but the fault.
    step_s : float
        Seconds from one sample to the next.
    start : datetime
        UTC time of the first sample.

    Raises
    ------
    InvalidExperiment
        If the seed is negative, the step not positive, or the start not in UTC.

    Examples
    --------
    >>> shop = Simulator(seed=7)
    >>> shop.advance(60)
    >>> shop.metrics().shape, shop.now.isoformat()
    ((60, 35), '2026-01-05T00:05:00+00:00')
    """

    topology: tuple[tuple[str, str], ...] = tuple(
        (service.name, callee) for service in SHOP for callee in service.calls
    )
    """The call graph, as (caller, callee)."""

    def __init__(self, seed: int, step_s: float = 5.0, start: datetime = START) -> None:
        if seed < 0:
            raise InvalidExperiment(f"the seed is {seed}; give one that is not negative")
        if not (math.isfinite(step_s) and step_s > 0):
            raise InvalidExperiment(f"step_s is {step_s}; give a positive number of seconds")
        if start.utcoffset() != timedelta(0):
            raise InvalidExperiment(f"the start {start} is not in UTC; give it tzinfo=UTC")
        self.seed = seed
        self.step_s = step_s
        self.start = start
        self._objects = {service.ref: deployment(service) for service in SHOP}
        self._pods = {service.name: _Pods(service.replicas, service.memory) for service in SHOP}
        self._drift = 0.0
        self._rows: list[list[float]] = []

    @property
    def now(self) -> datetime:
        """The time of the next sample, UTC."""
        return self.start + len(self._rows) * timedelta(seconds=self.step_s)

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a copy of a Deployment; see `chaos.Cluster`."""
        if ref not in self._objects:
            raise no_such_object(ref, self._objects)
        return copy.deepcopy(self._objects[ref])

    def patch(self, ref: ObjectRef, ops: Patch) -> dict[str, Any]:
        """Apply a JSON Patch atomically and return a copy of the result; see `chaos.Cluster`.

        Any change of ``spec.template``, such as the annotation by which ``kubectl rollout
        restart`` asks for one, starts a rollout: `ROLLOUT_STEPS` steps later all pods are new.
        """
        before = self.get(ref)
        after = apply(before, ops)
        _check_deployment(ref, after)
        if not same(before["spec"]["template"], after["spec"]["template"]):
            self._pods[ref.name].rollout_left = ROLLOUT_STEPS
        self._objects[ref] = after
        return self.get(ref)

    def advance(self, steps: int) -> None:
        """Let `steps` samples pass; a new ``spec.replicas`` shows in the second one after it."""
        for _ in range(steps):
            self._step()

    def metrics(self) -> pd.DataFrame:
        """Return every sample so far as a metrics frame (see `aiops.types.check_metrics`).

        Units: ``request_rate`` 1/s, ``error_ratio`` 0 to 1, ``latency_p95`` s, ``cpu`` cores and
        ``memory`` bytes of all pods, ``replicas_ready`` pods, ``queue_length`` requests. A service
        that no request reached has no error ratio and no latency: NaN.
        """
        names = [(service.name, metric) for service in SHOP for metric in METRICS]
        rows = len(self._rows)
        return pd.DataFrame(
            np.array(self._rows, dtype=np.float64).reshape(rows, len(names)),
            index=pd.date_range(self.start, periods=rows, freq=pd.Timedelta(seconds=self.step_s)),
            columns=pd.MultiIndex.from_tuples(names, names=EXPECTED_LEVELS),
        )

    def _step(self) -> None:
        """Let requests flow for one step, measure, then let the controller act."""
        step = len(self._rows)
        self._drift = drift(self._drift, np.random.default_rng((self.seed, step)))
        flows = spread(
            SHOP,
            {service.name: self._capacity(service) for service in SHOP},
            daily_load(self.now) * math.exp(self._drift),
            {name: pods.lost for name, pods in self._pods.items()},
        )
        row: list[float] = []
        for number, service in enumerate(SHOP, start=1):
            rng = np.random.default_rng((self.seed, step, number))
            pods = self._pods[service.name]
            pods.memory *= math.exp(MEMORY_WALK * rng.standard_normal())
            pods.lost = flows[service.name].lost
            row += sample(flows[service.name], pods.memory, self.step_s, rng)
        self._rows.append(row)
        for service in SHOP:
            self._reconcile(service)

    def _capacity(self, service: Service) -> Capacity:
        document, pods = self._objects[service.ref], self._pods[service.name]
        old_pods = pods.rollout_left / ROLLOUT_STEPS if pods.rollout_left else 1.0
        return Capacity(pods.ready, cpu_limit(document), _burnt(document) * old_pods)

    def _reconcile(self, service: Service) -> None:
        """Do one round of the controller's work on one Deployment."""
        document, pods = self._objects[service.ref], self._pods[service.name]
        replaced = pods.rollout_left == 1
        pods.rollout_left = max(pods.rollout_left - 1, 0)
        pods.ready = document["spec"]["replicas"]
        document["status"] = {"replicas": pods.ready, "readyReplicas": pods.ready}
        if (replaced or pods.ready == 0) and lookup(document, STRESS_CPU) is not MISSING:
            # the burning process lived in pods that are gone
            self._objects[service.ref] = apply(document, [{"op": "remove", "path": STRESS_CPU}])


def _burnt(document: dict[str, Any]) -> float:
    """Return the cores that a stress process burns in each pod.

    Raises
    ------
    InvalidExperiment
        If the annotation is no number of cores.
    """
    text = lookup(document, STRESS_CPU)
    if text is MISSING:
        return 0.0
    try:
        cores = float(text)
    except (TypeError, ValueError):
        cores = math.nan
    if not (math.isfinite(cores) and cores >= 0):
        raise InvalidExperiment(f"{STRESS_CPU} is {text!r}; give the cores to burn, as text")
    return cores


def _check_deployment(ref: ObjectRef, document: Any) -> None:
    """Refuse what an API server would refuse."""
    replicas = lookup(document, "/spec/replicas")
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        raise InvalidExperiment(f"{ref}: spec.replicas is {replicas!r}; give a whole number ≥ 0")
    cpu_limit(document)
    _burnt(document)
