"""Which series are strange now: hysteresis over scores as they come, one row at a time.

The rules are those of `detectors.Threshold`, which decides over scores that are all there: an
anomaly opens when enough samples in a row score at the level, starts at the first of them, and
closes at the first sample below a share of the level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.pipeline.columns import spread
from aiops.types import Anomaly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aiops.settings import Detection
    from aiops.types import MetricId

DETECTOR = "tick"
"""The name that anomalies carry that a tick found."""


@dataclass(frozen=True, eq=False)
class Strange:
    """The memory of the hysteresis.

    Attributes
    ----------
    run : array of int, (series,)
        Samples in a row at or above the level.
    since : array, (series,)
        First moment of that run, or of the anomaly that is open; seconds since 1970.
    score : array, (series,)
        The last score.
    peak : array, (series,)
        The highest score since then.
    open : array of bool, (series,)
        Which series are strange now.
    """

    run: NDArray[np.int64]
    since: NDArray[np.float64]
    score: NDArray[np.float64]
    peak: NDArray[np.float64]
    open: NDArray[np.bool_]

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return a memory in which nothing is strange."""
        zeros = np.zeros(width)
        return cls(
            np.zeros(width, dtype=np.int64), zeros, zeros, zeros, np.zeros(width, dtype=bool)
        )

    def learned(self, scores: NDArray[np.float64], moment: datetime, rule: Detection) -> Strange:
        """Return what is strange when the scores of one more moment are known."""
        high = scores >= rule.level
        run = np.where(high, self.run + 1, 0)
        goes_on = self.open & (scores >= rule.release * rule.level)
        now = goes_on | (run >= rule.min_points)
        known = goes_on | (run > 1)
        return Strange(
            run,
            np.where(known, self.since, moment.timestamp()),
            scores,
            np.where(known, np.maximum(self.peak, scores), scores),
            now,
        )

    def anomalies(
        self, series: tuple[MetricId, ...], among: NDArray[np.bool_], moment: datetime
    ) -> tuple[Anomaly, ...]:
        """Return the anomalies that are open in the series of `among`, up to `moment`."""
        return tuple(
            Anomaly(
                service=series[place].service,
                metric=series[place].metric,
                start=datetime.fromtimestamp(float(self.since[place]), tz=UTC),
                end=moment,
                score=float(self.peak[place]),
                detector=DETECTOR,
            )
            for place in np.flatnonzero(self.open & among).tolist()
        )

    def without(self, forgotten: NDArray[np.bool_]) -> Strange:
        """Return the memory in which these series are no longer strange."""
        keep = ~forgotten
        return replace(self, run=self.run * keep, open=self.open & keep)

    def aligned(self, order: NDArray[np.intp]) -> Strange:
        """Return the memory for other columns; see `columns.spread`."""
        return Strange(
            spread(self.run, order, 0),
            spread(self.since, order, 0.0),
            spread(self.score, order, 0.0),
            spread(self.peak, order, 0.0),
            spread(self.open, order, False),
        )
