"""scale.down: leave a Deployment fewer replicas than its load needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.base import PatchFault
from chaos.patch import lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

SHARE = 0.75
"""The share of the replicas that is taken away at full strength, rounded up to whole pods."""


class ScaleDown(PatchFault):
    """Take some pods of a Deployment away; at least one goes and at least one stays."""

    id = "scale.down"
    family = "scale"
    metrics = ("replicas_ready",)
    tried = "real"
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that lowers ``spec.replicas``."""
        replicas = lookup(before, "/spec/replicas")
        if not isinstance(replicas, int) or replicas < 2:
            raise InvalidExperiment(f"{self.id} finds {replicas!r} replicas; it needs at least two")
        left = max(1, replicas - math.ceil(SHARE * self.strength * replicas))
        return put(before, "/spec/replicas", left)
