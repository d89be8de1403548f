"""memory.low: roll out a memory limit that the application soon exceeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.base import PatchFault
from chaos.patch import lookup, put
from chaos.workloads import bytes_text, memory_limit

if TYPE_CHECKING:
    from chaos.patch import Patch

LEFT = (0.5, 0.3)
"""The share of the limit that is left, at no strength and at full strength."""


class MemoryLow(PatchFault):
    """Lower the memory limit of the only container of a Deployment: its pods are killed and restart."""

    id = "memory.low"
    family = "memory"
    metrics = ("memory", "replicas_ready")
    tried = "real"
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that leaves `LEFT` of the memory limit, in bytes."""
        limit = memory_limit(before)
        single = len(lookup(before, "/spec/template/spec/containers")) == 1
        if not (single and math.isfinite(limit)):
            raise InvalidExperiment(
                f"{self.id} acts on pods with a single container that has a memory limit"
            )
        left = LEFT[0] + self.strength * (LEFT[1] - LEFT[0])
        path = "/spec/template/spec/containers/0/resources/limits/memory"
        return put(before, path, bytes_text(left * limit))
