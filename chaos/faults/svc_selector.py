"""svc.selector: let a Service select nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.base import PatchFault
from chaos.patch import lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

LABEL = "chaos.aiops/no-such-pod"


class SvcSelector(PatchFault):
    """Ask for a label that no pod has: the Service loses all its endpoints at once."""

    id = "svc.selector"
    family = "svc"
    target_kind = "Service"
    metrics = ("request_rate",)
    tried = "real"
    rbac = ("patch services",)
    min_kubernetes = "1.0"

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that adds a label to the selector."""
        if not isinstance(lookup(before, "/spec/selector"), dict):
            raise InvalidExperiment(f"{self.id} acts on a Service with a selector; this has none")
        return put(before, f"/spec/selector/{LABEL.replace('/', '~1')}", "true")
