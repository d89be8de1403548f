"""Raw samples of many series in one block of arrays, put in order by rule.

For what does not come through PromQL: scrapes, cAdvisor, remote read, files. The rules are few,
and what they mended is counted:

- a *late* sample (older than one written before it) goes to its place in time;
- of samples with the *same time* the last one written counts, the others are dropped;
- a *stale marker* says that its series ended: it cuts off the sample before it, and a range of
  samples does not contain it. Any other NaN is a value like every other, as in Prometheus.

Rates are `aiops.collectors.raw.rates`' matter; native histograms are not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self, TypeVar

import numpy as np

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiops.clients.prometheus.series import Grid, RawSeries

B = TypeVar("B", bound="Block")

_STALE_BITS = np.uint64(0x7FF0000000000002)
STALE = float(np.array([_STALE_BITS]).view(np.float64)[0])
"""The NaN that Prometheus writes where a series ends."""


def is_stale(values: np.ndarray) -> np.ndarray:
    """Say which of the float64 `values` are stale markers; other NaN are not.

    Examples
    --------
    >>> is_stale(np.array([1.0, np.nan, STALE])).tolist()
    [False, False, True]
    """
    return np.asarray(np.ascontiguousarray(values, np.float64).view(np.uint64) == _STALE_BITS)


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class Block:
    """The samples of many series, one series after the other; `Block.of` makes it.

    Attributes
    ----------
    labels : tuple of mapping
        One per series, all different.
    times : ndarray of int64, shape (samples,)
        Milliseconds since 1970, strictly increasing within a series.
    values : ndarray of float64, shape (samples,)
    bounds : ndarray of int64, shape (series + 1,)
        The samples of series i are at ``bounds[i]:bounds[i + 1]``.
    late, repeated : int
        How many samples came late, and how many were dropped for a later one of the same time.
    """

    labels: tuple[Mapping[str, str], ...]
    times: np.ndarray
    values: np.ndarray
    bounds: np.ndarray
    late: int = 0
    repeated: int = 0

    @classmethod
    def of(cls, series: Iterable[RawSeries]) -> Self:
        """Put samples in order, as the rules above have it.

        Pieces with the same labels are one series; they count as written in the order in which
        they come.

        Raises
        ------
        InvalidInput
            If a series has not as many times as values, or is of native histograms.

        Examples
        --------
        >>> from aiops.clients.prometheus.series import RawSeries
        >>> first = RawSeries({"pod": "a"}, np.array([0, 2000]), np.array([1.0, 3.0]))
        >>> later = RawSeries({"pod": "a"}, np.array([1000, 2000]), np.array([2.0, 4.0]))
        >>> block = Block.of([first, later])
        >>> block.values.tolist(), block.late, block.repeated
        ([1.0, 2.0, 4.0], 1, 1)
        """
        pieces: dict[tuple[tuple[str, str], ...], list[RawSeries]] = {}
        for each in series:
            _check(each)
            pieces.setdefault(tuple(sorted(each.labels.items())), []).append(each)
        counts = [sum(len(each.times) for each in same) for same in pieces.values()]
        ordered = [each for same in pieces.values() for each in same]
        times = np.concatenate([np.empty(0, np.int64), *(each.times for each in ordered)])
        values = np.concatenate([np.empty(0), *(each.samples for each in ordered)])
        labels = tuple(dict(key) for key in pieces)
        return _in_order(cls(labels, times, values, _bounds(counts)))

    @property
    def rows(self) -> np.ndarray:
        """The series of each sample, as its place in `labels`; shape (samples,)."""
        return np.repeat(np.arange(len(self.labels)), np.diff(self.bounds))

    def scraped(self) -> Block:
        """Return the block without stale markers: what a range of samples contains."""
        return _kept(self, ~is_stale(self.values))

    def born(self, births: Sequence[int | None]) -> Block:
        """Return the block with a zero at the birth of each counter whose birth is known.

        A counter begins at 0, so what it counted before its first scrape is counted too. This is
        what Prometheus does with the created timestamps of OpenMetrics. A birth that is not
        before the first sample changes nothing.

        Parameters
        ----------
        births : sequence of int or None
            One per series: milliseconds since 1970, None where unknown.
        """
        known = {row: birth for row, birth in enumerate(births) if birth is not None}
        early = {row: birth for row, birth in known.items() if self._begins_after(row, birth)}
        places = self.bounds[list(early)] if early else np.empty(0, np.int64)
        added = np.isin(np.arange(len(self.labels)), list(early))
        return replace(
            self,
            times=np.insert(self.times, places, list(early.values())),
            values=np.insert(self.values, places, 0.0),
            bounds=_bounds(np.diff(self.bounds) + added),
        )

    def places(self, times: np.ndarray, side: Literal["left", "right"]) -> np.ndarray:
        """Return where in each series sorted `times` would be inserted; shape (series, points).

        `side` is numpy's: ``"left"`` before a sample of the same time, ``"right"`` after it.
        """
        low, high = int(times[0]) - 1, int(times[-1]) + 1
        width = high - low + 1
        keys = self.rows * width + (np.clip(self.times, low, high) - low)
        asked = np.arange(len(self.labels))[:, None] * width + (times - low)
        return np.asarray(np.searchsorted(keys, asked, side))

    def newest(self, grid: Grid, lookback_s: float) -> np.ndarray:
        """Return what a plain PromQL selector gives: the newest sample, unless it is too old.

        Shape (series, points), NaN where there is none; the rule is that of
        `aiops.clients.prometheus.series.align`.
        """
        newest = self.places(grid.times, "right") - 1
        if not len(self.times):
            return np.full(newest.shape, np.nan)
        age = grid.times - self.times[newest]
        fresh = (newest >= self.bounds[:-1, None]) & (age < lookback_s * 1000)
        return np.where(fresh, self.values[newest], np.nan)

    def _begins_after(self, row: int, birth: int) -> bool:
        first, stop = self.bounds[row : row + 2]
        return bool(first < stop and birth < self.times[first])


def _in_order(block: B) -> B:
    """Sort each series by time, and keep the last written of samples with the same time."""
    if not len(block.times):
        return block
    low = block.times.min()
    keys = block.rows * (block.times.max() - low + 1) + (block.times - low)
    order = np.argsort(keys, kind="stable")
    last = np.append(np.diff(keys[order]) != 0, True)
    late = int((keys < np.maximum.accumulate(keys)).sum())
    counted = replace(block, late=late, repeated=int((~last).sum()))
    return _kept(replace(counted, times=block.times[order], values=block.values[order]), last)


def _kept(block: B, mask: np.ndarray) -> B:
    counts = np.bincount(block.rows[mask], minlength=len(block.labels))
    return replace(
        block, times=block.times[mask], values=block.values[mask], bounds=_bounds(counts)
    )


def _bounds(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)


def _check(series: RawSeries) -> None:
    if len(series.times) != len(series.samples):
        raise InvalidInput(
            f"series {dict(series.labels)} has {len(series.times)} times and "
            f"{len(series.samples)} values; give one time for each value"
        )
    if len(series.histograms):
        raise InvalidInput(
            f"series {dict(series.labels)} is a native histogram; query it by PromQL"
        )
