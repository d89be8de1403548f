"""What a guide can do to a shop: read a workload, read its metrics, restart it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiops.guides import Toolbox, ToolFailed
from aiops.types import InvalidInput
from chaos import ObjectRef
from chaos.patch import put
from chaos.workloads import settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaos.backend import Backend

RESTARTED_AT = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"

ROLLOUT_S = 60.0
"""How long a rollout is waited for, s."""


def workload(namespace: str, service: str) -> ObjectRef:
    """Return the address of the Deployment behind a service."""
    return ObjectRef("Deployment", namespace, service)


@dataclass(frozen=True)
class ReadWorkload:
    """Say how many replicas a service declares and how many are ready."""

    backend: Backend
    name: str = "workload.read"
    writes: bool = False

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return ``replicas`` and ``ready``."""
        found = _get(self.backend, arguments["service"])
        return {
            "replicas": found["spec"]["replicas"],
            "ready": found["status"].get("readyReplicas", 0),
        }


@dataclass(frozen=True)
class ReadMetrics:
    """Compare the latest metrics of a service with their medians before the incident."""

    backend: Backend
    began: datetime
    before: datetime
    name: str = "metrics.read"
    writes: bool = False

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return each metric, its median before as ``<metric>_before``, and the largest rise."""
        frame = self.backend.metrics(self.began)
        service = arguments["service"]
        if service not in frame.columns.get_level_values("service"):
            raise ToolFailed(f"no metrics of a service named {service!r}")
        own = frame.xs(service, axis=1, level="service")
        latest = _present(own.iloc[-1])
        known = _present(own[own.index < self.before].median())
        rises = {name: latest[name] / known[name] for name in latest if known.get(name, 0) > 0}
        worst = max(rises, key=lambda name: rises[name], default="")
        before = {f"{name}_before": value for name, value in known.items()}
        return {**latest, **before, "rise": rises.get(worst, 0.0), "metric": worst}


@dataclass(frozen=True)
class RestartWorkload:
    """Replace the pods of a service, as ``kubectl rollout restart`` does."""

    backend: Backend
    name: str = "workload.restart"
    writes: bool = True

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Replace all pods, wait for the rollout, and count the ready ones."""
        service, wanted = arguments["service"], int(arguments["replicas"])
        cluster = self.backend.cluster
        found = _get(self.backend, service)
        stamp = put(found, RESTARTED_AT, cluster.now.isoformat())
        cluster.patch(workload(self.backend.system, service), stamp)
        until = cluster.now + timedelta(seconds=ROLLOUT_S)
        while cluster.now < until:
            self.backend.wait(self.backend.step_s)
            found = _get(self.backend, service)
            if settled(found):
                break
        ready = found["status"].get("readyReplicas", 0)
        if ready < wanted:
            raise ToolFailed(f"{service} was restarted, but only {ready} replicas are ready")
        return {"ready": ready}


def toolbox(backend: Backend, *, began: datetime, before: datetime) -> Toolbox:
    """Return the tools that a guide has in a shop.

    Parameters
    ----------
    began, before : datetime
        Since when it has been measured, and when it was last calm.
    """
    return Toolbox(
        [ReadWorkload(backend), ReadMetrics(backend, began, before), RestartWorkload(backend)]
    )


def _present(row: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items() if math.isfinite(value)}


def _get(backend: Backend, service: str) -> dict[str, Any]:
    try:
        return backend.cluster.get(workload(backend.system, service))
    except InvalidInput as error:
        raise ToolFailed(str(error)) from None
