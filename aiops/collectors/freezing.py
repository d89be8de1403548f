"""A window of a living system as a case: metrics, call graph, events and logs, all of one time.

What is read is decided by what is there: an inventory of the series, a plan of expressions over
them, and few queries. A file of queries may take the place of both. Nothing is judged here.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

import pandas as pd

from aiops.collectors.callgraph import CallGraph, Edge, collect_calls, from_kubernetes, merged
from aiops.collectors.changes import changes_from_prometheus
from aiops.collectors.inventory.taking import take_inventory
from aiops.collectors.labels.promql import quoted
from aiops.collectors.logs import level_rates
from aiops.collectors.logs.rates import LOG_ERROR_RATE
from aiops.collectors.prometheus import PrometheusCollector
from aiops.collectors.pull.pulling import pull
from aiops.collectors.signals.planning import plan_signals
from aiops.types import Case, InvalidMetrics, MetricId, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.port import EventsSource, LogsSource
    from aiops.collectors.prometheus import Queries
    from aiops.collectors.signals import Signal
    from aiops.collectors.window import Window
    from aiops.settings import Settings
    from aiops.types import Event

MOST_QUERIES = 40
"""For the columns; what there is, who calls whom and what changed take up to ten more."""

MOST_COLUMNS = 20_000
"""What a person waits for: a ranking of more columns takes longer than reading them."""

UNKNOWN_SCRAPE_S = 1.0
"""Where nothing tells how often is scraped, the length of the window alone decides the step."""

DATA_SINCE, DATA_STEP_S = timedelta(days=30), 3600.0
"""How far back it is looked for data, and how finely, where a window holds none."""


@dataclass(frozen=True)
class Sources:
    """What there is to read besides the metrics.

    Attributes
    ----------
    queries : Queries or None
        What to ask for; found out when None.
    cluster, namespaces
        Where Kubernetes' objects are, for the call graph.
    events, logs
        Whoever has some.
    """

    queries: Queries | None = None
    cluster: KubernetesClient | None = None
    namespaces: tuple[str, ...] = ()
    events: tuple[EventsSource, ...] = ()
    logs: tuple[LogsSource, ...] = ()


@dataclass(frozen=True)
class Frozen:
    """A case and how it came about.

    Attributes
    ----------
    window : Window
        What was read, on the grid of the step.
    step_s : float
        Seconds from row to row.
    series : int
        How many stored series the columns were made of; 0 where a file of queries decided.
    asked : int
        How many queries the metrics took.
    notes : tuple of str
        What was left out, a sentence each.
    """

    case: Case
    window: Window
    step_s: float
    series: int
    asked: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Metrics:
    """What one way of reading the metrics brought."""

    frame: pd.DataFrame
    queries: Mapping[MetricId, str]
    window: Window
    step_s: float
    series: int
    asked: int
    notes: tuple[str, ...]
    changes: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Freezer:
    """Reads windows of one system.

    Attributes
    ----------
    client : PrometheusClient
        Where its metrics are.
    settings : Settings
        Whose a series is, and where the call graph comes from.
    tell : callable
        Is told what is being done.
    """

    client: PrometheusClient
    settings: Settings
    sources: Sources
    tell: Callable[[str], None]

    def freeze(self, window: Window, *, case_id: str, step_s: float | None = None) -> Frozen:
        """Read a window and everything that is known of it.

        Parameters
        ----------
        step_s : float, optional
            Chosen by the length of the window and how often is scraped when left out.

        Raises
        ------
        NotEnoughData
            If there is no data in the window; says when there is, where targets are scraped.
        InvalidInput, Denied, Unreachable
            As the client and the sources raise them.
        """
        queries = self.sources.queries
        try:
            read = (
                self._discovered(window, step_s)
                if queries is None
                else self._asked(queries, window, step_s)
            )
        except NotEnoughData as error:
            raise NotEnoughData(f"{error}{_where_there_is_data(self.client)}") from None
        self.tell("reading the call graph, events and logs")
        graph = self._calls(read)
        logs = self._logs(read)
        case = Case(
            id=case_id,
            metrics=read.frame if logs is None else _with_errors(read, logs),
            logs=logs,
            events=self._events(read),
            topology=graph.topology,
            queries=dict(read.queries),
            system=self.client.url,
        )
        notes = (*read.notes, *graph.notes)
        return Frozen(case, read.window, read.step_s, read.series, read.asked, notes)

    def _discovered(self, window: Window, step_s: float | None) -> _Metrics:
        """Read what an inventory of the series says there is."""
        self.tell("looking what there is")
        labels = self.settings.labels
        inventory = take_inventory(self.client, labels, window.start, window.end)
        step = step_s or window.step_s(inventory.scrape_s)
        grid = window.on_grid(step)
        planned = plan_signals(inventory, step_s=step)
        signals = _most_telling(planned)
        found = pull(
            self.client, signals, grid.start, grid.end, step,
            tell=self.tell, most_queries=MOST_QUERIES,
        )  # fmt: skip
        notes = [f"{one.column} is left out: {one.why}" for one in found.refused]
        left_out = [*found.left_out, *(one.column for one in planned[len(signals) :])]
        if left_out:
            notes.append(
                f"the {len(left_out)} least telling metrics are left out, to spare the server and "
                f"your time: {left_out[0]} and so on"
            )
        return _Metrics(
            found.frame, found.queries, grid, step, inventory.series, found.asked, tuple(notes),
            changes_from_prometheus(self.client, inventory, grid.start, grid.end, step),
        )  # fmt: skip

    def _asked(self, queries: Queries, window: Window, step_s: float | None) -> _Metrics:
        """Read what a file of queries asks for."""
        self.tell("asking the queries of the file")
        scraped_s = self.client.scrape_interval_s(window.end)
        step = step_s or window.step_s(scraped_s or UNKNOWN_SCRAPE_S)
        grid = window.on_grid(step)
        frame = PrometheusCollector(self.client, queries).metrics(grid.start, grid.end, step)
        narrowed = {
            MetricId(*name): _narrowed(queries.metrics[name[1]], name[0]) for name in frame.columns
        }
        return _Metrics(frame, narrowed, grid, step, 0, len(queries.metrics), ())

    def _calls(self, read: _Metrics) -> CallGraph:
        """Return who calls whom, from the file of queries or else from all that names calls."""
        queries, window = self.sources.queries, read.window
        if queries is not None and queries.calls:
            return CallGraph(tuple(Edge(*call, "the file of queries") for call in queries.calls))
        services = sorted(set(read.frame.columns.get_level_values(0)))
        graph = collect_calls(
            self.client, self.settings, window.end, window.length_s, services=services
        )
        if self.sources.cluster is None:
            return graph
        spaces = self.sources.namespaces
        return merged(graph, from_kubernetes(self.sources.cluster, spaces, services=services))

    def _events(self, read: _Metrics) -> tuple[Event, ...]:
        """Return what the sources tell of the window; else what the metrics themselves do."""
        window = read.window
        found = [
            event
            for source in self.sources.events
            for event in source.events(window.start, window.end)
        ]
        changes = found if self.sources.events else read.changes
        return tuple(sorted(changes, key=lambda event: event.time))

    def _logs(self, read: _Metrics) -> pd.DataFrame | None:
        """Return the lines of the window, and of the step before it, which its first row counts."""
        earlier = read.window.start - timedelta(seconds=read.step_s)
        parts = [source.logs(earlier, read.window.end) for source in self.sources.logs]
        logs = pd.concat(parts).sort_index(kind="stable") if parts else pd.DataFrame()
        return None if logs.empty else logs


def _most_telling(signals: Sequence[Signal]) -> Sequence[Signal]:
    """Return as many of the signals, in their order, as make `MOST_COLUMNS` columns at most."""
    columns = list(accumulate(len(signal.services) for signal in signals))
    return signals[: bisect_right(columns, MOST_COLUMNS)]


def _with_errors(read: _Metrics, logs: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics and, for each service that logged errors, how many a second."""
    try:
        rates = level_rates(logs, read.window.start, read.window.end, read.step_s)
    except (NotEnoughData, InvalidMetrics):  # nothing that changes, so nothing to judge by
        return read.frame
    failing = [name for name in rates.columns if name[1] == LOG_ERROR_RATE and rates[name].any()]
    joined: pd.DataFrame = pd.concat([read.frame, rates[failing]], axis=1)
    return joined.sort_index(axis=1)


def _narrowed(expr: str, service: str) -> str:
    """Return an expression for one service of a query that is not ours to take apart."""
    name = quoted(service.replace("$", "$$"))
    end = "\n" if "#" in expr else ""  # a comment would swallow the parenthesis
    return f'({expr.strip()}{end})\nand on (service) label_replace(vector(1), "service", {name}, "", "")'


def _where_there_is_data(client: PrometheusClient) -> str:
    """Say when targets were scraped of late, for somebody whose window is empty."""
    now = datetime.now(UTC)
    frame = client.query_range("count(up)", now - DATA_SINCE, now, DATA_STEP_S)
    times = frame.index[frame.notna().any(axis=1)]
    if not len(times):
        return "; nothing was scraped in the last 30 days"
    first, last = (moment.isoformat(timespec="minutes") for moment in (times[0], times[-1]))
    return f"; there is data from about {first} to about {last}"
