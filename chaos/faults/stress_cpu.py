"""stress.cpu: burn CPU inside the pods of a Deployment, in competition with the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.cluster import cpu_limit
from chaos.faults.base import Fault
from chaos.patch import put

if TYPE_CHECKING:
    from chaos.patch import Patch

STRESS_CPU = "/metadata/annotations/chaos.aiops~1stress-cpu"
"""Pointer to the cores burnt in each pod, as text; the simulator runs the burning process."""

SHARE = 0.8
"""The share of a pod's CPU limit that is burnt."""


class StressCpu(Fault):
    """Start a CPU-burning process in each pod; it dies with the pod it runs in."""

    id = "stress.cpu"
    family = "stress"
    target_kind = "Deployment"
    metrics = ("cpu",)

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that burns `SHARE` of the CPU limit of each pod."""
        return put(before, STRESS_CPU, f"{SHARE * cpu_limit(before):g}")
