"""How strange each series became after the onset, measured against its own past.

Not a detector: it looks once, at a window that is over, and compares what came after the
onset with what the same series did in windows of the same length before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.types import NotEnoughData
from detectors.baseline import center_and_scale
from detectors.quantiles import nan_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray


MIN_BEFORE = 8
"""Fewest rows before the onset, and fewest values a series needs there to be judged."""

CAP = 30.0
"""Largest |z| that counts: beyond it a series is not stranger, only flatter before."""

LEAST_SPREAD = 1e-3
"""Least spread of a series, as a share of its range over the whole window: what was constant
before the onset then counts as very still, not as infinitely so."""

VANISHED_Z = 10.0
"""The |z| given to a series that was always there and then is gone: plainly strange, not more."""


@dataclass(frozen=True)
class Strangeness:
    """The strangeness of n series at the onset, and in w windows of the same length before it.

    Attributes
    ----------
    z : array, (rows, n)
        Signed robust z of every sample against the rows before the onset; NaN where missing.
    split : int
        Number of rows before the onset.
    size : array, (w + 1, n)
        90th percentile of |z| in each past window; the last row is the window after the onset.
    excess : array, (w + 1, n)
        By how many e-folds `size` exceeds what the past shows, ≥ 0.
    vanished : array of bool, (n,)
        The series was always there before the onset and is gone in the later half after it.
    """

    z: NDArray[np.float64]
    split: int
    size: NDArray[np.float64]
    excess: NDArray[np.float64]
    vanished: NDArray[np.bool_]


def measure(values: NDArray[Any], split: int) -> Strangeness:
    """Measure each column of `values` after row `split` against the rows before it.

    The 90th percentile, not the maximum, so that one wild sample in a long window does not
    decide; compared on a logarithmic scale with the 95th percentile of the same figure over
    past windows, so that a series that is always restless has to be more restless than usual.

    Parameters
    ----------
    values : array, (rows, n)
        The samples; NaN = missing.
    split : int
        Row of the onset.

    Raises
    ------
    NotEnoughData
        If fewer than `MIN_BEFORE` rows lie before the onset, or none after it.
    """
    rows = len(values)
    if split < MIN_BEFORE or split >= rows:
        raise NotEnoughData(
            f"{split} rows lie before the onset and {rows - split} from it on; "
            f"give at least {MIN_BEFORE} before and 1 after, or another onset"
        )
    center, scale = center_and_scale(values[:split])
    reach = nan_quantile(values, 1.0) - nan_quantile(values, 0.0)
    scale = np.fmax(scale, LEAST_SPREAD * reach)
    known = np.isfinite(values[:split]).sum(axis=0) >= MIN_BEFORE
    usable = known & (scale > 0)
    z = (values - np.where(usable, center, 0.0)) / np.where(usable, scale, np.inf)
    z = np.clip(z, -CAP, CAP)
    vanished = known & _vanished(values, split)
    size = _window_sizes(z, split)
    size[-1] = np.where(vanished, np.maximum(size[-1], VANISHED_Z), size[-1])
    return Strangeness(z, split, size, _excess(size), vanished)


def _vanished(values: NDArray[Any], split: int) -> NDArray[np.bool_]:
    """Say which series were always there before `split` and are not there in the end.

    The later half decides: what dies at the onset may still be reported for a few rows.
    """
    there = np.isfinite(values)
    later = (split + len(values)) // 2
    result: NDArray[np.bool_] = (there[:split].mean(axis=0) >= 0.9) & ~there[later:].any(axis=0)
    return result


def _window_sizes(z: NDArray[np.float64], split: int) -> NDArray[np.float64]:
    """Return the 90th percentile of |z| in half-overlapping past windows and after the onset."""
    length = max(min(len(z) - split, split // 4), 1)
    past = np.lib.stride_tricks.sliding_window_view(np.abs(z[:split]), length, axis=0)
    past = past[:: max(1, length // 2)]
    sizes = [nan_quantile(past, 0.9, axis=-1), nan_quantile(np.abs(z[split:]), 0.9)[None]]
    return np.nan_to_num(np.concatenate(sizes))


def _excess(size: NDArray[np.float64]) -> NDArray[np.float64]:
    usual = nan_quantile(size[:-1], 0.95)
    result: NDArray[np.float64] = np.maximum(np.log1p(size) - np.log1p(usual), 0.0)
    return result
