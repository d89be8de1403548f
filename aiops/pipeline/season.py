"""What the same time of day showed on the days before: a band per series, streaming and columnar.

The day is cut into `BUCKETS` spans. Of each the lowest and the highest value of the last `DAYS`
days are kept, and the band of a moment is what its own span and the two beside it showed on those
days, without the single most extreme day at either end: one bad day does not teach that bad is
usual, two do. A weekday and a weekend both fit into the memory of a week.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from aiops.pipeline.columns import spread

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

BUCKETS = 144
"""Spans of the day, of ten minutes each."""

DAYS = 7
"""How many days are remembered."""

_DAY_S = 86_400
_LEAST_DAYS = 2


class Extremes(NamedTuple):
    """The lowest and highest values of one span of one day, (series,); ±inf where there is none."""

    day: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def with_values(self, values: NDArray[np.float64]) -> Extremes:
        """Return the extremes with more values; NaN says nothing."""
        return Extremes(self.day, np.fmin(self.low, values), np.fmax(self.high, values))

    def aligned(self, order: NDArray[np.intp]) -> Extremes:
        """Return the extremes for other columns; see `columns.spread`."""
        low, high = spread(self.low, order, np.inf), spread(self.high, order, -np.inf)
        return Extremes(self.day, low, high)


class Band(NamedTuple):
    """What is usual at this time of day, (series,); NaN where nobody can say yet."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def outside(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far each value lies outside of the band; infinite where there is no band."""
        below, above = self.low - values, values - self.high
        away = np.maximum(np.maximum(below, above), 0.0)
        return np.where(np.isnan(self.low), np.inf, away)


@dataclass(frozen=True, eq=False)
class Season:
    """The memory: what each span of the day showed, and the band of the span that is now.

    Attributes
    ----------
    bucket : int or None
        The span that is now; None before the first sample.
    now : Extremes
        What it has shown so far today.
    past : tuple, (BUCKETS,)
        For each span its last days, oldest first.
    band : Band
        What is usual in it.
    """

    bucket: int | None
    now: Extremes
    past: tuple[tuple[Extremes, ...], ...]
    band: Band

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return the memory of `width` series that nobody has seen."""
        return cls(None, _nothing(0, width), ((),) * BUCKETS, _no_band(width))

    def at(self, moment: datetime) -> Season:
        """Return the memory as it stands at `moment`, with the band of that time of day."""
        day, second = divmod(moment.timestamp(), _DAY_S)
        bucket = int(second * BUCKETS // _DAY_S)
        if bucket == self.bucket and int(day) == self.now.day:
            return self
        past = self.past if self.bucket is None else _kept(self.past, self.bucket, self.now)
        width = len(self.now.low)
        return Season(bucket, _nothing(int(day), width), past, _band(past, bucket, int(day), width))

    def learned(self, values: NDArray[np.float64]) -> Season:
        """Return the memory with one row of the span that is now."""
        return replace(self, now=self.now.with_values(values))

    def aligned(self, order: NDArray[np.intp]) -> Season:
        """Return the memory for other columns; see `columns.spread`."""
        return Season(
            self.bucket,
            self.now.aligned(order),
            tuple(tuple(one.aligned(order) for one in days) for days in self.past),
            Band(*(spread(edge, order, np.nan) for edge in self.band)),
        )


def _nothing(day: int, width: int) -> Extremes:
    return Extremes(day, np.full(width, np.inf), np.full(width, -np.inf))


def _no_band(width: int) -> Band:
    return Band(np.full(width, np.nan), np.full(width, np.nan))


def _kept(
    past: tuple[tuple[Extremes, ...], ...], bucket: int, seen: Extremes
) -> tuple[tuple[Extremes, ...], ...]:
    days = (*past[bucket], seen)[-DAYS:]
    return (*past[:bucket], days, *past[bucket + 1 :])


def _band(past: tuple[tuple[Extremes, ...], ...], bucket: int, today: int, width: int) -> Band:
    """Return the second lowest and second highest of the days; of two days the outermost."""
    by_day: dict[int, Extremes] = {}
    for near in (bucket, (bucket - 1) % BUCKETS, (bucket + 1) % BUCKETS):
        for seen in past[near]:
            if today - DAYS <= seen.day < today:
                known = by_day.get(seen.day, seen)
                low, high = np.minimum(known.low, seen.low), np.maximum(known.high, seen.high)
                by_day[seen.day] = Extremes(seen.day, low, high)
    if len(by_day) < _LEAST_DAYS:
        return _no_band(width)
    lows = np.sort(np.stack([seen.low for seen in by_day.values()]), axis=0)
    highs = -np.sort(np.stack([-seen.high for seen in by_day.values()]), axis=0)
    days = np.isfinite(lows).sum(axis=0)
    place = np.where(days > _LEAST_DAYS, 1, 0)[None, :]
    low = np.take_along_axis(lows, place, axis=0)[0]
    high = np.take_along_axis(highs, place, axis=0)[0]
    known = days >= _LEAST_DAYS
    return Band(np.where(known, low, np.nan), np.where(known, high, np.nan))
