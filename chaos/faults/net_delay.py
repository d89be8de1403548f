"""net.delay: hold up every request on its way to the pods of a Deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.cluster import Process
from chaos.deeds import StartDeed
from chaos.faults.base import PodFault
from chaos.faults.stress_cpu import MARGIN_S
from chaos.workloads import uid_of

if TYPE_CHECKING:
    from chaos.cluster import ObjectRef

DELAY_S = 0.4
"""Delay at full strength, s."""


class NetDelay(PodFault):
    """Delay the requests to each pod, in the simulator; on a real cluster it is refused."""

    id = "net.delay"
    family = "net"
    metrics = ("latency_p95",)
    rbac = ("patch pods", "create pods/exec", "get pods/exec")  # a websocket opens by GET
    graded = True
    simulated = True

    def pod_deed(
        self,
        ref: ObjectRef,
        pod: dict[str, Any],
        workload: dict[str, Any],  # noqa: ARG002
        hold_s: float,
    ) -> StartDeed:
        """Return the delay of `DELAY_S` times the strength."""
        process = Process("delay", DELAY_S * self.strength, hold_s + MARGIN_S)
        return StartDeed(ref, uid_of(pod), process)
