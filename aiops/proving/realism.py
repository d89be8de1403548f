"""How much like a real system's metrics a frame is: a few figures, to be compared with real ones.

The figures are medians over the series of a calm window. They say how restless series are, not
whether faults travel as they do in reality.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

FEWEST_ROWS = 20
"""Series with fewer samples say nothing."""

FIGURES = ("variation", "persistence", "tail", "shift")


def figures(windows: Iterable[pd.DataFrame]) -> dict[str, float]:
    """Return the figures of calm windows of metrics: medians over all their series that vary.

    ``variation``
        Standard deviation over mean.
    ``persistence``
        Autocorrelation from one sample to the next.
    ``tail``
        Kurtosis of the differences between samples; 3 where they are normal.
    ``shift``
        Difference of the means of the two halves, over the standard deviation of the first.

    NaN where no series is long enough.
    """
    rows = [
        _of_series(window[name].dropna())
        for window in windows
        for name in window.columns
        if window[name].count() >= FEWEST_ROWS and window[name].nunique() > 2
    ]
    if not rows:
        return dict.fromkeys(FIGURES, math.nan)
    table = pd.DataFrame(rows, columns=list(FIGURES))
    return {name: float(table[name].median()) for name in FIGURES}


def difference(simulated: Iterable[pd.DataFrame], real: Iterable[pd.DataFrame]) -> dict[str, float]:
    """Return for each figure: simulated minus real."""
    ours, theirs = figures(simulated), figures(real)
    return {name: ours[name] - theirs[name] for name in FIGURES}


def _of_series(series: pd.Series[float]) -> tuple[float, float, float, float]:
    half = len(series) // 2
    first, second = series[:half], series[half:]
    deviation, before = float(series.std()), float(first.std())
    return (
        deviation / abs(float(series.mean())) if series.mean() else math.nan,
        float(series.autocorr(1)),
        _kurtosis(np.diff(series.to_numpy())),
        abs(float(second.mean() - first.mean())) / before if before else math.nan,
    )


def _kurtosis(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2)
