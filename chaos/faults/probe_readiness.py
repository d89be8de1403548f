"""probe.readiness: roll out a readiness probe that never succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.rollout import CONTAINER, RolloutFault
from chaos.patch import MISSING, lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

NOWHERE = "/chaos-no-such-path"


class ProbeReadiness(RolloutFault):
    """Point the readiness probe of the first container at a path that answers 404."""

    id = "probe.readiness"
    family = "probe"
    metrics = ("replicas_ready",)
    tried = "real"
    stalls = True

    def template_changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that changes the path of the probe."""
        path = f"{CONTAINER}/readinessProbe/httpGet/path"
        if lookup(before, path) is MISSING:
            raise InvalidExperiment(f"{self.id} finds no HTTP readiness probe to break")
        return put(before, path, NOWHERE)
