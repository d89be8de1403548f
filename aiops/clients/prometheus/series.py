"""Series as arrays, and how many of them become one wide frame on a regular grid of times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.clients.prometheus.histograms import NO_HISTOGRAMS, Histograms
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

NAME = "__name__"
"""The label that holds a series' metric name; "" where PromQL has dropped it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class RawSeries:
    """The samples of one series as they were stored.

    Attributes
    ----------
    labels : mapping
        Label → value, the metric's name as ``__name__``.
    times : ndarray of int64, shape (n,)
        Milliseconds since 1970, increasing.
    samples : ndarray of float64, shape (n,)
        NaN where the series ended (a stale marker) or the value is none.
    histograms : Histograms
        The samples that are native histograms, at times of their own; most series have none.
    """

    labels: Mapping[str, str]
    times: np.ndarray
    samples: np.ndarray
    histograms: Histograms = NO_HISTOGRAMS

    @property
    def name(self) -> str:
        """The metric's name, "" where it has none."""
        return self.labels.get(NAME, "")


@dataclass(frozen=True)
class Grid:
    """Regular times: `points` of them from `start_ms` on, `step_ms` apart (since 1970)."""

    start_ms: int
    step_ms: int
    points: int

    @classmethod
    def over(cls, start: datetime, end: datetime, step_s: float) -> Self:
        """Return the times from `start` to at most `end`; Prometheus counts in milliseconds.

        Raises
        ------
        InvalidInput
            If a time has no zone, the end lies before the start, or the step is below 1 ms.

        Examples
        --------
        >>> Grid.over(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC), 3600)
        Grid(start_ms=0, step_ms=3600000, points=25)
        """
        first, last = milliseconds(start), milliseconds(end)
        step = round(step_s * 1000)
        if last < first:
            raise InvalidInput(f"the range ends at {end}, before its start at {start}; swap them")
        if step < 1 or abs(step - step_s * 1000) > 1e-6:
            raise InvalidInput(f"a step of {step_s} s is no whole number of milliseconds above 0")
        return cls(first, step, (last - first) // step + 1)

    @property
    def end_ms(self) -> int:
        """The last of the times."""
        return self.start_ms + (self.points - 1) * self.step_ms

    @property
    def times(self) -> np.ndarray:
        """The times, shape (points,), int64 milliseconds."""
        return self.start_ms + self.step_ms * np.arange(self.points, dtype=np.int64)

    @property
    def index(self) -> pd.DatetimeIndex:
        """The times as pandas knows them, in UTC."""
        import pandas as pd

        return pd.to_datetime(self.times, unit="ms", utc=True)

    def moment(self, place: int) -> datetime:
        """Return the time at `place`, counted from 0."""
        return moment(self.start_ms + place * self.step_ms)

    def parts(self, most: int) -> Iterator[Grid]:
        """Cut the grid into grids of at most `most` points, in order and without overlap."""
        for first in range(0, self.points, most):
            points = min(most, self.points - first)
            yield Grid(self.start_ms + first * self.step_ms, self.step_ms, points)

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return where on the grid `times` are.

        Raises
        ------
        ValueError
            If one of them is not on the grid.
        """
        places, beside = np.divmod(times - self.start_ms, self.step_ms)
        if beside.any() or (places < 0).any() or (places >= self.points).any():
            raise ValueError("times beside those that were asked for")
        return places


def milliseconds(moment: datetime) -> int:
    """Return `moment` in milliseconds since 1970, rounded down.

    Raises
    ------
    InvalidInput
        If it has no time zone.
    """
    if moment.tzinfo is None:
        raise InvalidInput(f"the time {moment} has no time zone; use datetime.UTC")
    return (moment - _EPOCH) // _MS


def moment(ms: int) -> datetime:
    """Return the UTC time `ms` milliseconds after 1970."""
    return _EPOCH + ms * _MS


def seconds_text(ms: int) -> str:
    """Write milliseconds as seconds, exactly.

    Examples
    --------
    >>> seconds_text(1_700_000_000_250)
    '1700000000.250'
    """
    return f"{ms // 1000}.{ms % 1000:03d}"


def align(series: RawSeries, grid: Grid, lookback_s: float) -> np.ndarray:
    """Return what a plain PromQL selector gives: at each time the newest sample, if not too old.

    A sample counts for less than `lookback_s` seconds, and no longer than to the next one, be
    that a stale marker. Prometheus before 3.0 also counts one that is exactly as old. Shape
    (grid.points,), NaN where there is none.
    """
    if not len(series.times):
        return np.full(grid.points, np.nan)
    times = grid.times
    newest = np.searchsorted(series.times, times, side="right") - 1
    fresh = (newest >= 0) & (times - series.times[newest] < lookback_s * 1000)
    return np.where(fresh, series.samples[newest], np.nan)


class Table:
    """Values on one grid, a row per label set, whichever part of an answer each came from."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._rows: dict[tuple[tuple[str, str], ...], np.ndarray] = {}

    def row(self, labels: Mapping[str, str]) -> np.ndarray:
        """Return the values of the series with `labels`, shape (grid.points,), to be filled in."""
        key = tuple(sorted(labels.items()))
        if key not in self._rows:
            self._rows[key] = np.full(self.grid.points, np.nan)
        return self._rows[key]

    def series(self) -> list[tuple[dict[str, str], np.ndarray]]:
        """Return labels and values of each series that has any, in the order of their labels."""
        return [(dict(key), row) for key, row in sorted(self._rows.items()) if _has_any(row)]

    def frame(self) -> pd.DataFrame:
        """Return the series of `series` as the columns of a frame."""
        import pandas as pd

        series = self.series()
        columns = label_columns([labels for labels, _ in series])
        values = np.array([row for _, row in series]).reshape(len(series), self.grid.points)
        return pd.DataFrame(values.T, index=self.grid.index, columns=columns)


def label_columns(labels: Sequence[Mapping[str, str]]) -> pd.MultiIndex:
    """Return label sets as columns: one level per label, ``__name__`` first, "" for a missing one.

    Nothing is lost: to Prometheus too an empty label is a missing label.

    Examples
    --------
    >>> list(label_columns([{"__name__": "up", "job": "web"}, {"job": "db"}]))
    [('up', 'web'), ('', 'db')]
    """
    import pandas as pd

    names = [NAME, *sorted({name for each in labels for name in each} - {NAME})]
    levels = [[each.get(name, "") for each in labels] for name in names]
    return pd.MultiIndex.from_arrays(levels, names=names)


def _has_any(values: np.ndarray) -> bool:
    return not np.isnan(values).all()
