"""What a guide can do to the simulated shop: read a workload, read its metrics, restart it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiops.guides import Toolbox, ToolFailed
from aiops.types import InvalidInput
from chaos import ObjectRef
from chaos.shop import NAMESPACE
from chaos.simulator import ROLLOUT_STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaos.simulator import Simulator

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def workload(service: str) -> ObjectRef:
    """Return the address of the Deployment behind a service."""
    return ObjectRef("Deployment", NAMESPACE, service)


@dataclass(frozen=True)
class ReadWorkload:
    """Say how many replicas a service declares and how many are ready."""

    cluster: Simulator
    name: str = "workload.read"
    writes: bool = False

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return ``replicas`` and ``ready``."""
        found = _get(self.cluster, arguments["service"])
        return {
            "replicas": found["spec"]["replicas"],
            "ready": found["status"]["readyReplicas"],
        }


@dataclass(frozen=True)
class ReadMetrics:
    """Compare the latest metrics of a service with their medians before the incident."""

    cluster: Simulator
    before: datetime
    name: str = "metrics.read"
    writes: bool = False

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return each metric, its median before as ``<metric>_before``, and the largest rise."""
        frame = self.cluster.metrics()
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

    cluster: Simulator
    name: str = "workload.restart"
    writes: bool = True

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Replace all pods, let the rollout pass in simulated time, and count the ready ones."""
        service = arguments["service"]
        template = _get(self.cluster, service)["spec"]["template"]
        annotations = template.get("metadata", {}).get("annotations", {})
        stamp = {**annotations, RESTARTED_AT: self.cluster.now.isoformat()}
        self.cluster.patch(
            workload(service),
            ({"op": "add", "path": "/spec/template/metadata/annotations", "value": stamp},),
        )
        self.cluster.advance(ROLLOUT_STEPS + 1)
        ready = _get(self.cluster, service)["status"]["readyReplicas"]
        if ready < int(arguments["replicas"]):
            raise ToolFailed(f"{service} was restarted, but only {ready} replicas are ready")
        return {"ready": ready}


def toolbox(cluster: Simulator, *, before: datetime) -> Toolbox:
    """Return the tools that a guide has in the simulated shop; `before` is when it was calm."""
    return Toolbox([ReadWorkload(cluster), ReadMetrics(cluster, before), RestartWorkload(cluster)])


def _present(row: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items() if math.isfinite(value)}


def _get(cluster: Simulator, service: str) -> dict[str, Any]:
    try:
        return cluster.get(workload(service))
    except InvalidInput as error:
        raise ToolFailed(str(error)) from None
