"""stress.cpu: burn CPU inside the pods of a Deployment, in competition with the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.cluster import cpu_limit
from chaos.faults.base import Fault
from chaos.patch import put
from chaos.strikes import STRESS_CPU

if TYPE_CHECKING:
    from chaos.patch import Patch

SHARE = 0.8
"""The share of a pod's CPU limit that is burnt at full strength."""


class StressCpu(Fault):
    """Start a CPU-burning process in each pod; it dies with the pod it runs in.

    The patch asks for it by an annotation, which only the simulator obeys.
    """

    id = "stress.cpu"
    family = "stress"
    target_kind = "Deployment"
    metrics = ("cpu",)
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that burns `SHARE` of the CPU limit of each pod."""
        return put(before, STRESS_CPU, f"{SHARE * self.strength * cpu_limit(before):g}")
