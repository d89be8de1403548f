"""net.delay: hold up every request on its way to the pods of a Deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.faults.base import Fault
from chaos.patch import put
from chaos.strikes import NET_DELAY

if TYPE_CHECKING:
    from chaos.patch import Patch

DELAY_S = 0.4
"""Delay at full strength, s."""


class NetDelay(Fault):
    """Delay the requests to each pod; the delay goes with the pod.

    The patch asks for it by an annotation, which only the simulator obeys.
    """

    id = "net.delay"
    family = "net"
    target_kind = "Deployment"
    metrics = ("latency_p95",)
    graded = True

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that delays by `DELAY_S` times the strength."""
        return put(before, NET_DELAY, f"{DELAY_S * self.strength:g}")
