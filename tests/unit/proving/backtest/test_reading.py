"""A stretch out of a real Prometheus: in windows, at a pace, by stored samples or else by PromQL."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.clients.prometheus import NoRemoteRead, PrometheusClient
from aiops.clients.prometheus.series import Grid
from aiops.collectors.inventory.taking import take_inventory
from aiops.collectors.prometheus import Queries
from aiops.collectors.pull.pulling import pull
from aiops.collectors.raw.rates import Dialect
from aiops.collectors.signals.planning import plan_signals
from aiops.proving.backtest import reading, screening
from aiops.proving.backtest.reading import SCREENED, Pace, StretchReader
from aiops.proving.backtest.shaping import can_shape, shape
from aiops.settings import Calls, Settings
from aiops.types import InvalidInput, NotEnoughData
from tests.exposed import Exposed
from tests.prometheus_server import needs_prometheus, prometheus_server

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
ROWS, STEP_S = 240, 30
END = START + timedelta(seconds=(ROWS - 1) * STEP_S)
COLUMNS = {"request_rate": 40.0, "error_ratio": 0.02, "latency_p95": 0.3, "cpu": 0.7, "memory": 3e8}

BUCKETS = tuple(np.geomspace(0.05, 2, 24).round(4).tolist())

pytestmark = [needs_prometheus, pytest.mark.slow]


def metrics():
    rng = np.random.default_rng(6)
    columns = {
        (service, name): usual * (1 + 0.1 * rng.uniform(-1, 1, ROWS))
        for service in ("cart", "web")
        for name, usual in COLUMNS.items()
    }
    index = pd.date_range(START, periods=ROWS, freq=f"{STEP_S}s", unit="us", name="time")
    return pd.DataFrame(columns, index=index).rename_axis(columns=["service", "metric"])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as running:
        exposed, frame = Exposed(STEP_S, BUCKETS), metrics()
        firing = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing"}
        times = frame.index[60:100].as_unit("ms").asi8
        for first in range(0, ROWS, 60):
            running.write(exposed.series(frame.iloc[first : first + 60]))
            if first == 60:
                running.write([({**firing, "service": "web"}, times, np.ones(40))])
        yield running


@pytest.fixture
def client(server):
    with PrometheusClient(server.url) as one:
        yield one


@pytest.fixture
def calls(tmp_path):
    (tmp_path / "calls.json").write_text('[["web", "cart"]]')
    return Settings(calls=Calls(file=tmp_path / "calls.json"))


def plan(client):
    inventory = take_inventory(client, Settings().labels, START, END)
    return plan_signals(inventory, kinds=SCREENED, step_s=STEP_S)


def test_it_reads_the_golden_signals_of_every_service_the_calls_and_the_alerts(client, calls):
    stretch = StretchReader(client, calls).read(START, END, STEP_S)
    assert list(stretch.frame.columns) == list(metrics().columns.sort_values())
    assert stretch.frame.index.equals(metrics().index)
    assert stretch.topology == (("web", "cart"),)
    assert [(one.name, one.labels) for one in stretch.alerts] == [("Slow", {"service": "web"})]
    told = stretch.frame.iloc[20:].mean()
    assert told.to_dict() == pytest.approx(metrics().iloc[20:].mean().to_dict(), rel=0.15)
    assert "series are put down to a service." in stretch.notes[0]


def test_stored_samples_give_what_promql_gives(client):
    signals = plan(client)
    assert {one.column for one in signals if can_shape(one)} == set(COLUMNS)
    grid = Grid.over(START + timedelta(minutes=20), END, 45)
    ours = shape(client, signals, grid, Dialect.V2)  # as the server that is here has it
    theirs = pull(client, signals, START + timedelta(minutes=20), END, 45).frame
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A system of which every target answers whenever it is asked."""
    with prometheus_server(tmp_path_factory.mktemp("healthy")) as running:
        frame, exposed = metrics(), Exposed(STEP_S, BUCKETS)
        times = frame.index.as_unit("ms").asi8
        up = [
            ({"__name__": "up", "service": name}, times, np.ones(ROWS)) for name in ("cart", "web")
        ]
        running.write([*exposed.series(frame), *up])
        yield running


