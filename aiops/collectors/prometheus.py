"""Metrics by PromQL: a file says which expression gives which metric, the result says of whom.

The expressions do the shaping (counters into rates, histograms into quantiles, pods into
services); what they give is checked, not guessed at. How the call graph can be read from the
system itself is not here: the file lists it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping  # noqa: TC003  pydantic reads these annotations
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from aiops.suggest import did_you_mean
from aiops.types import EXPECTED_LEVELS, InvalidInput, NotEnoughData, check_metrics

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from aiops.clients.prometheus import Alert, PrometheusClient

SERVICE = "service"
"""The label that says whose series it is."""


@dataclass(frozen=True)
class Queries:
    """What to ask a Prometheus for, and what it cannot say.

    Attributes
    ----------
    metrics : mapping
        Metric → PromQL whose result has one series per value of the label ``service``.
    calls : tuple of (caller, callee)
        The call graph.
    entries : tuple of str
        The services that users call.
    """

    metrics: Mapping[str, str]
    calls: tuple[tuple[str, str], ...] = ()
    entries: tuple[str, ...] = ()


def load_queries(path: Path) -> Queries:
    """Read a TOML file with a table ``[metrics]``, and optionally ``calls`` and ``entries``.

    Raises
    ------
    InvalidInput
        If the file cannot be read, a key is unknown, or a value does not fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "queries.toml")
    ...     _ = path.write_text('''calls = [["web", "cart"]]
    ... [metrics]
    ... request_rate = "sum by (service) (rate(http_requests_total[1m]))"
    ... ''')
    ...     load_queries(path).calls
    (('web', 'cart'),)
    """
    from pydantic import TypeAdapter, ValidationError

    document = _read(path)
    known = [field.name for field in fields(Queries)]
    for key in document:
        if key not in known:
            raise InvalidInput(f"{path}: {key}: no such key; {did_you_mean(key, known)}")
    try:
        queries = TypeAdapter(Queries).validate_python(document)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise InvalidInput(f"{path}: {where}: {problem['msg']}") from None
    _check(queries, path)
    return queries


class PrometheusCollector:
    """Brings metrics frames, alerts and the call graph of one system.

    Its methods raise what the client's raise, too.

    Parameters
    ----------
    client : PrometheusClient
        Where the system's metrics are.
    queries : Queries
        What to ask for.
    """

    def __init__(self, client: PrometheusClient, queries: Queries) -> None:
        self.client = client
        self.queries = queries

    @property
    def topology(self) -> tuple[tuple[str, str], ...]:
        """The call graph as (caller, callee)."""
        return self.queries.calls

    @property
    def entries(self) -> tuple[str, ...]:
        """The services that users call."""
        return self.queries.entries

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return every metric of every service from `start` to `end`, one row each `step_s`.

        What is not a finite number (a ratio of nothing to nothing) is missing; a metric that a
        service lacks over the whole window has no column. The frame passes `check_metrics`.

        Raises
        ------
        InvalidInput
            If a query is refused, or does not give one series per service.
        NotEnoughData
            If no query gives a value.
        InvalidMetrics
            If the frame breaks a rule of `check_metrics`: too few rows, nothing that varies.
        """
        frame = self.part(start, end, step_s)
        check_metrics(frame)
        return frame

    def part(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return a part of a longer frame: as `metrics`, but nothing in it needs to vary."""
        import pandas as pd

        parts = [self._metric(name, start, end, step_s) for name in self.queries.metrics]
        frame = pd.concat(parts, axis=1).dropna(axis=1, how="all").sort_index(axis=1)
        if frame.empty:
            raise NotEnoughData(
                f"{self.client.url}: no query has a value between {start} and {end}; "
                "check the window and the queries"
            )
        return frame

    def alerts(self, start: datetime, end: datetime) -> tuple[Alert, ...]:
        """Return when which of Prometheus' own alerts were firing."""
        return self.client.alerts(start, end)

    def _metric(self, name: str, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return one metric, its columns (service, metric)."""
        import numpy as np
        import pandas as pd

        try:
            frame = self.client.query_range(self.queries.metrics[name], start, end, step_s)
            services = _services(frame.columns)
        except InvalidInput as error:
            raise InvalidInput(f"metric {name}: {error}") from None
        columns = pd.MultiIndex.from_product([services, [name]], names=EXPECTED_LEVELS)
        return frame.set_axis(columns, axis=1).replace([np.inf, -np.inf], np.nan)


def _services(columns: pd.Index[Any]) -> list[str]:
    """Return the service of each column; each has one, and one of its own."""
    if SERVICE not in columns.names and len(columns):
        raise InvalidInput(
            f"the result has no label {SERVICE!r}; write sum by ({SERVICE}) (…), "
            f'or label_replace(…, "{SERVICE}", "$1", <label>, "(.*)")'
        )
    services = list(columns.get_level_values(SERVICE)) if len(columns) else []
    for service, series in Counter(services).items():
        if not service or "/" in service:
            raise InvalidInput(f"{service!r} is no name of a {SERVICE}; use label_replace")
        if series > 1:
            raise InvalidInput(
                f"{SERVICE} {service!r} has {series} series, told apart by "
                f"{_differing(columns, service)}; aggregate them, as in sum by ({SERVICE}) (…)"
            )
    return services


def _differing(columns: pd.Index[Any], service: str) -> str:
    """Name the labels in which the series of one service differ."""
    same = columns[columns.get_level_values(SERVICE) == service].to_frame(index=False)
    return ", ".join(str(name) for name in same if len(same[name].unique()) > 1)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path}: is not TOML: {error}") from None


def _check(queries: Queries, path: Path) -> None:
    named = [*queries.metrics, *queries.entries, *(name for call in queries.calls for name in call)]
    if not queries.metrics:
        raise InvalidInput(
            f"{path}: metrics: names no metric; write a line such as cpu = '<PromQL>'"
        )
    if "" in named:
        raise InvalidInput(f"{path}: a metric or service has an empty name")
