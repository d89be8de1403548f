"""stress.cpu: burn CPU inside the pods of a Deployment, in competition with the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.cluster import Process
from chaos.deeds import StartDeed
from chaos.faults.base import PodFault
from chaos.workloads import cpu_limit, uid_of

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef

SHARE = 0.8
"""The share of a pod's CPU limit that is burnt at full strength."""

MARGIN_S = 10.0
"""A process outlives the hold by so much if nobody stops it, s."""


class StressCpu(PodFault):
    """Start CPU-burning processes in pods; they end by themselves, and die with the pod."""

    id = "stress.cpu"
    family = "stress"
    metrics = ("cpu",)
    tried = "real"
    rbac = ("patch pods", "create pods/exec", "get pods/exec")  # a websocket opens by GET
    graded = True

    def pod_deed(
        self, ref: ObjectRef, pod: dict[str, Any], workload: dict[str, Any], hold_s: float
    ) -> StartDeed:
        """Return the process that burns `SHARE` of the CPU limit of a pod."""
        cores = SHARE * self.strength * cpu_limit(workload)
        return StartDeed(ref, uid_of(pod), Process("cpu", cores, hold_s + MARGIN_S))
