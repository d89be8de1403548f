"""From instances to workloads: what thirty pods measure becomes what their service measures.

Names of instances end here, so that rolling pods renames no column. A workload's value is the
sum over the instances that there are; the highest and the spread tell one bad pod from a load
that all share. Ratios and the like are averaged, not summed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from aiops.collectors.kinds import MAX, SPREAD
from aiops.types import EXPECTED_LEVELS, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

K = TypeVar("K", bound=tuple[Any, ...])

INSTANCE_LEVELS = ("service", "instance", "metric")
"""The levels of the columns of a frame with one column per instance."""


def to_workloads(
    frame: pd.DataFrame,
    *,
    averaged: Collection[str] = (),
    whole: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a metrics frame of workloads from one of instances.

    Column (service, metric) is the sum over the service's instances, or their mean where the
    metric is in `averaged`. A metric that some service has from more than one instance also gets
    (service, metric_max) and (service, metric_spread), for every service.

    Parameters
    ----------
    frame : DataFrame
        float64; columns are a MultiIndex of `INSTANCE_LEVELS`. NaN where an instance is not there.
    averaged : collection of str
        Metrics that cannot be added: ratios, ages.
    whole : DataFrame, optional
        bool, labelled as `frame`: False where a value is of a part of its window, as that of a
        counter which was born or died inside (`aiops.collectors.raw.rates.Windows.whole`). Such a
        value counts for the sum and the mean, but not for the highest and the spread: a pod that
        just starts is not one that is idle. Where a service has no other, these are missing.

    Returns
    -------
    DataFrame
        Columns (service, metric), sorted; NaN where no instance has a value.

    Raises
    ------
    InvalidInput
        If the columns have other levels, or a metric already bears the name of one to be made.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = pd.MultiIndex.from_tuples(
    ...     [("cart", "a", "cpu"), ("cart", "b", "cpu")], names=INSTANCE_LEVELS)
    >>> to_workloads(pd.DataFrame([[1.0, 3.0]], columns=columns)).to_dict("records")
    [{('cart', 'cpu'): 4.0, ('cart', 'cpu_max'): 3.0, ('cart', 'cpu_spread'): 2.0}]
    """
    import pandas as pd

    if tuple(frame.columns.names) != INSTANCE_LEVELS:
        raise InvalidInput(
            f"the columns must have the levels {INSTANCE_LEVELS}, not {tuple(frame.columns.names)}"
        )
    services, _, metrics = (frame.columns.get_level_values(level) for level in INSTANCE_LEVELS)
    keys = list(zip(services, metrics, strict=True))
    series, values = _grouped(keys, frame.to_numpy(np.float64).T)
    fit = np.ones(frame.shape, bool) if whole is None else whole[frame.columns].to_numpy(bool)
    _, fits = _grouped(keys, fit.T)
    several = {metric for (_, metric), rows in zip(series, values, strict=True) if len(rows) > 1}
    _check_names(set(metrics), several)
    columns: dict[tuple[str, str], np.ndarray] = {}
    for (service, metric), rows, fitting in zip(series, values, fits, strict=True):
        columns[service, metric] = total(rows, mean=metric in averaged)
        if metric in several:
            high, low = _extremes(rows, fitting)
            columns[service, metric + MAX], columns[service, metric + SPREAD] = high, high - low
    names = pd.MultiIndex.from_tuples(list(columns), names=EXPECTED_LEVELS)
    data = np.array(list(columns.values())).reshape(len(columns), len(frame)).T
    return pd.DataFrame(data, index=frame.index, columns=names).sort_index(axis=1)


def sum_by(
    labels: Sequence[Mapping[str, str]], values: np.ndarray, by: Collection[str]
) -> tuple[tuple[dict[str, str], ...], np.ndarray]:
    """Add series that agree in the labels `by`, as PromQL's ``sum by (…)`` does.

    Parameters
    ----------
    labels : sequence of mapping
        One per series.
    values : ndarray of float64, shape (series, points)
        NaN is a series that is not there at that moment.

    Returns
    -------
    labels : tuple of dict
        Those of `by` that each group has, sorted.
    values : ndarray of float64, shape (groups, points)
        NaN where no series of the group is there.

    Examples
    --------
    >>> sum_by([{"pod": "a", "le": "1"}, {"pod": "b", "le": "1"}], np.ones((2, 1)), ["le"])
    (({'le': '1'},), array([[2.]]))
    """
    keys = [tuple(sorted((n, v) for n, v in each.items() if n in by)) for each in labels]
    groups, rows = _grouped(keys, values)
    sums = np.array([total(each) for each in rows]).reshape(len(groups), values.shape[-1])
    return tuple(dict(group) for group in groups), sums


def total(rows: np.ndarray, *, mean: bool = False) -> np.ndarray:
    """Return the sum, or the mean, over rows of what is there; NaN where nothing is."""
    there = ~np.isnan(rows)
    counts = there.sum(axis=0)
    sums = np.where(there, rows, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1) if mean else sums, np.nan)


def _grouped(keys: Sequence[K], values: np.ndarray) -> tuple[list[K], list[np.ndarray]]:
    """Return the different keys in order, and the rows of `values` that belong to each."""
    places: dict[K, list[int]] = {}
    for row, key in enumerate(keys):
        places.setdefault(key, []).append(row)
    ordered = sorted(places)
    return ordered, [values[places[key]] for key in ordered]


def _extremes(rows: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and the lowest of the rows at each point, as far as they are whole."""
    fit = whole & ~np.isnan(rows)
    high = np.where(fit, rows, -np.inf).max(axis=0)
    low = np.where(fit, rows, np.inf).min(axis=0)
    nobody = ~fit.any(axis=0)
    return np.where(nobody, np.nan, high), np.where(nobody, np.nan, low)


def _check_names(metrics: Collection[str], several: Collection[str]) -> None:
    for metric in several:
        for taken in {f"{metric}{MAX}", f"{metric}{SPREAD}"} & set(metrics):
            raise InvalidInput(
                f"metric {taken!r} bears the name of what is made of {metric!r}; rename it"
            )
