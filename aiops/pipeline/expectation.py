"""What each series is expected to show next, and how far from it a sample is: streaming, columnar.

Two expectations stand side by side, and a sample is only as strange as the kinder of the two
finds it: the recent past (an exponentially weighted mean and spread) and the same time of day on
the days before (`season`). What is strange is learned with a cut, so that a spike does not widen
its own yardstick, while a change that lasts becomes the new normal within hours.

Not a `detectors.StreamingDetector`: scores depend on the clock, and on where zero lies, since a
change that nobody would care about (a few percent of a latency) is no cause to be woken up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.pipeline.columns import spread
from aiops.pipeline.season import Season

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

MEMORY = 30
"""Samples over which the mean follows a drift."""

SPREAD_MEMORY = 180
"""Samples over which the spread is taken."""

WARMUP = 30
"""Samples a series must have shown before it is scored."""

CUT = 3.0
"""Spreads beyond which a sample is learned as if it lay there."""

LEAST_LEFT = 0.05
"""Share of the mean below which a fall is as bad as it can be."""

CAP = 1e3
"""The highest score."""

GONE = 20.0
"""The score of a series that was always there and is not."""

GONE_AFTER = 5
"""Samples in a row that must be missing."""

PRESENT = 0.9
"""Share of the samples that a series must have shown to be missed when it is gone."""

PRESENCE_MEMORY = 300


@dataclass(frozen=True, eq=False)
class Expectation:
    """What has been learned, each array (series,).

    Attributes
    ----------
    mean, variance : array
        Of the recent past, in the unit of each series and its square.
    count : array of int
        Samples seen.
    missed : array of int
        Samples missed since the last one.
    presence : array
        Share of the recent ticks in which the series had a sample.
    season : Season
        The same time on other days.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: NDArray[np.int64]
    missed: NDArray[np.int64]
    presence: NDArray[np.float64]
    season: Season

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return what is known of `width` series that nobody has seen."""
        zeros, none = np.zeros(width), np.zeros(width, dtype=np.int64)
        return cls(zeros, zeros, none, none, zeros, Season.empty(width))

    @property
    def steady(self) -> NDArray[np.bool_]:
        """Which series are there nearly always."""
        return (self.presence >= PRESENT) & (self.count >= WARMUP)

    def at(self, moment: datetime) -> Expectation:
        """Return the expectation of `moment`, before its sample is seen."""
        return replace(self, season=self.season.at(moment))

    def scores(
        self,
        values: NDArray[np.float64],
        matters: NDArray[np.float64],
        direction: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return how strange each sample is; 0 where nobody can say.

        Parameters
        ----------
        values : array, (series,)
            NaN where a sample is missing.
        matters : array, (series,)
            The smallest spread that counts, in the unit of each series.
        direction : array, (series,)
            1 or -1 where only what rises or falls is strange, 0 where both are.
        """
        scale = np.maximum(np.sqrt(self.variance), matters)
        deviation = values - self.mean
        away = np.minimum(np.abs(deviation), self.season.band.outside(values))
        away = np.where(
            deviation * direction < 0, 0.0, away * _stretch(values, self.mean, direction)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(away == 0, 0.0, np.minimum(away / scale, CAP))
        gone = np.where(self.steady & (self.missed + 1 >= GONE_AFTER), GONE, 0.0)
        scores = np.where(np.isnan(values), gone, z)
        return np.where(self.count >= WARMUP, scores, 0.0)

    def learned(self, values: NDArray[np.float64]) -> Expectation:
        """Return what is known when one more row has been seen."""
        present = ~np.isnan(values)
        count = self.count + present
        early = 1 / np.maximum(count, 1)
        reach = np.where(self.count >= WARMUP, CUT * np.sqrt(self.variance), np.inf)
        # A series that was constant must be able to learn that it no longer is.
        reach = np.where(reach > 0, reach, np.inf)
        step = np.where(present, np.clip(values - self.mean, -reach, reach), 0.0)
        gain = np.maximum(1 / MEMORY, early)
        gain2 = np.maximum(1 / SPREAD_MEMORY, early)
        variance = (1 - gain2) * (self.variance + gain2 * step * step)
        here = np.maximum(1 / PRESENCE_MEMORY, 1 / np.maximum(self.count + 1, 1))
        return Expectation(
            mean=self.mean + gain * step,
            variance=np.where(present, variance, self.variance),
            count=count,
            missed=np.where(present, 0, self.missed + 1),
            presence=self.presence + here * (present - self.presence),
            season=self.season.learned(values),
        )

    def forgotten(self, which: NDArray[np.bool_]) -> Expectation:
        """Return the expectation without the recent past of some series; their season is kept."""
        return replace(
            self,
            mean=np.where(which, 0.0, self.mean),
            variance=np.where(which, 0.0, self.variance),
            count=np.where(which, 0, self.count),
        )

    def aligned(self, order: NDArray[np.intp]) -> Expectation:
        """Return what is known of other columns; see `columns.spread`."""
        return Expectation(
            spread(self.mean, order, 0.0),
            spread(self.variance, order, 0.0),
            spread(self.count, order, 0),
            spread(self.missed, order, 0),
            spread(self.presence, order, 0.0),
            self.season.aligned(order),
        )


def _stretch(
    values: NDArray[np.float64], mean: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by how much a fall counts for more, where falling is what hurts.

    A fall is told by its ratio, -ln(x / mean) instead of 1 - x / mean: however deep, it could else
    not be further away than one mean. Nothing counts as less than `LEAST_LEFT` of the mean.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.clip(values / mean, LEAST_LEFT, 1.0)
        stretch = np.where(left < 1, -np.log(left) / (1 - left), 1.0)
    return np.where((direction < 0) & (mean > 0), stretch, 1.0)
