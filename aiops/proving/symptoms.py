"""What users of a system notice: when an objective of its entry is missed.

It judges one system by its own past and knows nothing of what was done to it.
"""

from __future__ import annotations

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
