"""RCAEval's incidents, read where its archives were unpacked.

RCAEval (Pham, Zhang, Ha, Salim, Zhang: "RCAEval: A Benchmark for Root Cause Analysis of
Microservice Systems with Telemetry Data", WWW Companion 2025, doi:10.1145/3701716.3715290) keeps one repetition of one fault in ``<service>_<fault>/<k>/``: a CSV
table whose first column ``time`` counts Unix seconds and whose other columns are called
``service_metric``, and ``inject_time.txt``, the Unix second of the injection. Here a name is
split at its **last** underscore, folder and column alike, since services may contain some
(``ts-auth-service_cpu``, ``frontend_latency-90``).

Only the metrics are read; logs, traces and the files of other benchmarks are not. RCAEval's own
loader fills gaps and drops repeated columns; here they are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiops.cases.files import first_line, read_bytes
from aiops.cases.rules import check_facts, metrics_frame
from aiops.types import Case, InvalidCase, InvalidMetrics, MetricId, RootCause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

TABLES = ("data.csv", "simple_data.csv", "simple_metrics.csv", "metrics.csv")
"""What the table of metrics is called; where several are there, the first is read."""
ONSET_FILE = "inject_time.txt"


def is_case(folder: Path) -> bool:
    """Say whether `folder` means to be one of RCAEval's cases, whole or not."""
    return any((folder / name).is_file() for name in (*TABLES, ONSET_FILE))


def read(folder: Path) -> Case:
    """Read the case in `folder`, whose path ends in ``<service>_<fault>/<k>``.

    Raises
    ------
    InvalidCase
        If a file is missing or malformed, or the folder's name does not tell the root cause.
    InvalidMetrics
        If the table breaks a rule of `aiops.types.check_metrics`, or repeats a column.
    """
    label = folder.resolve().parent.name
    service, _, fault = label.rpartition("_")
    if not (service and fault):
        raise InvalidCase(
            f"{folder}: the root cause is unknown; the folder above must be called "
            f"<service>_<fault>, not {label!r}"
        )
    case = Case(
        id=f"{label}/{folder.resolve().name}",
        metrics=_read_table(_table_path(folder)),
        inject_time=_read_onset(folder / ONSET_FILE),
        root_cause=RootCause(service),
        fault=fault,
    )
    check_facts(case, str(folder / ONSET_FILE))
    return case


def _table_path(folder: Path) -> Path:
    for name in TABLES:
        if (folder / name).is_file():
            return folder / name
    raise InvalidCase(f"{folder} holds none of {', '.join(TABLES)}")


def _read_onset(path: Path) -> datetime:
    text = read_bytes(path).decode(errors="replace").strip()
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidCase(f"{path}: {text[:40]!r} is no Unix time in seconds") from None


def _read_table(path: Path) -> pd.DataFrame:
    import io

    import pyarrow as pa
    from pyarrow import csv

    try:
        # pyarrow, because pandas fills rows that are too short and cuts those that are too long
        table = csv.read_csv(io.BytesIO(read_bytes(path)))
    except pa.ArrowException as error:
        raise InvalidCase(f"{path} is no readable CSV table: {first_line(error)}") from None
    _check_header(table.column_names, path)
    columns = table.drop_columns("time").to_pandas()
    columns.index = _times(table["time"], path)
    return metrics_frame(columns, path, _at_last_underscore)


def _check_header(names: list[str], path: Path) -> None:
    if names[0] != "time":
        raise InvalidMetrics(f"{path}: the first column is {names[0]!r}; it must be 'time'")
    count = Counter(names)
    for name in names:
        original = re.sub(r"\.\d+$", "", name)  # how pandas wrote the second column of a name
        if count[name] > 1 or (name != original and original in count):
            raise InvalidMetrics(f"{path}: column {name!r} repeats {original!r}; keep one of them")


def _times(column: Any, path: Path) -> pd.DatetimeIndex:
    import pandas as pd
    import pyarrow as pa

    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise InvalidMetrics(f"{path}: column 'time' holds {column.type}, not Unix seconds")
    try:
        times: pd.DatetimeIndex = pd.to_datetime(column.to_numpy(), unit="s", utc=True)
    except (ValueError, OverflowError) as error:
        raise InvalidMetrics(f"{path}: column 'time': {first_line(error)}") from None
    return times.rename("time")


def _at_last_underscore(name: str) -> MetricId:
    service, _, metric = name.rpartition("_")
    if not (service and metric):
        raise InvalidMetrics(f"column {name!r} names no series; RCAEval writes service_metric")
    return MetricId(service, metric)
