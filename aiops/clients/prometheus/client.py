"""The client: questions in Python's terms, answers as frames and small records."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from aiops.clients.prometheus import remote
from aiops.clients.prometheus.alerts import FIRING, firing
from aiops.clients.prometheus.answers import read_answer, read_matrix, read_samples
from aiops.clients.prometheus.extra import load
from aiops.clients.prometheus.refusals import one_line
from aiops.clients.prometheus.series import Grid, Table, align, milliseconds
from aiops.clients.prometheus.transport import Transport
from aiops.types import InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    import pandas as pd

    from aiops.clients.prometheus.alerts import Alert
    from aiops.clients.prometheus.answers import Sample
    from aiops.clients.prometheus.remote import Matcher
    from aiops.clients.prometheus.series import RawSeries

T = TypeVar("T")

MAX_POINTS = 11_000
"""The most points of one series that Prometheus returns for one range query."""

LOOKBACK_S = 300.0
"""Age at which a sample no longer counts, as Prometheus' own default has it."""

ALERT_STEP_S = 15.0

_LOG = logging.getLogger(__name__)


class PrometheusClient:
    """Reads one Prometheus, or what speaks as it does; use it in a ``with`` block or close it.

    Every method raises `Unreachable` (no connection, no answer in time, 429 or 5xx to the last
    try, an answer cut short), `Denied` (401, 403), or `InvalidInput` (the query is refused, in
    Prometheus' own words, or there is no Prometheus at the URL).

    Parameters
    ----------
    url : str
        As ``http://host:9090``; a user and password in it are sent, and shown nowhere.
    headers : mapping, optional
        Sent with every request: a bearer token, a tenant.
    timeout_s : float
        Longest wait for a connection, and for the server's next byte.
    sleep : callable
        Waits for a number of seconds before another try.

    Raises
    ------
    InvalidInput
        If the URL or a header cannot be used, or the extra ``prometheus`` is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(url, headers or {}, timeout_s, sleep)

    @property
    def url(self) -> str:
        """Where Prometheus is, without user and password."""
        return self._transport.url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ready(self) -> bool:
        """Say whether Prometheus is up and ready to answer; asks once and does not wait."""
        return self._transport.answers("-/ready")

    def query(self, expr: str, at: datetime | None = None) -> tuple[Sample, ...]:
        """Return the value of a PromQL expression at one time (now when left out).

        A vector gives its samples, a scalar one sample without labels.
        """
        data = {"query": expr}
        if at is not None:
            data["time"] = _seconds(milliseconds(at))
        return self._ask(read_samples, "POST", "api/v1/query", data=data)

    def query_range(self, expr: str, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return the values of a PromQL expression at `start`, `start` + `step_s`, … to `end`.

        Longer ranges than Prometheus answers at once are asked in parts.

        Returns
        -------
        DataFrame
            float64, NaN where there is no value. Index: the times in UTC, all of them. Columns:
            one per series, a MultiIndex with a level per label (``__name__`` first, "" for a
            label that a series does not have). A series without any value is left out.
        """
        return self._table(expr, Grid.over(start, end, step_s)).frame()

    def remote_read(
        self, matchers: Sequence[Matcher], start: datetime, end: datetime
    ) -> tuple[RawSeries, ...]:
        """Return the stored samples of the series that meet all `matchers`, both times included.

        No PromQL and no step: samples come at the times they were scraped, far cheaper than by
        `query_range`. Prometheus, Thanos and Mimir answer; other servers often do not.
        """
        return self._remote_read(matchers, milliseconds(start), milliseconds(end))

    def remote_read_range(
        self, matchers: Sequence[Matcher], start: datetime, end: datetime, step_s: float
    ) -> pd.DataFrame:
        """Return the frame that `query_range` gives for the plain selector of `matchers`.

        A sample counts for less than `LOOKBACK_S` seconds.
        """
        table = Table(Grid.over(start, end, step_s))
        first_ms = table.grid.start_ms - round(LOOKBACK_S * 1000)
        for series in self._remote_read(matchers, first_ms, table.grid.end_ms):
            table.row(series.labels)[:] = align(series, table.grid, LOOKBACK_S)
        return table.frame()

    def alerts(
        self, start: datetime, end: datetime, step_s: float = ALERT_STEP_S
    ) -> tuple[Alert, ...]:
        """Return when which alerts of Prometheus' own rules were firing, to one step.

        An alert that fires less than `step_s` seconds may be missed, and one that stops for less
        is told as one.
        """
        return firing(self._table(FIRING, Grid.over(start, end, step_s)))

    def labels(self) -> tuple[str, ...]:
        """Return the names of all labels."""
        return self._ask(tuple, "GET", "api/v1/labels")

    def label_values(self, name: str) -> tuple[str, ...]:
        """Return all values of the label `name`."""
        return self._ask(tuple, "GET", f"api/v1/label/{quote(name, safe='')}/values")

    def _table(self, expr: str, grid: Grid) -> Table:
        table = Table(grid)
        for part in grid.parts(MAX_POINTS):
            for series in self._range(expr, part):
                places = self._reading(grid.places, series.times)
                table.row(series.labels)[places] = series.samples
        return table

    def _range(self, expr: str, grid: Grid) -> tuple[RawSeries, ...]:
        data = {
            "query": expr,
            "start": _seconds(grid.start_ms),
            "end": _seconds(grid.end_ms),
            "step": _seconds(grid.step_ms),
        }
        return self._ask(read_matrix, "POST", "api/v1/query_range", data=data)

    def _remote_read(
        self, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> tuple[RawSeries, ...]:
        snappy = load("cramjam").snappy
        request = remote.encode_request(matchers, start_ms, end_ms)
        body = self._transport.fetch(
            "POST",
            "api/v1/read",
            media="application/x-protobuf",
            content=bytes(snappy.compress_raw(request)),
            headers=remote.HEADERS,
        )
        try:
            message = bytes(snappy.decompress_raw(body))
        except load("cramjam").DecompressionError:
            raise Unreachable(f"{self.url}: a remote read came back incomplete") from None
        return self._reading(remote.decode_response, message)

    def _ask(self, read: Callable[[Any], T], method: str, path: str, **content: Any) -> T:
        """Fetch a JSON answer, log what it warns of, and read what is in it."""
        body = self._transport.fetch(method, path, media="application/json", **content)
        answer = self._reading(read_answer, body)
        for warning in answer.warnings:
            _LOG.warning("%s: %s", self.url, one_line(warning))
        return self._reading(read, answer.data)

    def _reading(self, read: Callable[[Any], T], content: Any) -> T:
        """Read what came with a 200; where that fails, it is incomplete or not Prometheus'."""
        try:
            return read(content)
        except InvalidInput as error:
            raise InvalidInput(f"{self.url}: {error}") from None
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise Unreachable(
                f"{self.url}: the answer is cut short or not Prometheus' ({one_line(str(error))})"
            ) from None


def _seconds(ms: int) -> str:
    """Write milliseconds as seconds, exactly.

    Examples
    --------
    >>> _seconds(1_700_000_000_250)
    '1700000000.250'
    """
    return f"{ms // 1000}.{ms % 1000:03d}"
