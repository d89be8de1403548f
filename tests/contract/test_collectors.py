"""What every collector promises, whatever it reads.

A collector is any class of `aiops.collectors` whose name says so; a new one fails this file until
there is a stage for it here. What only one of them promises is tested beside it.
"""

import importlib
import inspect
import pkgutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

import aiops.collectors
from aiops.cases.rules import check_logs
from aiops.clients.kubernetes import KubernetesClient
from aiops.clients.prometheus import PrometheusClient
from aiops.clients.prometheus.series import Grid, Table
from aiops.collectors.casefolder import CaseFolderCollector
from aiops.collectors.discovered import DiscoveredCollector
from aiops.collectors.kubernetes import KubernetesCollector
from aiops.collectors.logs import LEVELS, LogFileCollector
from aiops.collectors.podlogs import PodLogCollector
from aiops.collectors.port import CallsSource, EventsSource, LogsSource, MetricsSource
from aiops.collectors.prometheus import PrometheusCollector, Queries
from aiops.settings import Settings
from aiops.types import Case, Event, InvalidInput, NotEnoughData, check_metrics
from tests.fake_api_objects import NEW_KINDS, Kind
from tests.fake_api_server import FakeApiServer
from tests.prometheus_server import needs_prometheus, prometheus_server

T0 = datetime(2026, 11, 22, 14, tzinfo=UTC)
STEP = timedelta(seconds=15)
ROWS = 40
END = T0 + STEP * (ROWS - 1)
SILENT = T0 + timedelta(days=2)
EVENT_KINDS = (*NEW_KINDS, Kind("v1", "Event", "events"), Kind("apps/v1", "ControllerRevision", "controllerrevisions"))  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A collector, and what it reads: something in every step from `T0` to `END`, then nothing."""

    source: object
    untouched: object = lambda: None
    """Returns what must be the same before and after anything was asked."""


def moments():
    return [T0 + STEP * row for row in range(ROWS)]


def metrics():
    columns = pd.MultiIndex.from_product(
        [["web", "cart"], ["rps", "cpu"]], names=("service", "metric")
    )
    values = np.random.default_rng(7).random((ROWS, 4)) + 1
    return pd.DataFrame(values, index=pd.DatetimeIndex(moments()), columns=columns)


class FakePrometheus:
    """Answers any expression with a series of each of two services, where there was one."""

    url = "http://prometheus"

    def query_range(self, expr, start, end, step_s):
        table = Table(Grid.over(start, end, step_s))
        times = pd.to_datetime(table.grid.times, unit="ms", utc=True)
        known = (times >= T0) & (times <= END)
        for service in ("web", "cart"):
            table.row({"service": service})[:] = np.where(known, np.sin(table.grid.times), np.nan)
        return table.frame()


QUERIES = Queries({"rps": "sum by (service) (rps)", "cpu": "cpu"}, calls=(("web", "cart"),))


@contextmanager
def prometheus(folder):
    yield Stage(PrometheusCollector(FakePrometheus(), QUERIES))


@contextmanager
def real_prometheus(folder):
    recorded = metrics()
    times = recorded.index.as_unit("ms").asi8
    with prometheus_server(folder) as server:
        server.write(
            ({"__name__": metric, "service": service}, times, values.to_numpy())
            for (service, metric), values in recorded.items()
        )
        with PrometheusClient(server.url) as client:
            yield Stage(PrometheusCollector(client, QUERIES))


@contextmanager
def discovered(folder):
    times = np.arange(T0.timestamp() - 600, END.timestamp() + 600, 15) * 1000
    with prometheus_server(folder) as server:
        server.write(
            (
                {"__name__": name, "service": service, "instance": f"{service}-{pod}"},
                times.astype(np.int64),
                np.cumsum(np.random.default_rng(pod).random(len(times))) + pod,
            )
            for name in ("http_requests_total", "queue_length")
            for service in ("web", "cart")
            for pod in range(2)
        )
        with PrometheusClient(server.url) as client:
            yield Stage(DiscoveredCollector(client, Settings()))


@contextmanager
def case_folder(folder):
    lines = pd.DataFrame(
        {"service": "cart", "level": "INFO", "message": "hi"}, index=pd.DatetimeIndex(moments())
    )
    events = (Event(END, "deploy", "web"), Event(T0, "deploy", "cart"))
    case = Case("one", metrics(), lines, events, topology=(("web", "cart"),))
    yield Stage(CaseFolderCollector([case]), lambda: (case.metrics.copy(), case.logs.copy()))


@contextmanager
def log_files(folder):
    path = folder / "cart.log"
    levels = ("INFO", "ERROR", "WARN")
    lines = [
        f"{moment:%Y-%m-%dT%H:%M:%SZ} {levels[row % 3]} request {row}\n" * (1 + row % 2)
        for row, moment in enumerate(moments())
    ]
    path.write_text("".join(lines))
    yield Stage(LogFileCollector.at([path]), lambda: (path.read_bytes(), path.stat().st_mtime_ns))


@contextmanager
def cluster(folder):
    """Run a fake API server with one Deployment; yield it and a client of it."""
    with FakeApiServer(kinds=EVENT_KINDS) as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        server.add(owned("apps/v1", "Deployment", "cart"))
        server.add(owned("apps/v1", "ReplicaSet", "cart-7f", ("Deployment", "cart")))
        status = {"containerStatuses": [{"name": "app", "state": {"running": {}}}]}
        server.add(owned("v1", "Pod", "cart-7f-x", ("ReplicaSet", "cart-7f"), status=status))
        kubeconfig = server.kubeconfig(folder / "config")
        yield server, KubernetesClient.connect(kubeconfig, server.context)


def owned(version, kind, name, owner=None, **more):
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "shop", "ownerReferences": owners}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {}, **more}


@contextmanager
def pod_logs(folder):
    with cluster(folder) as (server, client):
        server.api.logs["shop", "cart-7f-x", "app", False] = [
            (f"{moment:%Y-%m-%dT%H:%M:%S}.5Z", f"{('INFO', 'ERROR')[row % 2]} request {row}")
            for row, moment in enumerate(moments())
        ]
        yield Stage(PodLogCollector(client, ["shop"]), lambda: list(server.log))


@contextmanager
def kubernetes(folder):
    with cluster(folder) as (server, client):
        for row in reversed(range(ROWS)):
            server.add(warning(f"event-{row}", T0 + STEP * row))
        yield Stage(KubernetesCollector(client, ["shop"], nodes=False), lambda: list(server.log))


def warning(name, moment):
    about = {"kind": "Pod", "namespace": "shop", "name": "cart-7f-x"}
    time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "shop"},
        "involvedObject": about,
        "type": "Warning",
        "reason": "Unhealthy",
        "message": f"probe failed: {name}",
        "firstTimestamp": time,
        "lastTimestamp": time,
    }


STAGES = {
    PrometheusCollector: [
        pytest.param(prometheus, id="prometheus"),
        pytest.param(real_prometheus, id="real prometheus", marks=needs_prometheus),
    ],
    DiscoveredCollector: [
        pytest.param(discovered, id="discovered on a real prometheus", marks=needs_prometheus)
    ],
    CaseFolderCollector: [pytest.param(case_folder, id="case folder")],
    LogFileCollector: [pytest.param(log_files, id="log files")],
    PodLogCollector: [pytest.param(pod_logs, id="pod logs")],
    KubernetesCollector: [pytest.param(kubernetes, id="kubernetes")],
}


PORTS = {
    MetricsSource: "metrics",
    LogsSource: "logs",
    EventsSource: "events",
    CallsSource: "topology",
}


def stages(port):
    """Return the stages of the collectors that offer `port`."""
    return [each for kind, every in STAGES.items() if offers(kind, port) for each in every]


def offers(kind, port):
    """Say whether a collector has what the port asks for, a method or an attribute as there."""
    offered = inspect.getattr_static(kind, PORTS[port], None)
    return type(offered) is type(inspect.getattr_static(port, PORTS[port]))


@pytest.fixture(scope="module")
def stage(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def of(port):
    return pytest.mark.parametrize("stage", stages(port), indirect=True)


def test_every_collector_is_held_to_this_file():
    names = [
        found.name
        for found in pkgutil.walk_packages(aiops.collectors.__path__, "aiops.collectors.")
    ]
    modules = [importlib.import_module(name) for name in names]
    found = {
        kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if name.endswith("Collector") and kind.__module__.startswith("aiops.collectors")
    }
    assert found == set(STAGES)


def test_every_port_has_a_collector():
    assert all(stages(port) for port in PORTS)


@pytest.mark.parametrize("port", PORTS)
def test_a_port_is_what_its_collectors_have(port, tmp_path):
    for build in (prometheus, case_folder, log_files, pod_logs, kubernetes):
        with build(tmp_path) as stage:
            assert isinstance(stage.source, port) == offers(type(stage.source), port)


@of(MetricsSource)
class TestMetrics:
    def ask(self, stage, start=T0, end=END, step_s=15.0):
        return stage.source.metrics(start, end, step_s)

    def test_the_frame_is_legal_and_its_columns_are_sorted(self, stage):
        frame = self.ask(stage)
        check_metrics(frame)
        assert list(frame.columns) == sorted(frame.columns)

    def test_the_rows_are_the_grid_with_both_its_ends(self, stage):
        frame = self.ask(stage, T0 + STEP * 3, T0 + STEP * 20)
        assert frame.index.tolist() == moments()[3:21]

    def test_an_end_beside_the_grid_is_left_out(self, stage):
        frame = self.ask(stage, T0, T0 + STEP * 20 + STEP / 2, 30)
        assert frame.index.tolist() == moments()[:21:2]

    def test_a_part_of_a_window_is_what_the_window_has_there(self, stage):
        whole, part = self.ask(stage), self.ask(stage, T0 + STEP * 5, T0 + STEP * 20)
        pd.testing.assert_frame_equal(part, whole.iloc[5:21], check_freq=False)

    def test_other_zones_mean_the_same_moments(self, stage):
        east = timezone(timedelta(hours=5, minutes=30))
        frame = self.ask(stage, T0.astimezone(east), END.astimezone(east))
        assert str(frame.index.tz) == "UTC"
        pd.testing.assert_frame_equal(frame, self.ask(stage))

    def test_asking_twice_gives_the_same_and_changes_nothing(self, stage):
        before = stage.untouched()
        first = self.ask(stage)
        kept = first.copy(deep=True)
        first.iloc[:] = 0.0
        pd.testing.assert_frame_equal(self.ask(stage), kept)
        assert_same(before, stage.untouched())

    def test_silence_is_not_enough_data(self, stage):
        with pytest.raises(NotEnoughData):
            self.ask(stage, SILENT, SILENT + STEP * 10)

    def test_a_window_or_a_step_that_is_none_is_refused(self, stage):
        refuses_windows(lambda start, end: self.ask(stage, start, end))
        for step_s in (0, -15, 0.0001):
            with pytest.raises(InvalidInput, match="step"):
                self.ask(stage, step_s=step_s)


@of(LogsSource)
class TestLogs:
    def test_the_logs_are_legal_and_their_levels_known(self, stage):
        logs = stage.source.logs(T0, END)
        check_logs(logs, "logs")
        assert set(logs["level"]) <= {*LEVELS, ""}
        assert logs["service"].str.len().min() > 0

    def test_windows_that_touch_share_nothing_and_lose_nothing(self, stage):
        whole = stage.source.logs(T0, END + STEP)
        middle = T0 + STEP * 7
        parts = [stage.source.logs(T0, middle), stage.source.logs(middle, END + STEP)]
        assert all(map(len, parts))
        pd.testing.assert_frame_equal(pd.concat(parts), whole)

    def test_the_end_is_not_in_the_window(self, stage):
        logs = stage.source.logs(T0, END + STEP)
        last = logs.index[-1].to_pydatetime()
        assert stage.source.logs(T0, last).index.max() < last
        assert len(stage.source.logs(last, last + timedelta(microseconds=1)))

    def test_asking_twice_gives_the_same_and_changes_nothing(self, stage):
        before = stage.untouched()
        first = stage.source.logs(T0, END)
        kept = first.copy(deep=True)
        first["message"] = "changed"
        pd.testing.assert_frame_equal(stage.source.logs(T0, END), kept)
        assert_same(before, stage.untouched())

    def test_silence_is_an_empty_frame(self, stage):
        for start, end in ((SILENT, SILENT + STEP), (T0, T0)):
            logs = stage.source.logs(start, end)
            check_logs(logs, "logs")
            assert len(logs) == 0

    def test_a_window_that_is_none_is_refused(self, stage):
        refuses_windows(stage.source.logs)


@of(EventsSource)
class TestEvents:
    def test_events_come_in_order_and_in_utc(self, stage):
        events = stage.source.events(T0, END + STEP)
        assert len(events) > 1
        assert isinstance(events, tuple)
        assert all(isinstance(event, Event) for event in events)
        assert [event.time for event in events] == sorted(event.time for event in events)
        assert all(event.time.utcoffset() == timedelta(0) for event in events)

    def test_the_window_has_its_start_and_not_its_end(self, stage):
        events = stage.source.events(T0, END)
        assert events[0].time == T0
        assert all(event.time < END for event in events)
        assert stage.source.events(END, END + STEP)[0].time == END

    def test_asking_twice_gives_the_same_and_changes_nothing(self, stage):
        before = stage.untouched()
        assert stage.source.events(T0, END) == stage.source.events(T0, END)
        assert_same(before, stage.untouched())

    def test_silence_is_nothing(self, stage):
        assert stage.source.events(SILENT, SILENT + STEP) == ()
        assert stage.source.events(T0, T0) == ()

    def test_a_window_that_is_none_is_refused(self, stage):
        refuses_windows(stage.source.events)


@of(CallsSource)
def test_calls_are_pairs_of_names_each_once(stage):
    calls = stage.source.topology
    assert calls == (("web", "cart"),)
    assert len(set(calls)) == len(calls)


def refuses_windows(ask):
    with pytest.raises(InvalidInput, match="before its start"):
        ask(END, T0)
    for start, end in ((T0.replace(tzinfo=None), END), (T0, END.replace(tzinfo=None))):
        with pytest.raises(InvalidInput, match="no time zone"):
            ask(start, end)


def assert_same(before, after):
    """Compare what `Stage.untouched` has returned, frames among it."""
    if isinstance(before, pd.DataFrame):
        pd.testing.assert_frame_equal(after, before)
    elif isinstance(before, tuple):
        for one, other in zip(before, after, strict=True):
            assert_same(one, other)
    else:
        assert after == before
