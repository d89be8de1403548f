"""A window of a living system as a case. Real ones are frozen in tests/e2e; here is what they rarely show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from aiops.collectors import freezing
from aiops.collectors.callgraph import CallGraph, Edge
from aiops.collectors.freezing import Freezer, Sources, _narrowed
from aiops.collectors.prometheus import Queries
from aiops.collectors.window import Window
from aiops.settings import Settings
from aiops.types import Event, MetricId, NotEnoughData

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(hours=1), NOON, NOON)
INDEX = pd.date_range(WINDOW.start, WINDOW.end, freq="15s", unit="us", name="time")
CALLS = CallGraph((Edge("web", "cart", "metrics"),), ("a note",))


def metrics(*services):
    noise = np.random.default_rng(1)
    columns = {(name, "cpu"): noise.normal(1, 0.1, len(INDEX)) for name in services}
    return pd.DataFrame(columns, index=INDEX).rename_axis(columns=["service", "metric"])


@dataclass(frozen=True)
class Planned:
    column: str
    services: frozenset


class Client:
    """Knows how often is scraped, and when anything was."""

    url = "http://127.0.0.1:9090"

    def __init__(self, scraped_hours=()):
        self.scraped_hours = scraped_hours

    def query_range(self, expr, start, end, step_s):
        assert expr == "count(up)"
        index = pd.date_range(start, end, freq=f"{step_s:g}s")
        found = np.full(len(index), np.nan)
        found[list(self.scraped_hours)] = 9.0
        return pd.DataFrame({"up": found}, index=index)


class Told:
    """A source of events and of logs."""

    def __init__(self, *events, lines=()):
        self.happened, self.lines = events, lines
        self.asked = []

    def events(self, start, end):
        return tuple(event for event in self.happened if start <= event.time < end)

    def logs(self, start, end):
        self.asked.append((start, end))
        times = [time for time, _ in self.lines]
        rows = [("cart", level, "words") for _, level in self.lines]
        frame = pd.DataFrame(rows, columns=["service", "level", "message"], dtype=str)
        return frame.set_index(pd.DatetimeIndex(times, tz="UTC"))


@pytest.fixture
def discovered(monkeypatch):
    """Let the inventory, the plan and the pull be what a test says; what comes is what was asked."""
    asked = SimpleNamespace(signals=None)

    def arrange(frame, *, planned=(), refused=(), left_out=(), changes=()):
        inventory = SimpleNamespace(scrape_s=15.0, series=7)
        monkeypatch.setattr(freezing, "take_inventory", lambda *_: inventory)
        monkeypatch.setattr(freezing, "plan_signals", lambda *_, **__: tuple(planned))

        def pull(_, signals, start, end, step_s, *, tell, most_queries):
            asked.signals = signals
            queries = {MetricId(*name): "q" for name in frame.columns}
            return SimpleNamespace(
                frame=frame, queries=queries, asked=3, refused=refused, left_out=left_out
            )

        monkeypatch.setattr(freezing, "pull", pull)
        monkeypatch.setattr(freezing, "changes_from_prometheus", lambda *_: tuple(changes))
        monkeypatch.setattr(freezing, "collect_calls", lambda *_, **__: CALLS)
        return asked

    return arrange


def freeze(sources=None, client=None, **options):
    freezer = Freezer(client or Client(), Settings(), sources or Sources(), lambda _: None)
    return freezer.freeze(WINDOW, case_id="c", **options)


def test_all_that_was_read_is_in_the_case(discovered):
    discovered(metrics("cart", "web"))
    frozen = freeze()
    case = frozen.case
    assert (case.id, case.system, case.topology) == ("c", Client.url, (("web", "cart"),))
    assert set(case.queries) == set(case.metrics.columns)
    assert (frozen.step_s, frozen.series, frozen.asked, frozen.notes) == (15.0, 7, 3, ("a note",))
    assert (case.logs, case.events, case.inject_time) == (None, (), None)


def test_what_was_refused_or_left_out_is_said(discovered):
    refused = SimpleNamespace(column="cpu", why="too many samples")
    discovered(metrics("cart"), refused=[refused], left_out=("x_spread",))
    notes = freeze().notes
    assert notes[0] == "cpu is left out: too many samples"
    assert "the 1 least telling metrics are left out" in notes[1]
    assert "x_spread" in notes[1]


def test_of_too_many_columns_the_most_telling_are_read(discovered):
    services = frozenset(f"s{number}" for number in range(7_000))
    planned = [Planned(name, services) for name in ("a", "b", "c", "d")]
    asked = discovered(metrics("cart"), planned=planned)
    notes = freeze().notes
    assert [signal.column for signal in asked.signals] == ["a", "b"]
    assert "the 2 least telling metrics are left out" in notes[0]


def test_without_a_source_of_events_the_metrics_tell_what_changed(discovered):
    version = Event(NOON - timedelta(minutes=5), "version", "web", "1 → 2")
    discovered(metrics("web"), changes=[version])
    assert freeze().case.events == (version,)
    assert freeze(Sources(events=(Told(),))).case.events == ()


def test_events_of_all_sources_come_in_the_order_of_time(discovered):
    discovered(metrics("cart"))
    first, second = Event(NOON - timedelta(minutes=9), "deploy"), Event(NOON, "scale")
    late = Event(NOON - timedelta(minutes=5), "restart")
    sources = Sources(events=(Told(late, second), Told(first)))
    assert freeze(sources).case.events == (first, late)


class TestLogs:
    def test_errors_become_a_column_and_the_lines_stay(self, discovered):
        discovered(metrics("cart"))
        lines = [(NOON - timedelta(seconds=20 * row), "ERROR") for row in range(40)]
        told = Told(lines=sorted(lines))
        case = freeze(Sources(logs=(told,))).case
        assert list(case.metrics.columns) == [("cart", "cpu"), ("cart", "log_error_rate")]
        assert len(case.logs) == 40
        assert told.asked == [(WINDOW.start - timedelta(seconds=15), WINDOW.end)]

    def test_without_an_error_there_is_no_column(self, discovered):
        discovered(metrics("cart"))
        lines = [(NOON - timedelta(minutes=2), "INFO"), (NOON - timedelta(minutes=1), "INFO")]
        assert freeze(Sources(logs=(Told(lines=lines),))).case.metrics.shape[1] == 1

    def test_without_a_line_there_are_no_logs(self, discovered):
        discovered(metrics("cart"))
        assert freeze(Sources(logs=(Told(),))).case.logs is None


class TestEmpty:
    def refuse(self, monkeypatch):
        def nothing(*_):
            raise NotEnoughData("there is no series")

        monkeypatch.setattr(freezing, "take_inventory", nothing)

    def test_it_is_said_when_there_is_data(self, monkeypatch):
        self.refuse(monkeypatch)
        with pytest.raises(
            NotEnoughData, match=r"no series; there is data from about 20.* to abou"
        ):
            freeze(client=Client(scraped_hours=(-40, -3)))

    def test_or_that_there_is_none(self, monkeypatch):
        self.refuse(monkeypatch)
        with pytest.raises(NotEnoughData, match="nothing was scraped in the last 30 days"):
            freeze()


def test_the_calls_of_a_file_of_queries_are_enough(monkeypatch):
    frame = metrics("cart", "web")
    collector = SimpleNamespace(metrics=lambda *_: frame)
    monkeypatch.setattr(freezing, "PrometheusCollector", lambda *_: collector)
    client = Client()
    client.scrape_interval_s = lambda _: None
    queries = Queries({"cpu": "sum by (service) (cpu)\n"}, calls=(("web", "cart"),))
    frozen = freeze(Sources(queries=queries), client, step_s=15.0)
    assert frozen.case.topology == (("web", "cart"),)
    assert frozen.case.queries["web", "cpu"] == (
        "(sum by (service) (cpu))\n"
        'and on (service) label_replace(vector(1), "service", "web", "", "")'
    )


def test_a_comment_at_the_end_of_a_query_swallows_nothing():
    narrowed = _narrowed("sum by (service) (up)  # of each", "web")
    assert narrowed.splitlines()[:2] == ["(sum by (service) (up)  # of each", ")"]
