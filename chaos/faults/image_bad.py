"""image.bad: roll out an image that no registry has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.rollout import CONTAINER, RolloutFault
from chaos.patch import lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

SUFFIX = "-no-such-tag"


class ImageBad(RolloutFault):
    """Misspell the image of the first container: new pods never become ready."""

    id = "image.bad"
    family = "image"
    metrics = ("replicas_ready",)
    tried = "real"
    stalls = True

    def template_changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that misspells the tag of the image."""
        image = lookup(before, f"{CONTAINER}/image")
        if not isinstance(image, str):
            raise InvalidExperiment(f"{self.id} finds no image in the first container")
        return put(before, f"{CONTAINER}/image", image.removesuffix(SUFFIX) + SUFFIX)
