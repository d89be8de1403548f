"""What is usual for a series, as a centre and a scale, and how far a sample lies from it.

Not a detector: pure functions over arrays of shape (rows, series). Nothing here depends on the
unit of a series or on where its zero lies, so scores do not either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.quantiles import nan_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAD_TO_STD = 1.4826
"""1 / Φ⁻¹(3/4): what turns the median absolute deviation of a normal law into its standard
deviation, so that the score of normal noise is an ordinary z."""

TAIL_TO_STD = 1.645
"""Φ⁻¹(0.95): how many standard deviations a normal law's 95 % quantile lies from its median."""

STD_SHARE = 0.3
"""Share of the standard deviation below which the scale never falls: it takes over when more
than half of the samples are equal and the median absolute deviation is zero."""


def center_and_scale(
    values: NDArray[np.float64], floor: float = 1e-3, *, tails: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median of each series and a scale that outliers and ties do not ruin.

    The scale is max(1.4826 · MAD, longer tail / 1.645, 0.3 · standard deviation, `floor` · range),
    each term taken over the samples that are present; the longer tail is the distance from the
    median to the 5 % or the 95 % quantile, whichever is further. For normal noise the first two
    agree; for a count that is mostly zero the MAD is blind, and the tail says how far the rest
    goes by itself. No term holds |median|, so adding a constant to a series leaves it alone.

    Parameters
    ----------
    values : array, (rows, series)
        NaN where a sample is missing.
    floor : float
        Smallest scale, as a share of the series' range.
    tails : bool
        Whether the tails count. Leave them out where `values` may hold the very thing that is
        looked for: a fault in a twentieth of the rows would widen its own yardstick.

    Returns
    -------
    center, scale : arrays, (series,)
        The scale of a constant series is exactly 0; both are NaN for an empty one.

    Examples
    --------
    >>> center, scale = center_and_scale(np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]]))
    >>> center.tolist(), scale.round(4).tolist()
    ([2.0, 5.0], [1.4826, 0.0])
    """
    # Row by row in memory: sums then run in one order, whatever layout the caller's array has.
    values = np.ascontiguousarray(values)
    center = nan_quantile(values, 0.5)
    reach = np.fmax.reduce(values) - np.fmin.reduce(values)
    # In shares of the range: no square can overflow, and a constant series is 0 to the last bit.
    shares = (values - center) / np.where(reach > 0, reach, 1.0)
    mad = nan_quantile(np.abs(shares), 0.5)
    spread = np.maximum(np.maximum(MAD_TO_STD * mad, STD_SHARE * _std(shares)), floor)
    if tails:
        tail = np.maximum(nan_quantile(shares, 0.95), -nan_quantile(shares, 0.05))
        spread = np.maximum(spread, tail / TAIL_TO_STD)
    return center, reach * spread


def distance(
    deviation: NDArray[np.float64], scale: NDArray[np.float64], cap: float
) -> NDArray[np.float64]:
    """Return |deviation| / scale, at most `cap`; 0 where nothing deviates, even at scale 0.

    Examples
    --------
    >>> distance(np.array([0.0, -3.0, 1.0]), np.array([0.0, 2.0, 0.0]), cap=1e3).tolist()
    [0.0, 1.5, 1000.0]
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.abs(deviation) / scale
    return np.where(deviation == 0, 0.0, np.minimum(ratio, cap))


def _std(values: NDArray[np.float64]) -> NDArray[np.float64]:
    present = ~np.isnan(values)
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, values, 0.0).sum(axis=0) / count
    squares = np.where(present, values - mean, 0.0) ** 2
    result: NDArray[np.float64] = np.sqrt(squares.sum(axis=0) / count)
    return result