def test_a_window_in_which_every_target_is_up_is_read(healthy, calls):
    with PrometheusClient(healthy.url) as client:
        stretch = StretchReader(client, calls).read(START, END, STEP_S)
    assert (stretch.frame.xs("available", axis=1, level="metric").iloc[1:] == 1).all(axis=None)
    assert stretch.frame["web", "latency_p95"].notna().sum() > ROWS - 10
    assert len(stretch.notes) == 1


def test_a_file_of_queries_may_ask_for_what_does_not_vary(healthy):
    queries = Queries({"available": "max by (service) (up)"}, calls=(("web", "cart"),))
    with PrometheusClient(healthy.url) as client:
        stretch = StretchReader(client, Settings(), queries).read(START, END, STEP_S)
    assert (stretch.frame.iloc[1:] == 1).all(axis=None)


def test_where_no_samples_are_handed_over_it_asks_promql(client, calls, monkeypatch):
    stored = StretchReader(client, calls).read(START, END, STEP_S).frame
    tried = []

    def none(*_):
        tried.append(1)
        raise NoRemoteRead("not here")

    monkeypatch.setattr(client, "remote_read", none)
    monkeypatch.setattr(screening, "MOST_SAMPLES", 5_000)
    asked = StretchReader(client, calls).read(START, END, STEP_S).frame
    assert len(tried) == 1
    assert list(asked.columns) == list(stored.columns)
    assert asked.mean().to_dict() == pytest.approx(stored.mean().to_dict(), rel=0.05)


def test_it_reads_in_windows_and_rests_between_them(client, calls, monkeypatch):
    whole = StretchReader(client, calls).read(START, END, STEP_S).frame
    monkeypatch.setattr(screening, "MOST_SAMPLES", 2_000)
    rests, told = [], []
    reader = StretchReader(
        client, calls, None, Pace(1e-6, rests.append), lambda *words: told.append(words[:2])
    )
    pd.testing.assert_frame_equal(reader.read(START, END, STEP_S).frame, whole, rtol=1e-9)
    assert len(told) >= 3
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]
    assert len(rests) == len(told) - 1
    assert all(rest > 0 for rest in rests)


@pytest.mark.parametrize(("busy", "rest"), [(1.0, []), (0.5, [1.0]), (0.25, [5.0]), (0.9, [])])
def test_the_pace_is_the_share_of_a_processor(busy, rest):
    slept = []
    Pace(busy, slept.append).rest(server_s=2.0, took_s=3.0)
    assert slept == rest


def test_windows_without_data_are_told_and_have_no_value(client, calls, monkeypatch):
    monkeypatch.setattr(reading, "_DAY", timedelta(hours=1))
    reader = StretchReader(client, calls)
    stretch = reader.read(START - timedelta(hours=3), END, STEP_S)
    assert stretch.frame[: START - timedelta(minutes=10)].isna().all(axis=None)
    assert stretch.frame[START + timedelta(minutes=10) :].notna().all(axis=None)
    assert stretch.notes[1].startswith("There is nothing from 05 October 05:00 to 05 October 05:59")


def test_a_file_of_queries_decides_what_is_read(client):
    asked = {"mine": "sum by (service) (process_resident_memory_bytes)"}
    queries = Queries(asked, calls=(("web", "db"),))
    stretch = StretchReader(client, Settings(), queries).read(START, END, STEP_S)
    assert list(stretch.frame.columns) == [("cart", "mine"), ("web", "mine")]
    assert stretch.topology == (("web", "db"),)


@pytest.mark.parametrize(
    ("start", "end", "error", "said"),
    [
        (START, START + timedelta(minutes=5), InvalidInput, "longer --since, or a shorter --step"),
        (START - timedelta(days=999), START, InvalidInput, "too many; .* shorter --since"),
        (START - timedelta(days=9), START - timedelta(days=8), NotEnoughData, "no series"),
    ],
)
def test_what_cannot_be_replayed_is_refused(client, calls, start, end, error, said):
    with pytest.raises(error, match=said):
        StretchReader(client, calls).read(start, end, STEP_S)


def test_a_file_of_calls_that_cannot_be_read_is_told_before_anything_is_read(client, tmp_path):
    told = []
    settings = Settings(calls=Calls(file=tmp_path / "none.json"))
    reader = StretchReader(client, settings, tell=lambda *words: told.append(words))
    with pytest.raises(InvalidInput, match=r"none\.json"):
        reader.read(START, END, STEP_S)
    assert told == []
