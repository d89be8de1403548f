"""Native histograms: counts in buckets that a server chose, a whole histogram at each time.

Quantiles are Prometheus' own, `histogram_quantile`. Rates, sums over series and what else shapes
histograms is better asked of Prometheus; the classic kind (``_bucket`` series) is not here.

References
----------
https://prometheus.io/docs/specs/native_histograms/ and prometheus/promql/quantile.go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Interpolation = Literal["exponential", "linear"]
"""How observations lie in a bucket: Prometheus 3 has it exponential, before that it was linear."""


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class NativeHistogram:
    """What was observed, as one histogram; a stale one has a count and a sum of NaN.

    Attributes
    ----------
    count, sum : float
        Of all observations; the sum in the metric's own unit.
    lower, upper : ndarray of float64, shape (n,)
        Bounds of the buckets that hold anything, ascending. Where `lower` < 0 < `upper` it is the
        zero bucket.
    counts : ndarray of float64, shape (n,)
        Observations in each bucket.

    Examples
    --------
    >>> lower, upper, counts = np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([2.0, 2.0])
    >>> latency = NativeHistogram(4, 9.5, lower, upper, counts)
    >>> latency.quantile(0.75, "linear"), round(latency.quantile(0.75), 3)
    (3.0, 2.828)
    """

    count: float
    sum: float
    lower: np.ndarray
    upper: np.ndarray
    counts: np.ndarray

    def quantile(self, q: float, interpolation: Interpolation = "exponential") -> float:
        """Return the value below which the share `q` of the observations lies.

        As PromQL has it: ``-inf`` and ``inf`` for `q` below 0 and above 1, NaN of nothing. Custom
        buckets, and what falls into the zero bucket, are read linearly whatever is chosen; custom
        buckets are known by their unbounded ends only, so choose ``"linear"`` for them.
        """
        if math.isnan(q) or not (self.count > 0 and len(self.counts)):
            return math.nan
        if not 0 <= q <= 1:
            return math.copysign(math.inf, q)
        rank, reached = q * self.count, np.cumsum(self.counts)
        place = min(int(np.searchsorted(reached, rank)), len(reached) - 1)
        lower, upper = self._bounds(place)
        if reached[place] < rank or not math.isfinite(lower):  # the rest was NaN
            return upper
        if not math.isfinite(upper):
            return lower
        share = (rank - (reached[place] - self.counts[place])) / self.counts[place]
        return _inside(lower, upper, float(share), interpolation)

    def _bounds(self, place: int) -> tuple[float, float]:
        """Return the bounds to read a bucket by: without negative values 0 is the lowest."""
        lower, upper = float(self.lower[place]), float(self.upper[place])
        negative, positive = bool(place), place < len(self.counts) - 1
        if lower == -math.inf and upper > 0:
            return 0.0, upper
        if lower < 0 < upper and negative != positive:
            return (lower, 0.0) if negative else (0.0, upper)
        return lower, upper


STALE_HISTOGRAM = NativeHistogram(math.nan, math.nan, *(np.empty(0) for _ in range(3)))


@dataclass(frozen=True, eq=False)
class Histograms:
    """The native histograms of one series.

    Attributes
    ----------
    times : ndarray of int64, shape (n,)
        Milliseconds since 1970, increasing.
    each : tuple of NativeHistogram, length n
    """

    times: np.ndarray
    each: tuple[NativeHistogram, ...]

    def __len__(self) -> int:
        return len(self.each)

    @property
    def count(self) -> np.ndarray:
        """The count at each time, shape (n,)."""
        return np.array([one.count for one in self.each], dtype=np.float64)

    @property
    def sum(self) -> np.ndarray:
        """The sum at each time, shape (n,)."""
        return np.array([one.sum for one in self.each], dtype=np.float64)

    def quantile(self, q: float, interpolation: Interpolation = "exponential") -> np.ndarray:
        """Return the quantile at each time, shape (n,); see `NativeHistogram.quantile`."""
        return np.array([one.quantile(q, interpolation) for one in self.each], dtype=np.float64)


NO_HISTOGRAMS = Histograms(np.empty(0, np.int64), ())


def in_order(
    count: float, total: float, lower: np.ndarray, upper: np.ndarray, counts: np.ndarray
) -> NativeHistogram:
    """Return a histogram of buckets in any order, of which some may be empty."""
    held = counts != 0
    order = np.argsort(lower[held], kind="stable")
    buckets = (each[held][order] for each in (lower, upper, counts))
    return NativeHistogram(count, total, *buckets)


def read_document(document: Any) -> NativeHistogram:
    """Read a histogram as Prometheus writes it in JSON.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is none.
    """
    rows = [[float(text) for text in bucket[1:]] for bucket in document.get("buckets") or ()]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return in_order(float(document["count"]), float(document["sum"]), *columns)


def _inside(lower: float, upper: float, share: float, interpolation: Interpolation) -> float:
    """Return the value that `share` of a bucket lies below."""
    if interpolation == "linear" or lower <= 0 <= upper:
        return lower + (upper - lower) * share
    return float(lower * (upper / lower) ** share)
