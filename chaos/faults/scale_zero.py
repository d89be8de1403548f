"""scale.zero: take every pod of a Deployment away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.faults.base import PatchFault
from chaos.patch import put

if TYPE_CHECKING:
    from chaos.patch import Patch


class ScaleZero(PatchFault):
    """Scale a Deployment to no replica at all, as a slip or a wrong autoscaler would."""

    id = "scale.zero"
    family = "scale"
    metrics = ("replicas_ready",)
    tried = "real"

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that sets ``spec.replicas`` to 0."""
        return put(before, "/spec/replicas", 0)
