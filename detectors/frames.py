"""What callers hand in (frames, arrays, rows) and the series and times it stands for.

Only naming and checking; nothing here looks at a sample's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aiops.types import EXPECTED_LEVELS, InvalidMetrics, MetricId

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_frame(X: pd.DataFrame | NDArray[Any]) -> pd.DataFrame:
    """Return a frame as it is, and a two-dimensional array as a frame with columns 0, 1, 2, ….

    Raises
    ------
    InvalidMetrics
        If an array has not two dimensions. Whether a frame is legal is not looked at.
    """
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise InvalidMetrics(f"an array of metrics is (rows, series), not {X.ndim}-dimensional")
        return pd.DataFrame(X)
    return X


def series_ids(labels: pd.Index[Any]) -> pd.MultiIndex:
    """Return labels as (service, metric) pairs; a plain name is a service with one ``value``.

    Raises
    ------
    InvalidMetrics
        If the labels have levels other than (service, metric), or one of them occurs twice.

    Examples
    --------
    >>> list(series_ids(pd.Index(["cpu", 7])))
    [('cpu', 'value'), ('7', 'value')]
    """
    ids = _lift(labels)
    if ids.has_duplicates:
        twice = metric_ids(ids[ids.duplicated()])[0]
        raise InvalidMetrics(f"series {twice} occurs twice; keep one of each")
    return ids


def metric_ids(ids: pd.MultiIndex) -> list[MetricId]:
    """Return (service, metric) pairs as `MetricId`, in their order."""
    return [MetricId(str(service), str(metric)) for service, metric in ids]


def as_times(index: pd.Index[Any]) -> pd.DatetimeIndex:
    """Return the index as UTC times; a plain 0, 1, 2, … is read as seconds since 1970.

    Raises
    ------
    InvalidMetrics
        If the index is neither, or does not increase.
    """
    if isinstance(index, pd.RangeIndex):
        return pd.to_datetime(list(index), unit="s", utc=True)
    if not isinstance(index, pd.DatetimeIndex) or str(index.tz) != "UTC":
        raise InvalidMetrics(
            "the index holds no UTC times; give it some (pandas.to_datetime(..., utc=True))"
        )
    if not index.is_monotonic_increasing:
        raise InvalidMetrics("the index is not sorted; use sort_index()")
    return index


def _lift(labels: pd.Index[Any]) -> pd.MultiIndex:
    if labels.nlevels == 1:
        return pd.MultiIndex.from_arrays(
            [[str(name) for name in labels], ["value"] * len(labels)], names=EXPECTED_LEVELS
        )
    if not isinstance(labels, pd.MultiIndex) or tuple(labels.names) != EXPECTED_LEVELS:
        raise InvalidMetrics(
            f"series are named by (service, metric), not by levels {tuple(labels.names)}"
        )
    return labels
