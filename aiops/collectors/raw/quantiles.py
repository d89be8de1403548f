"""Histogram buckets into quantiles, exactly as Prometheus' ``histogram_quantile()``.

Classic histograms, whose buckets are series with a label ``le``. The rule is that of Prometheus
2.42; newer ones also level out differences below 1e-12 of neighbouring buckets, which can only
tell at a quantile that rounding alone decides. Native histograms are not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOUND = "le"
"""The label that holds a bucket's upper bound."""

_Labels = tuple[tuple[str, str], ...]


def histogram_quantile(q: float, uppers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the `q`-quantile of histograms with the same buckets, by linear interpolation.

    Parameters
    ----------
    q : float
        0 to 1; what lies outside gives minus or plus infinity, as in Prometheus.
    uppers : ndarray of float64, shape (buckets,)
        Upper bounds, strictly increasing.
    counts : ndarray of float64, shape (..., buckets, points)
        Cumulative counts, or their rates. NaN is a bucket that is not there at that moment; a
        count below that of a lower bucket is raised to it.

    Returns
    -------
    ndarray of float64, shape (..., points)
        NaN without a bucket of +Inf, without a second one, or without any observation; the
        highest finite bound where the quantile lies above it.

    Examples
    --------
    >>> counts = np.array([[2.0], [4.0], [4.0]])
    >>> histogram_quantile(0.75, np.array([1.0, 3.0, np.inf]), counts).tolist()
    [2.0]
    """
    present = ~np.isnan(counts)
    if not 0 <= q <= 1:
        outside = np.nan if np.isnan(q) else np.copysign(np.inf, q)
        return np.where(present.any(axis=-2), outside, np.nan)
    rising = np.maximum.accumulate(np.where(present, counts, -np.inf), axis=-2)
    total = rising[..., -1, :]
    legal = (
        present[..., -1, :] & (present.sum(axis=-2) >= 2) & (total != 0) & np.isposinf(uppers[-1])
    )
    rank = q * np.where(legal, total, 1.0)
    reached = present & (rising >= rank[..., None, :])
    reached[..., -1, :] = True  # whatever no bucket reaches lies in that of +Inf
    return np.where(legal, _within(uppers, rising, present, reached.argmax(axis=-2), rank), np.nan)


def quantiles(
    q: float, labels: Sequence[Mapping[str, str]], counts: np.ndarray
) -> tuple[tuple[dict[str, str], ...], np.ndarray]:
    """Return the `q`-quantile of every histogram among many series of buckets.

    Series that differ in ``le`` alone are one histogram; two spellings of the same bound are one
    bucket, their counts added.

    Parameters
    ----------
    q : float
        As in `histogram_quantile`.
    labels : sequence of mapping
        One per series, all different, each with ``le``; drop or sum over the others before.
    counts : ndarray of float64, shape (series, points)
        As in `histogram_quantile`.

    Returns
    -------
    labels : tuple of dict
        Of each histogram, without ``le``, sorted.
    values : ndarray of float64, shape (histograms, points)

    Raises
    ------
    InvalidInput
        If a series has no ``le``, or one that is no number.
    """
    members: dict[_Labels, dict[float, list[int]]] = {}
    for row, each in enumerate(labels):
        key = tuple(sorted((name, value) for name, value in each.items() if name != BOUND))
        members.setdefault(key, {}).setdefault(_bound(each), []).append(row)
    alike: dict[tuple[float, ...], list[_Labels]] = {}
    for key in sorted(members):
        alike.setdefault(tuple(sorted(members[key])), []).append(key)
    found = {
        key: values
        for uppers, keys in alike.items()
        for key, values in zip(keys, _of_alike(q, uppers, keys, members, counts), strict=True)
    }
    ordered = sorted(found)
    values = np.array([found[key] for key in ordered]).reshape(len(ordered), counts.shape[-1])
    return tuple(dict(key) for key in ordered), values


def _of_alike(
    q: float,
    uppers: tuple[float, ...],
    keys: Sequence[_Labels],
    members: Mapping[_Labels, Mapping[float, Sequence[int]]],
    counts: np.ndarray,
) -> np.ndarray:
    """Return the quantile of the histograms `keys`, whose bounds are `uppers`, in one go."""
    buckets = np.array([[_added(counts[members[key][upper]]) for upper in uppers] for key in keys])
    return histogram_quantile(q, np.array(uppers), buckets)


def _added(counts: np.ndarray) -> np.ndarray:
    """Return the sum over rows of what is there; NaN where nothing is."""
    missing = np.isnan(counts)
    return np.where(missing.all(axis=0), np.nan, np.where(missing, 0.0, counts).sum(axis=0))


def _within(
    uppers: np.ndarray, rising: np.ndarray, present: np.ndarray, place: np.ndarray, rank: np.ndarray
) -> np.ndarray:
    """Return the value at `rank` in the bucket at `place`; both have the shape (..., points)."""
    below = _take(_last_before(present), place)
    first, last = below < 0, place == len(uppers) - 1
    under = np.where(first, 0.0, _take(rising, np.maximum(below, 0)))
    start, end = np.where(first, 0.0, uppers[below]), uppers[place]
    with np.errstate(all="ignore"):  # no observation, or no upper bound
        inside = start + (end - start) * ((rank - under) / (_take(rising, place) - under))
    edge = last | (first & (end <= 0))
    return np.where(edge, np.where(last, start, end), inside)


def _last_before(present: np.ndarray) -> np.ndarray:
    """Return for each bucket the nearest lower one that is there, -1 without one."""
    places = np.where(present, np.arange(present.shape[-2])[:, None], -1)
    before = np.maximum.accumulate(places, axis=-2)
    return np.concatenate([np.full_like(before[..., :1, :], -1), before[..., :-1, :]], axis=-2)


def _take(buckets: np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.take_along_axis(buckets, place[..., None, :], axis=-2)[..., 0, :]


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels[BOUND])
    except (KeyError, ValueError):
        raise InvalidInput(
            f"the series {dict(labels)} is no bucket; its label {BOUND} must be a number or +Inf"
        ) from None
