"""The shared time axis: which part of the window is shown, and where a moment lies on it.

Moments are seconds since 1970 throughout; places on the axis are percent of its length, so that
the page can stretch it to any width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from aiops.reports import words
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

MAX_TICKS = 6
BEFORE_PER_AFTER = 4
"""How much of what came before the onset is shown, as a multiple of what came after it."""
MIN_BEFORE = 60
"""Fewest samples before the onset that are shown, so that normal can be told from strange."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TICK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(count * _MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * _HOUR for count in (1, 2, 3, 6, 12)),
    *(count * _DAY for count in (1, 2, 7, 14, 28, 91, 364)),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis, in percent of its length."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The span that is shown, its step, and the first row of the metrics that lies in it."""

    start: float
    end: float
    step: float
    first_row: int

    @classmethod
    def over(cls, times: NDArray[np.float64], onset: float | None) -> Self:
        """Lay the axis over regular `times`, trimmed to the neighbourhood of the onset."""
        first_row = first_shown(times, onset)
        return cls(
            start=float(times[first_row]),
            end=float(times[-1]),
            step=float(times[1] - times[0]),
            first_row=first_row,
        )

    def place(self, moment: float) -> float:
        """Return where `moment` lies, in percent; outside the axis it is < 0 or > 100."""
        return round(100 * (moment - self.start) / (self.end - self.start), 2)

    def holds(self, moment: float) -> bool:
        """Say whether `moment` is shown."""
        return self.start <= moment <= self.end

    def span(self, start: float, end: float) -> tuple[float, float] | None:
        """Return place and width of a span, cut to the axis; None where nothing of it is shown.

        Half a step is added at both ends, so that a span of one sample is seen around it.
        """
        left = max(self.place(start - self.step / 2), 0.0)
        right = min(self.place(end + self.step / 2), 100.0)
        return (left, round(right - left, 2)) if right > left else None

    def ticks(self) -> tuple[Tick, ...]:
        """Return at most `MAX_TICKS` labelled ticks at round moments of the clock."""
        gap = _tick_step(self.end - self.start)
        first = np.ceil(self.start / gap) * gap
        return tuple(
            Tick(self.place(float(moment)), _tick_label(float(moment), gap))
            for moment in np.arange(first, self.end + gap / 1e6, gap)
        )


def seconds(moment: datetime) -> float:
    """Return `moment` in seconds since 1970.

    Raises
    ------
    InvalidInput
        If it has no time zone, so that nobody can say when it was.
    """
    if moment.tzinfo is None:
        raise InvalidInput(f"the time {moment} has no time zone; give it one (UTC)")
    return moment.timestamp()


def sample_times(metrics: pd.DataFrame) -> NDArray[np.float64]:
    """Return the moments of a metrics frame in seconds since 1970."""
    index = pd.DatetimeIndex(metrics.index).as_unit("ns")
    return np.asarray(index.asi8, dtype=np.float64) / 1e9


def first_shown(times: NDArray[np.float64], onset: float | None) -> int:
    """Return the first row worth showing when something began at `onset`.

    A long calm prologue would squeeze the incident into a few pixels, so before the onset only
    `BEFORE_PER_AFTER` times as much is kept as comes after it, but at least `MIN_BEFORE` samples.

    Examples
    --------
    >>> first_shown(np.arange(1000.0), onset=980.0)
    900
    >>> first_shown(np.arange(1000.0), onset=None)
    0
    """
    if onset is None or not times[0] <= onset <= times[-1]:
        return 0
    at = int(np.searchsorted(times, onset))
    return max(at - max(BEFORE_PER_AFTER * (len(times) - at), MIN_BEFORE), 0)


def _tick_step(length: float) -> int:
    years = _DAY * math.ceil(length / _DAY / (MAX_TICKS - 1))
    return next((step for step in _TICK_STEPS if length / step < MAX_TICKS), years)


def _tick_label(moment: float, gap: float) -> str:
    if moment % _DAY == 0:
        return words.day(moment, short=True)
    return words.clock(moment, to="s" if gap < _MINUTE else "min")
