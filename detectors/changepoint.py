"""The moment at which most of the metrics changed, looking back over a window.

Not a detector: it assumes that something happened once and asks when. It says nothing about
whether anything did, and nothing about causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.types import NotEnoughData, as_metrics
from detectors.base import check_count
from detectors.baseline import center_and_scale
from detectors.frames import as_frame

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    from numpy.typing import NDArray

LIMIT = 10.0
"""Largest standardised value: one wild sample cannot outvote three that agree."""

MAX_PHI = 0.99
"""Largest autocorrelation believed: at 1 a level would leave no trace in the innovations."""


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """The likeliest moments of a change, best first.

    Attributes
    ----------
    times : tuple of datetime
        Each is the time of the first row after the change.
    weights : tuple of float
        Likelihood of each moment relative to the others in `times`; they sum to 1.
    """

    times: tuple[datetime, ...]
    weights: tuple[float, ...]

    @property
    def best(self) -> datetime:
        """The likeliest moment."""
        return self.times[0]


def change_points(
    frame: pd.DataFrame | NDArray[Any], *, min_before: int = 10, min_after: int = 3, top: int = 5
) -> ChangePoints:
    """Find when the levels of the most affected series changed together.

    For every series and every split of the window, the gain is the log-likelihood ratio of "the
    level shifts here" over "it does not", the noise being a first-order autoregression. A
    split's verdict is the mean gain of the ⌈√series⌉ series that gain most there.

    Parameters
    ----------
    frame : DataFrame or array, (rows, series)
        A metrics frame, a plain numeric frame or a numeric array; NaN = missing.
    min_before, min_after : int
        Fewest rows on either side of a split.
    top : int
        How many moments to return; fewer if there are fewer splits.

    Returns
    -------
    ChangePoints

    Raises
    ------
    InvalidMetrics
        If `frame` breaks a rule of `aiops.types.check_metrics`.
    InvalidInput
        If `min_before`, `min_after` or `top` is less than 1.
    NotEnoughData
        If no split leaves `min_before` rows before it and `min_after` after it.

    Notes
    -----
    Values are standardised by `detectors.baseline.center_and_scale` without tails and cut at ±`LIMIT`, so
    the unit, the zero and the order of the series do not matter. With independent noise the
    gain is the cost reduction of one split under a normal cost, Page's question [1]_ in the form
    of [2]_. It departs from both in the noise: metrics wander, and a slow wave makes every split
    look significant. So each series' lag-one autocorrelation φ is measured around the means of
    its own best split, and the shift is regressed on the innovations z_t - φ·z_{t-1}, the
    intervention model of Box and Tiao [3]_; a sample after a gap starts the chain afresh.
    √series is the border between sparse and dense changes [4]_: a fault that strikes few series
    is not drowned, one that strikes many gains from each. The mean instead of the sum of gains
    treats those series as one witness, not as independent ones, which they are not when one
    fault moves them all.

    References
    ----------
    .. [1] E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954,
       doi:10.1093/biomet/41.1-2.100.
    .. [2] R. Killick, P. Fearnhead and I. Eckley, "Optimal Detection of Changepoints With a
       Linear Computational Cost", JASA 107, 2012, doi:10.1080/01621459.2012.737745.
    .. [3] G. Box and G. Tiao, "Intervention Analysis with Applications to Economic and
       Environmental Problems", JASA 70, 1975, doi:10.1080/01621459.1975.10480264.
    .. [4] F. Enikeeva and Z. Harchaoui, "High-dimensional change-point detection under sparse
       alternatives", Annals of Statistics 47, 2019, doi:10.1214/18-AOS1740.

    Examples
    --------
    >>> import pandas as pd
    >>> level = [1.0, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 9, 8, 9, 8]
    >>> change_points(pd.DataFrame({"latency": level})).best.second
    12
    """
    for name, value in (("min_before", min_before), ("min_after", min_after), ("top", top)):
        check_count(name, value, 1)
    metrics = as_metrics(as_frame(frame))
    splits = np.arange(min_before, len(metrics) - min_after + 1)
    if not len(splits):
        raise NotEnoughData(
            f"{len(metrics)} rows are too few to look for a change; "
            f"give at least {min_before + min_after}"
        )
    verdict = _strongest_mean(_gains(metrics.to_numpy(), splits))
    best = np.argsort(-verdict, kind="stable")[:top]
    weights = np.exp(verdict[best] - verdict[best[0]])
    return ChangePoints(
        times=tuple(time.to_pydatetime(warn=False) for time in metrics.index[splits[best]]),
        weights=tuple((weights / weights.sum()).tolist()),
    )


def _strongest_mean(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the ⌈√series⌉ highest gains of each split."""
    count = int(np.ceil(np.sqrt(gains.shape[1])))
    result: NDArray[np.float64] = np.sort(gains, axis=1)[:, -count:].mean(axis=1)
    return result


