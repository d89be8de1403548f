"""How far a sample lies from the exponentially weighted past of its own series.

Unlike `RobustZ` it follows a drift; the price is that it also gets used to a fault that lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.base import StreamingDetector, check_between, check_count
from detectors.baseline import distance

if TYPE_CHECKING:
    from numpy.typing import NDArray


class EWMA(StreamingDetector):
    """Two-sided z of each sample against an exponentially weighted mean and variance.

    Causal: the score ``|x - mean_| / √var_`` is taken *before* the sample is learned. A missing
    sample scores NaN and leaves its series' state alone. Positive scaling of a series and added
    constants do not change its scores.

    Parameters
    ----------
    alpha : float
        Weight of the newest sample, strictly between 0 and 1; the memory is about
        2 / `alpha` - 1 samples.
    warmup : int
        Samples a series must have shown before it is scored, counted per series, so that one
        that appears late warms up on its own; at least 2.
    cap : float
        Highest score, and the score of a sample that leaves a series which was constant so far.

    Attributes
    ----------
    mean_, var_ : arrays, (series,)
        The state, in the unit of each series and its square.
    count_ : array of int, (series,)
        Samples seen.

    Notes
    -----
    The weighting is Roberts' [1]_ and the recurrence that of Finch [2]_, last section: with
    d = x - m and gain a, m ← m + a·d and v ← (1 - a)·(v + a·d²). Two departures.
    Roberts charts the smoothed mean, which is slow to show a spike; here the sample itself is
    held against the mean. And the gain of the n-th sample is max(`alpha`, 1/n), which makes the
    early state the plain mean and variance instead of an echo of the first sample.

    References
    ----------
    .. [1] S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages",
       Technometrics 1(3), 1959, doi:10.1080/00401706.1959.10489860.
    .. [2] T. Finch, "Incremental calculation of weighted mean and variance", University of
       Cambridge, 2009.

    Examples
    --------
    >>> import pandas as pd
    >>> metrics = pd.DataFrame({"latency": [3.0, 4, 5, 4, 3, 5, 4, 4, 90]})
    >>> EWMA(alpha=0.2, warmup=8).anomaly_score(metrics)["latency"].round(1).tolist()[7:]
    [nan, 130.4]
    """

    mean_: NDArray[np.float64]
    var_: NDArray[np.float64]
    count_: NDArray[np.int64]

    def __init__(self, *, alpha: float = 0.05, warmup: int = 60, cap: float = 1e3) -> None:
        self.alpha = alpha
        self.warmup = warmup
        self.cap = cap

    def _check_params(self) -> None:
        check_between("alpha", self.alpha, 0, 1)
        check_count("warmup", self.warmup, 2)
        check_between("cap", self.cap, 0, np.inf)

    def _reset(self, width: int) -> None:
        self.mean_, self.var_ = np.zeros(width), np.zeros(width)
        self.count_ = np.zeros(width, dtype=np.int64)

    def _learn(self, values: NDArray[np.float64]) -> None:
        self._take(values)

    def _take(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = np.empty_like(values)
        for place, row in enumerate(values):
            scores[place] = self._score_and_learn(row)
        return scores

    def _score_and_learn(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        deviation = row - self.mean_
        warm = self.count_ >= self.warmup
        scores = np.where(warm, distance(deviation, np.sqrt(self.var_), self.cap), np.nan)
        present = ~np.isnan(row)
        self.count_ = self.count_ + present
        gain = np.maximum(self.alpha, 1 / np.maximum(self.count_, 1))
        step = np.where(present, gain * deviation, 0.0)
        self.mean_ = self.mean_ + step
        learned = (1 - gain) * (self.var_ + step * deviation)
        self.var_ = np.where(present, learned, self.var_)
        return scores
