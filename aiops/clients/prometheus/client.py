"""The client: questions in Python's terms, answers as frames and small records."""

from __future__ import annotations

import logging
import time
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from aiops.clients.prometheus import remote
from aiops.clients.prometheus.access import Access
from aiops.clients.prometheus.alerts import FIRING, firing
from aiops.clients.prometheus.api import Api
from aiops.clients.prometheus.catalog import Catalog
from aiops.clients.prometheus.peer import connection_options
from aiops.clients.prometheus.reader import NoRemoteRead, RemoteReader
from aiops.clients.prometheus.series import Grid, Table, align, milliseconds
from aiops.clients.prometheus.transport import Transport
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    import pandas as pd

    from aiops.clients.prometheus.alerts import Alert
    from aiops.clients.prometheus.answers import Sample
    from aiops.clients.prometheus.auth import Auth
    from aiops.clients.prometheus.remote import Matcher
    from aiops.clients.prometheus.series import RawSeries
    from aiops.clients.prometheus.tls import Tls

_LOG = logging.getLogger(__name__)

MAX_POINTS = 11_000
"""The most points of one series that Prometheus returns for one range query."""

LOOKBACK_S = 300.0
"""Age at which a sample no longer counts, as Prometheus' own default has it."""

ALERT_STEP_S = 15.0


class PrometheusClient(Catalog):
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
    auth : Auth, optional
        A token, or where it is; or a user and password.
    tls : Tls, optional
        Which certificates count; what the web trusts when left out.

    Raises
    ------
    InvalidInput
        If the URL, a header, a token or a certificate cannot be used, or the extra ``prometheus``
        is not installed.
    """

    def __init__(  # noqa: PLR0913  options, each by its name
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        auth: Auth | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._transport = Transport(url, Access(headers or {}, auth, tls), timeout_s, sleep)
        super().__init__(Api(self._transport))
        self._reader = RemoteReader(self._api)
        self._has_remote_read = True

    @classmethod
    def of(cls, connection: Any) -> Self:
        """Return a client of the server that a ``prometheus_api_client.PrometheusConnect`` reads.

        It takes over the URL, the headers, user and password, the timeout and what TLS is told.

        Raises
        ------
        InvalidInput
            If `connection` is none, or uses what cannot be taken over: a proxy of its own, another
            authentication than user and password.
        """
        return cls(**connection_options(connection))

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

        A vector gives its samples, a scalar one sample without labels. A native histogram is in
        its sample's `histogram`.
        """
        return self._api.vector(expr, at)

    def query_range(self, expr: str, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return the values of a PromQL expression at `start`, `start` + `step_s`, … to `end`.

        Longer ranges than Prometheus answers at once are asked in parts. A native histogram is
        `InvalidInput`: no cell holds one; the text says what to ask instead.

        Returns
        -------
        DataFrame
            float64, NaN where there is no value. Index: the times in UTC, all of them. Columns:
            one per series, a MultiIndex with a level per label (``__name__`` first, "" for a
            label that a series does not have). A series without any value is left out.
        """
        return self._table(expr, Grid.over(start, end, step_s)).frame()

    def query_histograms(
        self, expr: str, start: datetime, end: datetime, step_s: float
    ) -> tuple[RawSeries, ...]:
        """Return the native histograms that a PromQL expression gives over a range of times.

        Series without any are left out. Those of a range longer than Prometheus answers at once
        come once for each part of it.
        """
        parts = Grid.over(start, end, step_s).parts(MAX_POINTS)
        series = chain.from_iterable(self._api.range(expr, part) for part in parts)
        return tuple(one for one in series if len(one.histograms))

    def remote_read(
        self, matchers: Sequence[Matcher], start: datetime, end: datetime
    ) -> tuple[RawSeries, ...]:
        """Return the stored samples of the series that meet all `matchers`, both times included.

        No PromQL and no step: samples, native histograms too, come at the times they were scraped,
        far cheaper than by `query_range`. Prometheus, Thanos and Mimir answer; of other servers,
        which often do not, it is `NoRemoteRead`, an `InvalidInput`. Prometheus 2.42 keeps native
        histograms to itself here: such a series comes without samples; `query_histograms` has them.
        """
        return self._reader.read(matchers, milliseconds(start), milliseconds(end))

    def remote_read_range(
        self, matchers: Sequence[Matcher], start: datetime, end: datetime, step_s: float
    ) -> pd.DataFrame:
        """Return the frame that `query_range` gives for the plain selector of `matchers`.

        A sample counts for less than `LOOKBACK_S` seconds. A server without remote read is asked
        by `query_range`, from its first refusal on; so is one that keeps samples to itself, which
        may be native histograms.
        """
        grid = Grid.over(start, end, step_s)
        table = self._aligned(matchers, grid) if self._has_remote_read else None
        return (table or self._table(remote.selector(matchers), grid)).frame()

    def alerts(
        self, start: datetime, end: datetime, step_s: float = ALERT_STEP_S
    ) -> tuple[Alert, ...]:
        """Return when which alerts of Prometheus' own rules were firing, to one step.

        An alert that fires less than `step_s` seconds may be missed, and one that stops for less
        is told as one.
        """
        return firing(self._table(FIRING, Grid.over(start, end, step_s)))

    def _table(self, expr: str, grid: Grid) -> Table:
        table = Table(grid)
        for part in grid.parts(MAX_POINTS):
            for series in self._api.range(expr, part):
                self._check_plain(series)
                places = self._api.reading(grid.places, series.times)
                table.row(series.labels)[places] = series.samples
        return table

    def _aligned(self, matchers: Sequence[Matcher], grid: Grid) -> Table | None:
        """Return what remote read gives; None where it gives nothing, or a series without samples."""
        table = Table(grid)
        first_ms = grid.start_ms - round(LOOKBACK_S * 1000)
        try:
            found = self._reader.read(matchers, first_ms, grid.end_ms)
        except NoRemoteRead as error:
            _LOG.info("%s", error)
            self._has_remote_read = False
            return None
        for series in found:
            self._check_plain(series)
            if not len(series.times):
                return None
            table.row(series.labels)[:] = align(series, grid, LOOKBACK_S)
        return table

    def _check_plain(self, series: RawSeries) -> None:
        if len(series.histograms):
            raise InvalidInput(
                f"{self.url}: {series.name or 'the result'} is a native histogram, which no cell "
                "of a frame holds; ask query_histograms, or wrap the expression in "
                "histogram_quantile(…) or histogram_count(…)"
            )