def _gains(values: NDArray[np.float64], splits: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the gain of a shift at each split, (splits, series that vary)."""
    center, scale = center_and_scale(values, tails=False)
    varies = scale > 0
    z = np.clip((values[:, varies] - center[varies]) / scale[varies], -LIMIT, LIMIT)
    phi = _autocorrelation(_around_best_split(z, splits))
    return _shift_gains(z, phi)[splits]


def _around_best_split(z: NDArray[np.float64], splits: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return z less the two means around the split that serves each series best; 0 = missing."""
    gains = _shift_gains(z, np.zeros(z.shape[1]))[splits]
    after = np.arange(len(z))[:, None] >= splits[gains.argmax(axis=0)]
    present = ~np.isnan(z)
    residual = np.where(present, z, 0.0)
    for side in (present & after, present & ~after):
        mean = np.where(side, z, 0.0).sum(axis=0) / np.maximum(side.sum(axis=0), 1)
        residual -= np.where(side, mean, 0.0)
    return residual


def _autocorrelation(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lag-one autocorrelation of each series, held within 0 and `MAX_PHI`."""
    power = (residual**2).sum(axis=0)
    covariance = (residual[1:] * residual[:-1]).sum(axis=0)
    result: NDArray[np.float64] = np.clip(
        covariance / np.where(power > 0, power, 1.0), 0.0, MAX_PHI
    )
    return result


def _shift_gains(z: NDArray[np.float64], phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-likelihood gain of a level shift at every row, (rows, series).

    With innovations y and the constant level's regressor c, a shift at row t has the regressor
    0 before t, h_t at t and c after t. The gain is what that regressor explains of y beyond
    c, in squared innovations of unit-variance noise: (h'y | c)² / (h'h | c) / 2(1 - φ²).
    """
    present = ~np.isnan(z)
    follows = present.copy()
    follows[0] = False
    follows[1:] &= present[:-1]
    x = np.where(present, z, 0.0)
    fresh = np.sqrt(1 - phi**2)  # a sample without a predecessor has the noise's full variance
    y = np.where(follows, x - phi * np.vstack([np.zeros_like(x[:1]), x[:-1]]), fresh * x)
    c = np.where(follows, 1 - phi, np.where(present, fresh, 0.0))
    h = np.where(follows, 1.0, c)
    hy = _after(c * y) + h * y
    hc = _after(c * c) + h * c
    hh = _after(c * c) + h * h
    cc, cy = (c * c).sum(axis=0), (c * y).sum(axis=0)
    explained, room = hy - hc * cy / cc, hh - hc**2 / cc
    # Without a sample on both sides there is no room: the shift would be the level itself.
    least = 1e-9 * cc
    gain = np.where(room > least, explained**2 / np.maximum(room, least), 0.0)
    result: NDArray[np.float64] = gain / (2 * (1 - phi**2))
    return result


def _after(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over the rows below each row."""
    from_here = values[::-1].cumsum(axis=0)[::-1]
    return np.vstack([from_here[1:], np.zeros_like(values[:1])])
