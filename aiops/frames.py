"""The rules of a metrics frame, checked and never repaired.

pandas and numpy are imported inside the functions: the glossary re-exports these, and everything
imports the glossary, `aiops --help` included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.errors import InvalidMetrics

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS = 3
"""Fewest rows of a legal metrics frame: two rows cannot show that the step is regular."""

EXPECTED_LEVELS = ("service", "metric")


def check_metrics(frame: pd.DataFrame) -> None:
    """Raise unless `frame` is a legal metrics frame; never repair anything.

    Legal is: a DataFrame whose index is a UTC DatetimeIndex, strictly increasing and regular,
    with at least `MIN_ROWS` rows; whose columns are a unique two-level MultiIndex named
    (service, metric) of non-empty strings; all float64, finite or NaN (= missing); and in
    which at least one column varies. Constant and empty columns beside it are normal and kept.

    Raises
    ------
    InvalidMetrics
        At the first rule that is broken; the text says which, where, and how to mend it.

    Examples
    --------
    >>> import pandas as pd
    >>> check_metrics(pd.DataFrame({"cpu": [1.0, 2.0, 3.0]}))
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidMetrics: the index is a RangeIndex; give it UTC timestamps (pandas.to_datetime(..., utc=True))
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidMetrics(f"metrics must be a pandas DataFrame, not {type(frame).__name__}")
    _check_index(frame.index)
    _check_columns(frame.columns)
    _check_values(frame)


def as_metrics(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` as a legal metrics frame, so that plain numeric frames work too.

    A frame with (service, metric) columns is checked and returned as it is. In any other
    frame each column becomes a service of its own with the single metric ``value``, numbers
    become float64, and a plain 0, 1, 2, … index is read as seconds since 1970.

    Raises
    ------
    InvalidMetrics
        If a column is not numeric, or the result breaks a rule of `check_metrics`.

    Examples
    --------
    >>> import pandas as pd
    >>> list(as_metrics(pd.DataFrame({"cpu": [1, 2, 3]})).columns)
    [('cpu', 'value')]
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidMetrics(f"metrics must be a pandas DataFrame, not {type(frame).__name__}")
    if frame.columns.nlevels == 1:
        frame = _lift_columns(frame)
    if isinstance(frame.index, pd.RangeIndex):
        frame = frame.set_axis(pd.to_datetime(list(frame.index), unit="s", utc=True))
    check_metrics(frame)
    return frame


def _lift_columns(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if not (pd.api.types.is_integer_dtype(dtype) or pd.api.types.is_float_dtype(dtype)):
            raise InvalidMetrics(f"column {name!r} holds {dtype}, not numbers; drop or convert it")
    pairs = [(str(name), "value") for name in frame.columns]
    columns = pd.MultiIndex.from_tuples(pairs, names=EXPECTED_LEVELS)
    return frame.astype("float64").set_axis(columns, axis=1)


def _check_index(index: pd.Index[Any]) -> None:
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex):
        raise InvalidMetrics(
            f"the index is a {type(index).__name__}; "
            "give it UTC timestamps (pandas.to_datetime(..., utc=True))"
        )
    if index.tz is None:
        raise InvalidMetrics("the index has no time zone; use frame.tz_localize('UTC')")
    if str(index.tz) != "UTC":
        raise InvalidMetrics(f"the index is in {index.tz}; use frame.tz_convert('UTC')")
    if index.hasnans:
        raise InvalidMetrics("the index holds NaT; drop those rows")
    if len(index) < MIN_ROWS:
        raise InvalidMetrics(f"{len(index)} rows are too few; give at least {MIN_ROWS}")
    _check_steps(index)


def _check_steps(index: pd.DatetimeIndex) -> None:
    steps = index[1:] - index[:-1]
    zero = steps.total_seconds() == 0
    if zero.any():
        raise InvalidMetrics(f"time {index[1:][zero][0]} occurs twice; keep one row of each")
    backward = steps.total_seconds() < 0
    if backward.any():
        raise InvalidMetrics(
            f"the index is not sorted: {index[1:][backward][0]} comes too late; use sort_index()"
        )
    odd = steps != steps[0]
    if odd.any():
        raise InvalidMetrics(
            f"the index is not regular: {steps[odd][0]} before {index[1:][odd][0]}, "
            f"{steps[0]} at the start; resample it to one step"
        )


def _check_columns(columns: pd.Index[Any]) -> None:
    if columns.nlevels != len(EXPECTED_LEVELS) or tuple(columns.names) != EXPECTED_LEVELS:
        raise InvalidMetrics(
            "the columns must be a two-level MultiIndex named (service, metric), "
            f"not {columns.nlevels} level(s) named {tuple(columns.names)}"
        )
    for name in columns:
        if not all(isinstance(part, str) and part for part in name):
            raise InvalidMetrics(f"column {name!r} is not two non-empty strings")
    if columns.has_duplicates:
        twice = columns[columns.duplicated()][0]
        raise InvalidMetrics(f"column {'/'.join(twice)} occurs twice; keep one of each")


def _check_values(frame: pd.DataFrame) -> None:
    import numpy as np

    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if dtype != np.float64:
            raise InvalidMetrics(
                f"column {'/'.join(name)} holds {dtype}, not float64; convert it with astype(float)"
            )
    values = frame.to_numpy()
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise InvalidMetrics(
            f"column {'/'.join(frame.columns[column])} is infinite at {frame.index[row]}; "
            "use NaN for a missing value"
        )
    if not _varies(values):
        raise InvalidMetrics(
            "no usable column: every column is empty or constant; check the window and the query"
        )


def _varies(values: Any) -> bool:
    """Say whether any column of the (rows, columns) array holds two different numbers."""
    import numpy as np

    present = ~np.isnan(values)
    low = np.where(present, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(present, values, -np.inf).max(axis=0, initial=-np.inf)
    return bool((low < high).any())
