"""Counters into rates, exactly as Prometheus' ``rate()`` and ``increase()`` compute them.

All windows of all series at once, with numpy; `tests/naive_prometheus.py` has the slow twin and
an end-to-end test holds both against a real Prometheus. ``irate``, ``delta`` and native
histograms are not here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from aiops.clients.prometheus.series import Grid
    from aiops.collectors.raw.samples import Block

CLOSE = 1.1
"""A sample is close to a window's edge if nearer than so many mean distances of samples."""


class Dialect(enum.Enum):
    """Whose ``rate()``: the two differ at the edges of a window.

    - `V2` (2.x, as of 2.42): a sample exactly at the window's start counts, and extrapolation
      towards zero comes before the check whether the first sample is close to the start.
    - `V3` (3.x): a sample at the start belongs to the window before, and the check comes first.
      Then a rate is never extrapolated past the counter's zero, nor past half a distance.
    """

    V2 = 2
    V3 = 3


def rate(block: Block, grid: Grid, window_s: float, dialect: Dialect = Dialect.V3) -> np.ndarray:
    """Return ``rate(…[window_s])`` of each series at each time of the grid, per second.

    Parameters
    ----------
    block : Block
        Counters; a value below the one before it is a reset to zero.
    grid : Grid
        When to evaluate.
    window_s : float
        How far each evaluation looks back, in seconds; above 0.

    Returns
    -------
    ndarray of float64, shape (series, points)
        NaN where a window holds fewer than two samples.

    Raises
    ------
    InvalidInput
        If the window is shorter than a millisecond.
    """
    return increase(block, grid, window_s, dialect) / window_s


def increase(
    block: Block, grid: Grid, window_s: float, dialect: Dialect = Dialect.V3
) -> np.ndarray:
    """Return ``increase(…[window_s])``: what `rate` says, over the whole window.

    Examples
    --------
    >>> from aiops.clients.prometheus.series import Grid, RawSeries
    >>> from aiops.collectors.raw.samples import Block
    >>> times = np.arange(0, 61_000, 15_000)
    >>> block = Block.of([RawSeries({}, times, np.array([3.0, 4.0, 5.0, 1.0, 2.0]))])
    >>> increase(block, Grid(60_000, 15_000, 1), 60.0, Dialect.V2).tolist()
    [[4.0]]
    """
    return Windows.over(block, grid, window_s, dialect).increase()


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class Windows:
    """The samples that each evaluation sees: one window per series and time of a grid.

    Attributes
    ----------
    block : Block
        Without stale markers.
    enough : ndarray of bool, shape (series, points)
        Whether the window holds two samples or more. The arrays below are of these alone.
    first, last : ndarray of int64, shape (n,)
        The places of the first and the last sample in the block.
    to_start, to_end : ndarray of float64, shape (n,)
        From the window's start to the first sample, and from the last to its end, in seconds.
    dialect : Dialect
    """

    block: Block
    enough: np.ndarray
    first: np.ndarray
    last: np.ndarray
    to_start: np.ndarray
    to_end: np.ndarray
    dialect: Dialect

    @classmethod
    def over(cls, block: Block, grid: Grid, window_s: float, dialect: Dialect = Dialect.V3) -> Self:
        """Cut windows of `window_s` seconds that end at the times of `grid`.

        Raises
        ------
        InvalidInput
            If the window is shorter than a millisecond.
        """
        length = round(window_s * 1000)
        if length < 1:
            raise InvalidInput(f"a window of {window_s} s is too short; give a positive length")
        scraped = block.scraped()
        starts = grid.times - length
        first = scraped.places(starts, "left" if dialect is Dialect.V2 else "right")
        last = scraped.places(grid.times, "right") - 1
        enough = last > first
        first, last = first[enough], last[enough]
        ends = np.broadcast_to(grid.times, enough.shape)[enough]
        to_start = (scraped.times[first] - (ends - length)) / 1000
        to_end = (ends - scraped.times[last]) / 1000
        return cls(scraped, enough, first, last, to_start, to_end, dialect)

    @property
    def span(self) -> np.ndarray:
        """From the first sample to the last, in seconds; shape (n,)."""
        times = self.block.times
        return np.asarray((times[self.last] - times[self.first]) / 1000)

    @property
    def distance(self) -> np.ndarray:
        """The mean distance of two samples, in seconds; shape (n,)."""
        return np.asarray(self.span / (self.last - self.first))

    def increase(self) -> np.ndarray:
        """Return how much each counter rose, extrapolated to the window's edges.

        Shape (series, points), NaN where a window holds fewer than two samples.
        """
        with np.errstate(invalid="ignore", over="ignore"):  # counters may be infinite or NaN
            gained = self._gained()
            span, half, close = self.span, self.distance / 2, CLOSE * self.distance
            to_end = np.where(self.to_end < close, self.to_end, half)
            factor = (span + self._to_start(gained, close, half) + to_end) / span
            everywhere = np.full(self.enough.shape, np.nan)
            everywhere[self.enough] = gained * factor
        return everywhere

    def whole(self) -> np.ndarray:
        """Say whether a counter was there for all of a window; bool, shape (series, points).

        Where it was born or died inside, the rate is that of a part of the window.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            close = CLOSE * self.distance
            from_start = (self.to_start < close) & (self._to_zero(self._gained()) >= self.to_start)
            whole = np.zeros(self.enough.shape, dtype=bool)
            whole[self.enough] = from_start & (self.to_end < close)
        return whole

    def _to_start(self, gained: np.ndarray, close: np.ndarray, half: np.ndarray) -> np.ndarray:
        """Return how far to extrapolate before the first sample; a counter is never below 0."""
        to_zero = self._to_zero(gained)
        if self.dialect is Dialect.V2:
            reach = np.where(to_zero < self.to_start, to_zero, self.to_start)
            return np.where(reach < close, reach, half)
        reach = np.where(self.to_start < close, self.to_start, half)
        return np.where(to_zero < reach, to_zero, reach)

    def _to_zero(self, gained: np.ndarray) -> np.ndarray:
        """Return how long before the first sample the counter was 0 if it always rose as here."""
        begins = self.block.values[self.first]
        rises = (gained > 0) & (begins >= 0)
        shares = np.divide(begins, gained, out=np.full(len(begins), np.inf), where=rises)
        return np.asarray(self.span * shares)

    def _gained(self) -> np.ndarray:
        """Return how much each counter rose from the first sample to the last; shape (n,)."""
        values = self.block.values
        return np.asarray(values[self.last] - values[self.first] + self._lost())

    def _lost(self) -> np.ndarray:
        """Return what resets inside each window took from the counter; shape (n,).

        Windows with a reset are found by counting, which is exact, and only those are summed:
        differences of running sums would carry the rounding of everything before them.
        """
        values = self.block.values
        dropped = values[1:] < values[:-1]
        before = np.concatenate([[0], np.cumsum(dropped)])
        resets = before[self.last] > before[self.first]
        lost = np.zeros(len(self.first))
        if resets.any():
            amounts = np.append(np.where(dropped, values[:-1], 0.0), 0.0)
            spans = np.stack([self.first[resets], self.last[resets]], axis=1)
            lost[resets] = np.add.reduceat(amounts, spans.ravel())[::2]
        return lost
