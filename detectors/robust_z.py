"""How many robust standard deviations a sample lies from a fixed baseline.

The plainest detector there is. It does not follow a drift: fit it again, or use `EWMA`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.base import StreamingDetector, check_between, check_count
from detectors.baseline import center_and_scale, distance

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RobustZ(StreamingDetector):
    """Two-sided robust z of each series: ``|x - center_| / scale_``.

    The centre is the baseline's median; the scale, from its MAD and its tails, is that of
    `detectors.baseline.center_and_scale`. Positive scaling of a series and
    added constants do not change its scores. The baseline is what `fit` was given; without `fit`
    the first `warmup` rows become the baseline, and score NaN.

    Parameters
    ----------
    warmup : int
        Rows that become the baseline when the detector was not fitted; at least 3.
    floor : float
        Smallest scale, as a share of the baseline's range: 0 to 1.
    cap : float
        Highest score. A sample that leaves a *constant* baseline scores exactly this, since
        no scale can say how strange that is; one that stays on it scores 0.

    Attributes
    ----------
    center_, scale_ : arrays, (series,)
        The baseline, in the unit of each series. NaN for a series without a sample in the
        baseline: its scores are NaN, because nothing is known of it.

    Notes
    -----
    The modified z-score of [1]_, with 1.4826 · MAD for MAD / 0.6745. It departs from it by the
    floors under the scale, without which a series that mostly repeats one value (an error
    count, a replica count) would divide by zero.

    References
    ----------
    .. [1] B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", ASQC Quality Press,
       1993.

    Examples
    --------
    >>> import pandas as pd
    >>> metrics = pd.DataFrame({"latency": [3.0, 4, 5, 4, 3, 5, 4, 4, 90]})
    >>> detector = RobustZ(warmup=8)
    >>> detector.anomaly_score(metrics)["latency"].round(1).tolist()[7:]
    [nan, 116.0]
    """

    center_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    _warming: tuple[NDArray[np.float64], ...] = ()
    _wanted: int = 0

    def __init__(self, *, warmup: int = 60, floor: float = 1e-3, cap: float = 1e3) -> None:
        self.warmup = warmup
        self.floor = floor
        self.cap = cap

    def _check_params(self) -> None:
        check_count("warmup", self.warmup, 3)
        check_between("floor", self.floor, 0, 1)
        check_between("cap", self.cap, 0, np.inf)

    def _reset(self, width: int) -> None:
        del width
        self._warming, self._wanted = (), self.warmup

    def _learn(self, values: NDArray[np.float64]) -> None:
        self.center_, self.scale_ = center_and_scale(values, self.floor)
        self._warming, self._wanted = (), 0

    def _take(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        early, late = values[: self._wanted], values[self._wanted :]
        if len(early):
            self._warm_up(early)
        scores = np.full(values.shape, np.nan)
        if len(late):
            scores[len(early) :] = distance(late - self.center_, self.scale_, self.cap)
        return scores

    def _warm_up(self, early: NDArray[np.float64]) -> None:
        self._warming = (*self._warming, early)
        self._wanted -= len(early)
        if self._wanted == 0:
            self._learn(np.concatenate(self._warming))
