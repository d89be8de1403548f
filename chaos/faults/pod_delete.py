"""pod.delete: delete pods, as an eviction or a lost machine would; their controller brings others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.deeds import DeleteDeed
from chaos.faults.base import PodFault
from chaos.workloads import uid_of

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef


class PodDelete(PodFault):
    """Delete pods of a Deployment: one, unless `count` says otherwise.

    Parameters
    ----------
    grace_s : int or None
        Seconds that a pod is given to end by itself; its own setting when left out.
    """

    id = "pod.delete"
    family = "pod"
    metrics = ("replicas_ready",)
    tried = "real"
    rbac = ("delete pods",)
    reversible = False

    def __init__(
        self, *, strength: float = 1.0, count: int = 1, grace_s: int | None = None
    ) -> None:
        super().__init__(strength=strength, count=count)
        if grace_s is not None and grace_s < 0:
            raise InvalidExperiment(f"{self.id} has grace_s {grace_s}; give no negative time")
        self.grace_s = grace_s

    def pod_deed(
        self,
        ref: ObjectRef,
        pod: dict[str, Any],
        workload: dict[str, Any],  # noqa: ARG002
        hold_s: float,  # noqa: ARG002
    ) -> DeleteDeed:
        """Return the deletion of this very pod."""
        return DeleteDeed(ref, uid_of(pod), self.grace_s)
