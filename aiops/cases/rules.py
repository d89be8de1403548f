"""The rules that a case keeps, whoever reads or writes it.

Nothing here touches a disk. `aiops.types.check_metrics` holds the rules of the metrics; these
are about the rest of a case, and about how its facts fit the metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.suggest import nearest
from aiops.types import InvalidCase, InvalidInput, InvalidMetrics, MetricId, check_metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from aiops.types import Case

LOG_COLUMNS = ["service", "level", "message"]
EXACT_INTEGER = 2**53
"""Beyond it float64 no longer holds every integer."""


def check(case: Case) -> None:
    """Raise unless `case` could be written and read back as it is.

    Raises
    ------
    InvalidCase
        If a time has no zone, or a name or a fact cannot be written.
    InvalidMetrics
        If the metrics break a rule of `aiops.types.check_metrics`.
    """
    where = f"case {case.id!r}"
    check_metrics(case.metrics)
    check_facts(case, where)
    named = case.root_cause.metrics if case.root_cause else ()
    for service, metric in [*case.metrics.columns, *named]:
        if "/" in service or not (service and metric):
            raise InvalidCase(
                f"{where}: series {service!r}, {metric!r} cannot be written as service/metric; "
                "rename the service"
            )
    if any(event.time.tzinfo is None for event in case.events):
        raise InvalidCase(f"{where}: an event's time has no time zone; use datetime.UTC")
    if case.logs is not None:
        check_logs(case.logs, f"{where}: logs")


def check_facts(case: Case, where: str) -> None:
    """Raise unless what is said of `case` fits its metrics; `where` opens the message.

    The root cause need not be among the columns: the truth may be unobserved.

    Raises
    ------
    InvalidCase
        If the injection lies outside the window, the trigger or what a query gives is no column, or a name is empty.
    """
    _check_inject_time(case, where)
    if case.trigger is not None and case.trigger not in case.metrics.columns:
        labels = ["/".join(name) for name in case.metrics.columns]
        near = nearest(str(case.trigger), labels)
        raise InvalidCase(f"{where}: the trigger {case.trigger} is no series; the nearest: {near}")
    for series in case.queries:
        if series not in case.metrics.columns:
            raise InvalidCase(
                f"{where}: a query is given for {'/'.join(series)}, which is no series"
            )
    named = [name for edge in case.topology for name in edge]
    if "" in [*named, case.root_cause.service if case.root_cause else None]:
        raise InvalidCase(f"{where}: topology or root_cause names a service with an empty name")


def metrics_frame(
    table: pd.DataFrame, path: Path, split: Callable[[str], MetricId]
) -> pd.DataFrame:
    """Return `table`, indexed by time and read from `path`, as a legal metrics frame.

    Integers become float64 where that is exact; nothing else is changed.

    Parameters
    ----------
    split : callable
        Turns a column's name into the series it stands for, or raises InvalidMetrics.

    Raises
    ------
    InvalidMetrics
        At the first rule that is broken; the text names `path`.
    """
    import pandas as pd

    try:
        series = [split(str(name)) for name in table.columns]
        _check_numbers(table)
        columns = pd.MultiIndex.from_tuples(series, names=MetricId._fields)
        frame = table.astype("float64").set_axis(columns, axis=1)
        check_metrics(frame)
    except InvalidInput as error:
        raise InvalidMetrics(f"{path}: {error}") from None
    return frame


def check_logs(logs: pd.DataFrame, where: str) -> None:
    """Raise unless `logs` are as `aiops.types.Case` says; `where` opens the message.

    Raises
    ------
    InvalidCase
        If the index is not UTC or not sorted, or the columns are others or hold more than text.
    """
    import pandas as pd

    index = logs.index
    if not (isinstance(index, pd.DatetimeIndex) and str(index.tz) == "UTC"):
        raise InvalidCase(f"{where}: the index must be UTC timestamps, not {index.dtype}")
    if index.hasnans or not index.is_monotonic_increasing:
        raise InvalidCase(f"{where}: the times are not in order; use sort_index()")
    if list(logs.columns) != LOG_COLUMNS:
        raise InvalidCase(f"{where}: the columns must be {LOG_COLUMNS}, not {list(logs.columns)}")
    for name in LOG_COLUMNS:
        if pd.api.types.infer_dtype(logs[name], skipna=True) not in {"string", "empty"}:
            raise InvalidCase(f"{where}: column {name} holds something that is not text")


def _check_inject_time(case: Case, where: str) -> None:
    if case.inject_time is None:
        return
    if case.inject_time.tzinfo is None:
        raise InvalidCase(f"{where}: inject_time has no time zone; use datetime.UTC")
    first, last = case.metrics.index[0], case.metrics.index[-1]
    if not first <= case.inject_time <= last:
        raise InvalidCase(
            f"{where}: inject_time {case.inject_time.isoformat()} lies outside the window of the "
            f"metrics, {first.isoformat()} to {last.isoformat()}"
        )


def _check_numbers(table: pd.DataFrame) -> None:
    """Refuse every column that float64 cannot hold exactly; a wholly empty one it can."""
    from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

    for name, column in table.items():
        number = is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)
        if not number and not column.isna().all():
            raise InvalidMetrics(
                f"column {name} holds {column.dtype}, not numbers; drop or convert it"
            )
        if is_integer_dtype(column.dtype) and (column.abs() > EXACT_INTEGER).any():
            raise InvalidMetrics(f"column {name} holds integers too large for float64")
