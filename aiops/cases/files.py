"""The files of a case folder, read and written.

``metrics.parquet``
    Index ``time`` in UTC, columns ``service/metric``, split at the first slash.
``case.json``
    ``id``, ``system``, ``fault``, ``inject_time`` (ISO 8601 with a zone), ``root_cause``
    (``service`` and ``metrics``, a list of ``service/metric`` or null), ``topology`` (pairs of
    caller and callee) and ``trigger`` (``service`` and ``metric``); each may be missing or null.
``logs.parquet``, ``events.json``
    Optional: see `aiops.types.Case` and `aiops.types.Event`.
``queries.json``
    Optional: ``service/metric`` → the PromQL that gives the column's samples again.

Nothing is repaired: a file that breaks a rule is refused with one line that names it. Which
folders there are, and how one is written without ever leaving half a case, is `aiops.datasets`'
matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from aiops.cases.rules import check_facts, check_logs, metrics_frame
from aiops.types import Case, Event, InvalidCase, InvalidInput, InvalidMetrics, MetricId, RootCause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from pydantic import TypeAdapter

T = TypeVar("T")

CASE_FILE = "case.json"
METRICS_FILE = "metrics.parquet"
LOGS_FILE = "logs.parquet"
EVENTS_FILE = "events.json"
QUERIES_FILE = "queries.json"


@dataclass(frozen=True, slots=True)
class _Truth:
    service: str
    metrics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """``case.json`` as it is written."""

    id: str | None = None
    system: str | None = None
    fault: str | None = None
    inject_time: str | None = None
    root_cause: _Truth | None = None
    topology: tuple[tuple[str, str], ...] | None = None
    trigger: MetricId | None = None


@dataclass(frozen=True, slots=True)
class _EventRow:
    """One entry of ``events.json`` as it is written."""

    time: str
    kind: str
    service: str | None = None
    text: str = ""


def is_case(folder: Path) -> bool:
    """Say whether `folder` means to be a case: half of one is refused, not passed over."""
    return any((folder / name).is_file() for name in (CASE_FILE, METRICS_FILE))


def read(folder: Path) -> Case:
    """Read the case in `folder`.

    Raises
    ------
    InvalidCase
        If a file is missing or malformed, or the facts contradict the metrics.
    InvalidMetrics
        If the metrics break a rule of `aiops.types.check_metrics`.
    """
    from pydantic import TypeAdapter

    path = folder / CASE_FILE
    facts = _read_json(path, TypeAdapter(_Facts))
    metrics = folder / METRICS_FILE
    case = Case(
        id=facts.id or folder.resolve().name,
        metrics=metrics_frame(_read_parquet(metrics), metrics, _at_first_slash),
        logs=_read_logs(folder / LOGS_FILE),
        events=_read_events(folder / EVENTS_FILE),
        topology=facts.topology or (),
        trigger=facts.trigger,
        inject_time=None if facts.inject_time is None else _moment(facts.inject_time, path),
        root_cause=None if facts.root_cause is None else _root_cause(facts.root_cause, path),
        fault=facts.fault,
        system=facts.system,
        queries=_read_queries(folder / QUERIES_FILE),
    )
    check_facts(case, str(path))
    return case


def write(case: Case, folder: Path) -> None:
    """Write the files of `case`, which `aiops.cases.rules.check` has passed, into the existing `folder`."""
    labels = ["/".join(name) for name in case.metrics.columns]
    metrics = case.metrics.set_axis(labels, axis=1)
    metrics.rename_axis("time").to_parquet(folder / METRICS_FILE, compression="zstd")
    _write_json(folder / CASE_FILE, _document(case))
    if case.logs is not None:
        case.logs.rename_axis("time").to_parquet(folder / LOGS_FILE, compression="zstd")
    if case.events:
        _write_json(folder / EVENTS_FILE, [_event_row(event) for event in case.events])
    if case.queries:
        queries = {str(MetricId(*series)): query for series, query in case.queries.items()}
        _write_json(folder / QUERIES_FILE, queries)


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`.

    Raises
    ------
    InvalidCase
        If it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidCase(f"{path} is missing") from None
    except OSError as error:
        raise InvalidCase(f"{path} cannot be read: {error.strerror}") from error


def first_line(error: BaseException) -> str:
    """Return the first line of what `error` says."""
    return str(error).partition("\n")[0]


def _read_json(path: Path, kind: TypeAdapter[T]) -> T:
    from pydantic import ValidationError

    try:
        return kind.validate_json(read_bytes(path), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ": ".join([str(path), ".".join(str(part) for part in first["loc"])])
        raise InvalidCase(f"{place.removesuffix(': ')}: {first['msg']}") from None


def _read_parquet(path: Path) -> pd.DataFrame:
    import io

    import pandas as pd
    import pyarrow as pa

    content = read_bytes(path)
    try:
        table = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise InvalidCase(f"{path} is no readable Parquet file: {first_line(error)}") from None
    written_elsewhere = isinstance(table.index, pd.RangeIndex) and "time" in table.columns
    return table.set_index("time") if written_elsewhere else table


def _read_logs(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    logs = _read_parquet(path)
    check_logs(logs, str(path))
    return logs


def _read_events(path: Path) -> tuple[Event, ...]:
    from pydantic import TypeAdapter

    if not path.exists():
        return ()
    rows = _read_json(path, TypeAdapter(tuple[_EventRow, ...]))
    return tuple(Event(_moment(row.time, path), row.kind, row.service, row.text) for row in rows)


def _read_queries(path: Path) -> dict[MetricId, str]:
    from pydantic import TypeAdapter

    if not path.exists():
        return {}
    queries = _read_json(path, TypeAdapter(dict[str, str]))
    try:
        return {MetricId.parse(series): query for series, query in queries.items()}
    except InvalidInput as error:
        raise InvalidCase(f"{path}: {error}") from None


def _moment(text: str, path: Path) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidCase(
            f"{path}: {text!r} is no time; write it as 2026-01-31T12:00:00+00:00"
        ) from None
    if moment.tzinfo is None:
        raise InvalidCase(f"{path}: {text!r} has no time zone; append +00:00 if it is UTC")
    return utc


def _root_cause(truth: _Truth, path: Path) -> RootCause:
    try:
        series = tuple(MetricId.parse(text) for text in truth.metrics or ())
    except InvalidInput as error:
        raise InvalidCase(f"{path}: root_cause.metrics: {error}") from None
    return RootCause(truth.service, series)


def _at_first_slash(name: str) -> MetricId:
    try:
        return MetricId.parse(name)
    except InvalidInput as error:
        raise InvalidMetrics(f"column {error}") from None


def _document(case: Case) -> dict[str, Any]:
    truth = case.root_cause
    return {
        "id": case.id,
        "system": case.system,
        "fault": case.fault,
        "inject_time": case.inject_time.isoformat() if case.inject_time else None,
        "root_cause": truth
        and {"service": truth.service, "metrics": [str(name) for name in truth.metrics] or None},
        "topology": case.topology,
        "trigger": case.trigger and case.trigger._asdict(),
    }


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "time": event.time.isoformat(),
        "kind": event.kind,
        "service": event.service,
        "text": event.text,
    }


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
