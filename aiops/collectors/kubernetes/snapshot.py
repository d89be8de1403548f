"""How a cluster is at one moment: pods, replicas, restarts, and what cAdvisor measures of each pod.

A cluster tells the present only; `aiops.collectors.kubernetes.recorder` makes a metrics frame of
successive snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from aiops.clients.prometheus.series import NAME, RawSeries, milliseconds
from aiops.collectors.kubernetes.owners import Owners
from aiops.collectors.kubernetes.pods import statuses
from aiops.collectors.kubernetes.state import WORKLOADS, Ref, moment
from aiops.types import MetricId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aiops.collectors.kubernetes.state import Document, State

RUNNING, PENDING, FAILED = "pods_running", "pods_pending", "pods_failed"
READY, WANTED = "replicas_ready", "replicas_wanted"
RESTARTS = "restarts"
"""A counter of each pod; the sum over a service's pods falls when a pod goes."""

SERVICE, INSTANCE = "service", "instance"
_PHASES = {"Running": RUNNING, "Pending": PENDING, "Failed": FAILED}
_REPLICAS = {
    "Deployment": (("spec", "replicas"), ("status", "readyReplicas")),
    "StatefulSet": (("spec", "replicas"), ("status", "readyReplicas")),
    "DaemonSet": (("status", "desiredNumberScheduled"), ("status", "numberReady")),
}


@dataclass(frozen=True)
class PodState:
    """One pod as it was: its service, its images, and how often its containers were restarted."""

    service: str
    phase: str
    images: tuple[str, ...]
    restarts: int
    born: datetime | None


@dataclass(frozen=True, eq=False)  # series hold arrays
class Snapshot:
    """What there was at one moment.

    Attributes
    ----------
    time : datetime
        When it was taken, by our own clock.
    counts : mapping
        (service, metric) → pods by phase, and replicas ready and wanted. A service without a pod
        is in it with zeros.
    pods : mapping
        Pod → its state.
    series : tuple of RawSeries
        Of each pod ``restarts``, and what cAdvisor tells; one sample each, labels ``__name__``,
        ``service`` and ``instance``.
    unread : tuple of str
        Why a node told nothing, one line for each that did not.
    """

    time: datetime
    counts: Mapping[MetricId, float]
    pods: Mapping[Ref, PodState]
    series: tuple[RawSeries, ...]
    unread: tuple[str, ...] = field(default=())

    @property
    def row(self) -> dict[MetricId, float]:
        """All of it as one value per service and metric; counters as they stand, summed."""
        row = dict(self.counts)
        for series in self.series:
            key = MetricId(series.labels[SERVICE], series.labels[NAME])
            row[key] = row.get(key, 0.0) + float(series.samples[0])
        return row


def look(state: State, time: datetime, measured: tuple[RawSeries, ...] = ()) -> Snapshot:
    """Return the snapshot of what was read at `time`, and what cAdvisor measured of its pods."""
    owners = Owners(state.of(*state.documents))
    pods = {Ref.of(pod): _pod(pod, owners) for pod in state.of("Pod")}
    restarts = (
        _series(RESTARTS, ref, pod, milliseconds(time), pod.restarts) for ref, pod in pods.items()
    )
    seen = (
        _series(each.labels[NAME], ref, pods[ref], int(each.times[0]), float(each.samples[0]))
        for each in measured
        if (ref := Ref("Pod", each.labels["namespace"], each.labels["pod"])) in pods
    )
    return Snapshot(time, _counts(state, pods, owners), pods, (*restarts, *seen))


def instance(ref: Ref) -> str:
    """Return how the label `INSTANCE` names a pod."""
    return f"{ref.namespace}/{ref.name}"


def _counts(state: State, pods: Mapping[Ref, PodState], owners: Owners) -> dict[MetricId, float]:
    """Return pods by phase and replicas of each service; what is not there counts 0."""
    counts: dict[MetricId, float] = {}
    for document in state.of(*WORKLOADS):
        service = owners.service(Ref.of(document)) or document["metadata"]["name"]
        for metric, path in zip((WANTED, READY), _REPLICAS[document["kind"]], strict=True):
            counts[MetricId(service, metric)] = _number(document, path)
    services = {service for service, _ in counts} | {pod.service for pod in pods.values()}
    counts |= {MetricId(one, metric): 0.0 for one in services for metric in _PHASES.values()}
    for pod in pods.values():
        if pod.phase in _PHASES:
            counts[MetricId(pod.service, _PHASES[pod.phase])] += 1.0
    return counts


def _number(document: Document, path: tuple[str, str]) -> float:
    part, key = path
    return float((document.get(part) or {}).get(key) or 0)


def _pod(pod: Document, owners: Owners) -> PodState:
    status = pod.get("status") or {}
    return PodState(
        owners.service(Ref.of(pod)) or pod["metadata"]["name"],
        status.get("phase") or "",
        tuple(sorted({one.get("image") or "" for one in pod["spec"]["containers"]})),
        sum(int(one.get("restartCount") or 0) for one in statuses(pod)),
        moment(status.get("startTime") or pod["metadata"].get("creationTimestamp")),
    )


def _series(metric: str, ref: Ref, pod: PodState, time_ms: int, value: float) -> RawSeries:
    labels = {NAME: metric, SERVICE: pod.service, INSTANCE: instance(ref)}
    return RawSeries(labels, np.array([time_ms], np.int64), np.array([value], np.float64))
