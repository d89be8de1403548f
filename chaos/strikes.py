"""What is done inside the pods of a simulated Deployment, beside the application.

A strike is written on the Deployment as an annotation, which the simulator obeys. It acts in the
pods that live when it is written, and goes with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from aiops.types import InvalidExperiment
from chaos.patch import MISSING, lookup

STRESS_CPU: Final = "/metadata/annotations/chaos.aiops~1stress-cpu"
"""Pointer to the cores burnt in each pod, as text."""

STRESS_MEMORY: Final = "/metadata/annotations/chaos.aiops~1stress-memory"
"""Pointer to the bytes per second that leak in each pod, as text."""

NET_DELAY: Final = "/metadata/annotations/chaos.aiops~1net-delay"
"""Pointer to the seconds by which each request to a pod is held up, as text."""

POINTERS: Final = (STRESS_CPU, STRESS_MEMORY, NET_DELAY)


@dataclass(frozen=True, slots=True)
class Strikes:
    """What acts in each pod that is struck: cores burnt, bytes leaked per second, delay in s."""

    burnt: float = 0.0
    leak: float = 0.0
    delay_s: float = 0.0

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.burnt or self.leak or self.delay_s)


def read_strikes(document: dict[str, Any]) -> Strikes:
    """Return the strikes that a Deployment is annotated with.

    Raises
    ------
    InvalidExperiment
        If an annotation is no number ≥ 0.
    """
    return Strikes(
        burnt=_number(document, STRESS_CPU, "the cores to burn"),
        leak=_number(document, STRESS_MEMORY, "the bytes to leak each second"),
        delay_s=_number(document, NET_DELAY, "the seconds of delay"),
    )


def _number(document: dict[str, Any], pointer: str, meaning: str) -> float:
    text = lookup(document, pointer)
    if text is MISSING:
        return 0.0
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InvalidExperiment(f"{pointer} is {text!r}; give {meaning}, as text")
    return number
