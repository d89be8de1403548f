"""The HorizontalPodAutoscaler of one simulated Deployment, on CPU alone."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from aiops.types import InvalidExperiment
from chaos.patch import lookup

PERIOD_S = 15.0
"""How often it looks."""

TOLERANCE = 0.1
"""It leaves the replicas alone while the utilisation is this near to its target."""

CALM_S = 300.0
"""It follows the highest of what it would have chosen in this time, so that it never flaps."""


class Recommender:
    """What one autoscaler remembers between two looks.

    Notes
    -----
    The rule is that of Kubernetes: desired = ceil(current * utilisation / target), none within
    the tolerance, at most doubling (or four more pods) at one look, and downwards only to the
    highest recommendation of the last `CALM_S`.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def desired(
        self, document: dict[str, Any], current: int, utilisation: float, now_s: float
    ) -> int:
        """Return the replicas that the autoscaler `document` wants.

        Parameters
        ----------
        current : int
            Replicas at present; at 0 it does nothing.
        utilisation : float
            CPU used over its limit, 1 when all is used.
        now_s : float
            Seconds on a clock that never goes back.
        """
        least, most, target = check_autoscaler(document)
        if current == 0 or not math.isfinite(utilisation):
            return current
        ratio = utilisation / target
        wanted = current if abs(ratio - 1) <= TOLERANCE else math.ceil(current * ratio)
        wanted = min(wanted, max(2 * current, current + 4))
        self._seen.append((now_s, wanted))
        while self._seen[0][0] <= now_s - CALM_S:
            self._seen.popleft()
        highest = max(choice for _, choice in self._seen)
        return min(max(wanted, min(current, highest), least), most)


def check_autoscaler(document: dict[str, Any]) -> tuple[int, int, float]:
    """Return the fewest and the most replicas and the target utilisation of an autoscaler.

    Raises
    ------
    InvalidExperiment
        If one of them is missing or out of range.
    """
    least = lookup(document, "/spec/minReplicas")
    most = lookup(document, "/spec/maxReplicas")
    percent = lookup(document, "/spec/metrics/0/resource/target/averageUtilization")
    numbers = (least, most, percent)
    if any(isinstance(number, bool) or not isinstance(number, int) for number in numbers):
        raise InvalidExperiment(
            "an autoscaler needs whole numbers as minReplicas, maxReplicas and averageUtilization; "
            f"it has {least!r}, {most!r} and {percent!r}"
        )
    if not (1 <= least <= most and percent >= 1):
        raise InvalidExperiment(
            f"an autoscaler cannot have {least} to {most} replicas at {percent} % of CPU; "
            "give 1 ≤ minReplicas ≤ maxReplicas and averageUtilization ≥ 1"
        )
    return least, most, percent / 100
