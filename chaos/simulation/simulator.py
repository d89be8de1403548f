"""A simulated system in a simulated cluster: patch its objects and watch its metrics.

Services answer requests as M/M/c queues behind a call graph. Load follows the day, callers retry,
time-outs and errors travel upwards. The cluster behind it runs Deployments and autoscalers: it
brings ready replicas to what a Deployment asks for, and replaces the pods when their template
changes. It is no Kubernetes: there are no nodes, nothing is scheduled, and no DNS.

By default the system is the shop of `chaos.simulation.shop`, calm but for its load; `chaos.simulation.topology` draws
others, which are as restless as real ones.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiops.types import Event, InvalidExperiment
from chaos.cluster import NO_LABELS, SIMULATED
from chaos.simulation.ambience import Ambience
from chaos.simulation.control import ControlPlane
from chaos.simulation.logs import Moment, write_logs
from chaos.simulation.monitor import Monitor
from chaos.simulation.service import deployment
from chaos.simulation.shop import TOPOLOGY
from chaos.simulation.traffic import BASE_FAILING, spread
from chaos.workloads import cpu_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from chaos.cluster import ObjectRef, Process
    from chaos.patch import Patch
    from chaos.simulation.load import Burst
    from chaos.simulation.service import Service
    from chaos.simulation.system import Topology

START = datetime(2026, 1, 5, tzinfo=UTC)

ROLLOUT_STEPS = 2
"""Steps in which a rollout of pods that start at once replaces all of them, half in each."""


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
    topology : Topology
        The system: the shop, or one that `chaos.simulation.topology.draw_topology` drew.

    Attributes
    ----------
    system : Topology
        The system.
    topology : tuple of (caller, callee)
        Its call graph.

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

    def __init__(
        self,
        seed: int,
        step_s: float = 5.0,
        start: datetime = START,
        topology: Topology = TOPOLOGY,
    ) -> None:
        if seed < 0:
            raise InvalidExperiment(f"the seed is {seed}; give one that is not negative")
        if not (math.isfinite(step_s) and step_s > 0):
            raise InvalidExperiment(f"step_s is {step_s}; give a positive number of seconds")
        if start.utcoffset() != timedelta(0):
            raise InvalidExperiment(f"the start {start} is not in UTC; give it tzinfo=UTC")
        self.seed, self.step_s, self.start = seed, step_s, start
        self.system, self.topology = topology, topology.calls
        self._services = tuple(
            _scaled_for(topology, service, start) for service in topology.services
        )
        self._control = ControlPlane(self._services, step_s, self._record)
        self._monitor = Monitor(self._services, seed, step_s)
        self._ambience = Ambience(topology, step_s, seed)
        self._lost = dict.fromkeys(self._control.workloads, BASE_FAILING)
        self._bursts = dict.fromkeys(topology.bursts, False)
        self._load_factor = 1.0
        self._history: list[Moment] = []
        self._events: list[Event] = []

    @property
    def now(self) -> datetime:
        """The time of the next sample, UTC."""
        return self.start + len(self._monitor) * timedelta(seconds=self.step_s)

    @property
    def identity(self) -> str:
        """The identity of all simulators; see `chaos.Cluster`."""
        return SIMULATED

    @property
    def events(self) -> tuple[Event, ...]:
        """What a change log would show so far: rollouts, scaling, replaced pods, scheduled work."""
        return tuple(self._events)

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a copy of an object; see `chaos.Cluster`."""
        return self._control.get(ref)

    def list(
        self, kind: str, namespace: str, labels: Mapping[str, str] = NO_LABELS
    ) -> list[dict[str, Any]]:
        """Return copies of the objects of a kind, by name; see `chaos.Cluster`."""
        return self._control.list(kind, namespace, labels)

    def patch(self, ref: ObjectRef, ops: Patch, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply a JSON Patch atomically and return a copy of the result; see `chaos.Cluster`.

        Any change of ``spec.template``, such as the annotation by which ``kubectl rollout
        restart`` asks for one, starts a rollout: `ROLLOUT_STEPS` steps later all pods are new,
        unless they take time to start or never become ready.
        """
        return self._control.patch(ref, ops, dry_run=dry_run)

    def delete(
        self, ref: ObjectRef, *, uid: str, grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        """Delete a pod, at once whatever grace it has; see `chaos.Cluster`."""
        del grace_s
        if ref.kind != "Pod":
            raise InvalidExperiment(f"the simulator deletes pods only, not {ref}")
        if not dry_run:
            self._control.shelf.delete(ref, uid)
            self._record("pod_replaced", ref.name.rpartition("-")[0], "1 pod deleted")

    def launch(self, pod: ObjectRef, process: Process, token: str) -> None:
        """Start a process in a pod; see `chaos.Cluster`."""
        self._control.shelf.launch(pod, process, token)

    def running(self, pod: ObjectRef, token: str) -> bool:
        """Say whether a process runs in a pod; see `chaos.Cluster`."""
        return self._control.shelf.running(pod, token)

    def stop(self, pod: ObjectRef, token: str) -> None:
        """End a process in a pod; see `chaos.Cluster`."""
        self._control.shelf.stop(pod, token)

    def advance(self, steps: int) -> None:
        """Let `steps` samples pass; a new ``spec.replicas`` shows in the second one after it."""
        for _ in range(steps):
            self._step()

    def scale_load(self, factor: float) -> None:
        """Multiply the load from outside by `factor` from now on, as a campaign would."""
        self._load_factor *= factor
        self._record("load", None, f"load from outside x{factor:.2f}")

    def schedule(self, burst: Burst) -> None:
        """Add scheduled work; it begins and ends at its own times."""
        self._bursts[burst] = False

    def replace_pod(self, service: str) -> None:
        """Take one pod of `service` away, as a drained machine would; another is started."""
        self._control.replace_pod(service)

    def metrics(self) -> pd.DataFrame:
        """Return every sample so far as a metrics frame (see `aiops.types.check_metrics`).

        Units: ``request_rate`` 1/s, ``error_ratio`` 0 to 1, ``latency_p95`` s, ``cpu`` cores and
        ``memory`` bytes of all pods, ``replicas_ready`` pods, ``queue_length`` requests. A service
        that no request reached has no error ratio and no latency: NaN. A sample that monitoring
        missed is NaN in all metrics of its service.
        """
        return self._monitor.frame(self.start)

    def logs(self) -> pd.DataFrame:
        """Return what the services have written so far: UTC index; service, level, message."""
        return write_logs(self._history, seed=self.seed, start=self.start, step_s=self.step_s)

    def _record(self, kind: str, service: str | None, text: str) -> None:
        self._events.append(Event(self.now, kind, service, text))

    def _step(self) -> None:
        """Let requests flow for one step, measure, then let the controllers act."""
        air, workloads = self._ambience.step(), self._control.workloads
        capacities = {
            name: workloads[name].capacity(work=work, stolen=stolen)
            for name, work, stolen in zip(workloads, air.work, air.stolen, strict=True)
        }
        flows = spread(self._services, capacities, self._offered(air.load), self._lost, air.mix)
        self._lost = {name: flow.lost for name, flow in flows.items()}
        self._history.append(Moment(flows, self._control.take_notes()))
        memory = {name: workload.memory() for name, workload in workloads.items()}
        self._monitor.measure(flows, memory, air)
        for (name, workload), churned in zip(workloads.items(), air.churned, strict=True):
            if churned and len(workload.pods) > 1:
                self.replace_pod(name)
        self._control.run_round(self._monitor.cpu(), len(self._monitor) * self.step_s)

    def _offered(self, factor: float) -> dict[str, float]:
        """Return service → requests per second from outside and from scheduled work."""
        total = self.system.load.at(self.now) * factor * self._load_factor
        offered = {name: share * total for name, share in self.system.entries.items()}
        for burst, was_running in self._bursts.items():
            running = burst.running(self.now)
            if running:
                offered[burst.service] = offered.get(burst.service, 0.0) + burst.rate
            if running and not was_running:
                self._record("cron", burst.service, "scheduled job began")
            self._bursts[burst] = running
        return offered


def _scaled_for(topology: Topology, service: Service, moment: datetime) -> Service:
    """Return `service` with the replicas that its autoscaler has long given it at `moment`."""
    scaling = service.autoscaling
    if scaling is None:
        return service
    rate = topology.usual_rates(topology.load.at(moment))[service.name]
    per_pod = cpu_limit(deployment(service)) * scaling.target
    wanted = math.ceil(rate * service.service_time_s / per_pod)
    return replace(service, replicas=min(max(wanted, scaling.least), scaling.most))
