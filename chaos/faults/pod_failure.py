"""pod.failure: keep pods from running, while they keep their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.deeds import patch_deed
from chaos.faults.base import PodFault
from chaos.faults.image_bad import SUFFIX
from chaos.patch import lookup, put

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef
    from chaos.deeds import PatchDeed

IMAGE = "/spec/containers/0/image"


class PodFailure(PodFault):
    """Give pods an image that no registry has: their first container ends and cannot restart.

    The image is the one field of a running container that may be changed in place. A pod that is
    replaced meanwhile takes the fault with it.
    """

    id = "pod.failure"
    family = "pod"
    metrics = ("replicas_ready",)
    tried = "real"
    rbac = ("patch pods",)

    def pod_deed(
        self,
        ref: ObjectRef,
        pod: dict[str, Any],
        workload: dict[str, Any],  # noqa: ARG002
        hold_s: float,  # noqa: ARG002
    ) -> PatchDeed:
        """Return the patch that misspells the tag of the pod's first image."""
        image = lookup(pod, IMAGE)
        if not isinstance(image, str):
            raise InvalidExperiment(f"{self.id} finds no image in the first container of {ref}")
        return patch_deed(self.id, ref, pod, put(pod, IMAGE, image.removesuffix(SUFFIX) + SUFFIX))
