"""What users of a system notice: when an objective of its entry is missed, and whether it moved.

It judges one system by its own past and knows nothing of what was done to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.types import MetricId

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd

INDICATORS = ("error_ratio", "latency_p95")
"""The service level indicators of an entry service."""

MOST_ERRORS = 0.02
"""Objective: this share of requests may fail."""

MOST_SLOWDOWN = 1.5
"""Objective: the latency may be so many times its median before."""

USUAL_QUANTILE = 0.99
"""No objective is tighter than this quantile of the past."""

SUSTAINED = 2
"""An objective is missed when so many samples in a row miss it."""

MOVED_SD, MOVED_SHARE = 3.0, 0.05
"""An indicator has moved when its mean rose by so many deviations and by this share."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How far each indicator of the entries moved, in deviations of its own past.

    `moved` says whether one of them moved beyond chance.
    """

    error_ratio: float
    latency_p95: float
    moved: bool


def first_symptom(
    metrics: pd.DataFrame, entries: Iterable[str], since: datetime
) -> MetricId | None:
    """Return the indicator that missed its objective first from `since` on; None if none did."""
    missed: list[tuple[int, MetricId]] = []
    past, after = metrics[metrics.index < since], metrics[metrics.index >= since]
    for entry in entries:
        loosest = (MOST_ERRORS, MOST_SLOWDOWN * float(past[entry, "latency_p95"].median()))
        for indicator, objective in zip(INDICATORS, loosest, strict=True):
            limit = max(objective, float(past[entry, indicator].quantile(USUAL_QUANTILE)))
            bad = (after[entry, indicator] > limit).astype(float).rolling(SUSTAINED).sum()
            rows = np.flatnonzero(bad.to_numpy() == SUSTAINED)
            if len(rows):
                missed.append((int(rows[0]), MetricId(entry, indicator)))
    return min(missed)[1] if missed else None


def effect(metrics: pd.DataFrame, entries: Iterable[str], since: datetime) -> Effect:
    """Return how far the indicators of the entries moved from `since` on.

    The deviation is that of means over windows as long as what is judged, but at most a quarter
    of the past, so that slow wandering of the past counts as usual.
    """
    found = dict.fromkeys(INDICATORS, 0.0)
    moved = False
    after = metrics.index >= since
    for entry in entries:
        for indicator in INDICATORS:
            series = metrics[entry, indicator]
            rise, share = _rise(series[~after], series[after])
            found[indicator] = max(found[indicator], rise)
            moved |= rise > MOVED_SD and share > MOVED_SHARE
    return Effect(found["error_ratio"], found["latency_p95"], moved)


def _rise(past: pd.Series[float], after: pd.Series[float]) -> tuple[float, float]:
    """Return the rise of the mean in deviations, and as a share of the past mean."""
    if not after.notna().any():
        return 0.0, 0.0
    length = max(2, min(len(after), len(past) // 4))
    usual = past.rolling(length, min_periods=1).mean()[length - 1 :]
    rise = float(after.mean() - past.mean())
    deviation = max(float(usual.std()), 1e-6)
    return rise / deviation, rise / max(float(past.mean()), 1e-6)
