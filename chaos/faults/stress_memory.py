"""stress.memory: leak memory inside the pods of a Deployment until they are killed for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.cluster import Process
from chaos.deeds import StartDeed
from chaos.faults.base import PodFault
from chaos.faults.stress_cpu import MARGIN_S
from chaos.workloads import memory_limit, uid_of

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef

FILLED_S = 120.0
"""Time in which, at full strength, as much leaks as the memory limit allows, s."""


class StressMemory(PodFault):
    """Let pods leak; what grows over the memory limit is killed, in most pods the application."""

    id = "stress.memory"
    family = "stress"
    metrics = ("memory",)
    tried = "real"
    rbac = ("patch pods", "create pods/exec", "get pods/exec")  # a websocket opens by GET
    graded = True

    def pod_deed(
        self, ref: ObjectRef, pod: dict[str, Any], workload: dict[str, Any], hold_s: float
    ) -> StartDeed:
        """Return the process that leaks the memory limit of a pod in `FILLED_S` / strength."""
        limit = memory_limit(workload)
        if not math.isfinite(limit):
            raise InvalidExperiment(f"{self.id} needs a memory limit; give the containers one")
        rate = self.strength * limit / FILLED_S
        return StartDeed(ref, uid_of(pod), Process("memory", rate, hold_s + MARGIN_S))
