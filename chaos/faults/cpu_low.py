"""cpu.low: roll out a CPU limit that is too low for the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.base import PatchFault
from chaos.patch import lookup, put
from chaos.workloads import cores_text, cpu_limit

if TYPE_CHECKING:
    from chaos.patch import Patch

CUT = 0.8
"""The share of the limit that is cut away at full strength."""


class CpuLow(PatchFault):
    """Lower the CPU limit of the only container of a Deployment, which replaces its pods."""

    id = "cpu.low"
    family = "cpu"
    metrics = ("cpu", "latency_p95")
    tried = "real"
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that cuts the limit by `CUT` times the strength, to a thousandth."""
        if len(lookup(before, "/spec/template/spec/containers")) != 1:
            raise InvalidExperiment(f"{self.id} acts on pods with a single container")
        left = max(1, round(1000 * cpu_limit(before) * (1 - CUT * self.strength)))
        path = "/spec/template/spec/containers/0/resources/limits/cpu"
        return put(before, path, cores_text(left))
