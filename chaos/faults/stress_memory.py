"""stress.memory: leak memory inside the pods of a Deployment until they are killed for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.cluster import memory_limit
from chaos.faults.base import Fault
from chaos.patch import put
from chaos.strikes import STRESS_MEMORY

if TYPE_CHECKING:
    from chaos.patch import Patch

FILLED_S = 120.0
"""Time in which, at full strength, as much leaks as the memory limit allows, s."""


class StressMemory(Fault):
    """Let each pod leak; one that is over its memory limit is killed and starts anew, without it.

    The patch asks for it by an annotation, which only the simulator obeys.
    """

    id = "stress.memory"
    family = "stress"
    target_kind = "Deployment"
    metrics = ("memory",)
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that leaks the memory limit of a pod in `FILLED_S` / strength."""
        limit = memory_limit(before)
        if not math.isfinite(limit):
            raise InvalidExperiment(f"{self.id} needs a memory limit; give the containers one")
        return put(before, STRESS_MEMORY, f"{self.strength * limit / FILLED_S:g}")
