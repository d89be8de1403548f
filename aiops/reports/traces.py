"""One series as a line: fewer points with the same peaks, and a path whose gaps stay gaps.

A trace lives in a box of 1000 by 100 which the page stretches to any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.reports import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_POINTS = 400
BOX_WIDTH = 1000
BOX_HEIGHT = 100
_MARGIN = 8.0
"""Room above the highest and below the lowest value, in units of the box."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A drawn series.

    Attributes
    ----------
    path : str
        SVG path data in the box; empty where there is no value at all.
    highest, lowest : str
        The extremes in words; `lowest` is empty where the series is constant or empty.
    x, y : tuple of float
        The points in percent of the box; y is None at a gap.
    labels : tuple of str
        The values of the points in words.
    """

    path: str
    highest: str
    lowest: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    labels: tuple[str, ...]


def draw(x: NDArray[np.float64], values: NDArray[np.float64], unit: str) -> Trace:
    """Draw `values` (n,), NaN where missing, at places `x` (n,) in percent."""
    kept = downsample(values)
    shown, heights = values[kept], _heights(values)[kept]
    finite = values[np.isfinite(values)]
    top, bottom = (finite.max(), finite.min()) if finite.size else (np.nan, np.nan)
    return Trace(
        path=path(x[kept] * BOX_WIDTH / 100, heights),
        highest=words.number(float(top), unit) if finite.size else "no data",
        lowest=words.number(float(bottom), unit) if bottom < top else "",
        x=tuple(x[kept].round(2).tolist()),
        y=tuple(None if np.isnan(height) else round(float(height), 2) for height in heights),
        labels=tuple(words.number(float(value), unit) for value in shown),
    )


def downsample(values: NDArray[np.float64], limit: int = MAX_POINTS) -> NDArray[np.intp]:
    """Return the positions of at most `limit` (≥ 2) values that keep every peak visible.

    The values are cut into limit/2 runs of equal length; of each run the lowest and the highest
    value stay, in order of time, and of a run without any value one gap.

    Examples
    --------
    >>> downsample(np.array([0.0, 1.0, 9.0, 2.0, 3.0, -5.0, 4.0, 4.0]), limit=4).tolist()
    [0, 2, 5, 6]
    """
    if len(values) <= limit:
        return np.arange(len(values))
    runs = np.array_split(np.arange(len(values)), limit // 2)
    return np.concatenate([run[_extremes(values[run])] for run in runs])


def path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return SVG path data through the points, lifted at NaN; a lone point becomes a dot.

    >>> path(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5.0, 6.0, np.nan, 7.5]))
    'M0 5L1 6M3 7.5h0'
    """
    pieces: list[str] = []
    present = np.flatnonzero(~np.isnan(y))
    for run in np.split(present, np.flatnonzero(np.diff(present) > 1) + 1):
        points = [f"{x[at]:.6g} {y[at]:.4g}" for at in run]
        if points:
            pieces.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
    return "".join(pieces)


def _extremes(run: NDArray[np.float64]) -> list[int]:
    if np.isnan(run).all():
        return [0]
    return sorted({int(np.nanargmin(run)), int(np.nanargmax(run))})


def _heights(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each value from the top of the box; a constant runs in the middle."""
    present = values[~np.isnan(values)]
    if not present.size or present.max() == present.min():
        return np.where(np.isnan(values), np.nan, BOX_HEIGHT / 2)
    share = (values - present.min()) / (present.max() - present.min())
    heights: NDArray[np.float64] = BOX_HEIGHT - _MARGIN - share * (BOX_HEIGHT - 2 * _MARGIN)
    return heights
