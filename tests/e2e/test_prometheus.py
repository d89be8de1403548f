"""The client and the collector against a real Prometheus, on data that is known beforehand.

`promtool` writes the blocks, so that every value is known; a rule that comes and goes gives alerts
and stale markers while the test looks on.
"""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.clients.prometheus import Matcher, PrometheusClient
from aiops.clients.prometheus.client import MAX_POINTS
from aiops.collectors.prometheus import PrometheusCollector, Queries
from aiops.types import InvalidInput, Unreachable, check_metrics

MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"NOT TESTED against a real Prometheus: no {' and no '.join(MISSING)}"
    ),
]

T0 = datetime(2026, 1, 1, tzinfo=UTC)
STEP_S = 15
POINTS = 300
LONG_POINTS = MAX_POINTS + 1_000
DEADLINE_S = 30.0

RULES = """
groups:
  - name: blink
    interval: 1s
    rules:
      - alert: Blink
        expr: vector(time() % 4) < 2
        labels: {service: web}
      - alert: Always
        expr: vector(1)
"""
CONFIG = "global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n"


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def values():
    """Return series name → (labels, {seconds after T0: value}); every one is odd in its way."""
    noise = np.random.default_rng(0)
    times = range(0, POINTS * STEP_S, STEP_S)
    late = [second + 3.7 for second in times if not 1_000 < second < 2_000]
    return {
        "steady": ("pod='a'", {second: noise.normal() for second in times}),
        "zeros": ("pod='b'", {second: float(second % 45 == 0) for second in times}),
        "nought": ("pod='c'", dict.fromkeys(times, 0.0)),
        "odd": ("pod='d'", {t: [np.nan, np.inf, -np.inf, -1e-300][t // 15 % 4] for t in times}),
        "gap": ("pod='e'", {second: noise.normal() for second in late}),
        "long": ("pod='f'", {second: float(second) for second in range(LONG_POINTS)}),
        "web_load": ("service='web'", {second: noise.normal() for second in times}),
    }


def openmetrics():
    lines = []
    for name, (labels, samples) in values().items():
        lines.append(f"# TYPE {name} gauge")
        lines += [
            f"{name}{{{labels}}} {value} {T0.timestamp() + second:.3f}".replace("'", '"')
            for second, value in samples.items()
        ]
    return "\n".join([*lines, "# EOF", ""])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def until(find, what):
    """Return what `find` gives as soon as it is something, within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail(f"no {what} within {DEADLINE_S:g} s")


@dataclass
class Running:
    """A Prometheus of the tests' own, and a client of it."""

    process: subprocess.Popen
    client: PrometheusClient


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(CONFIG)
    (folder / "samples.txt").write_text(openmetrics())
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(backfill, cwd=folder, check=True, capture_output=True)
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process,
        PrometheusClient(url) as client,
    ):
        try:
            until(client.ready, "readiness")
            yield Running(process, client)
        finally:
            process.kill()


@pytest.fixture
def client(running):
    return running.client


@pytest.mark.parametrize("name", [name for name in values() if name != "long"])
@pytest.mark.parametrize("step_s", [STEP_S, 7, 400])
def test_remote_read_and_promql_agree_to_the_bit(client, name, step_s):
    start, end = at(-100), at(POINTS * STEP_S + 600)
    by_promql = client.query_range(name, start, end, step_s)
    by_remote_read = client.remote_read_range([Matcher("__name__", name)], start, end, step_s)
    assert by_promql.shape[1] == 1
    pd.testing.assert_frame_equal(by_promql, by_remote_read, check_exact=True)


@pytest.mark.parametrize("name", list(values()))
def test_a_remote_read_brings_every_sample_as_it_was_stored(client, name):
    (series,) = client.remote_read([Matcher("__name__", name)], T0, at(LONG_POINTS))
    samples = values()[name][1]
    np.testing.assert_array_equal(series.samples, list(samples.values()))
    seconds = (series.times - T0.timestamp() * 1000) / 1000
    np.testing.assert_allclose(seconds, list(samples), rtol=0, atol=1e-9)


def test_matchers_choose(client):
    matchers = [Matcher("pod", "[abc]", "=~"), Matcher("__name__", "zeros", "!=")]
    series = client.remote_read(matchers, T0, at(60))
    assert [each.labels["__name__"] for each in series] == ["nought", "steady"]


def test_a_range_of_more_points_than_prometheus_gives_at_once_comes_whole(client):
    frame = client.query_range("long", T0, at(LONG_POINTS - 1), 1)
    np.testing.assert_array_equal(frame["long", "f"], np.arange(LONG_POINTS))


def test_prometheus_itself_refuses_as_many_points(client, monkeypatch):
    monkeypatch.setattr("aiops.clients.prometheus.client.MAX_POINTS", LONG_POINTS)
    with pytest.raises(InvalidInput, match="exceeded maximum resolution of 11,000 points"):
        client.query_range("long", T0, at(LONG_POINTS - 1), 1)


def test_instants_labels_and_their_values(client):
    (sample,) = client.query("long + 1", at(10))
    assert (sample.labels, sample.time, sample.value) == ({"pod": "f"}, at(10), 11)
    assert client.query("scalar(long)", at(10))[0].value == 10
    assert {"__name__", "pod", "service"} <= set(client.labels())
    assert client.label_values("pod") == tuple("abcdef")


def test_an_alert_that_comes_and_goes_is_told_as_it_was(client):
    begin = datetime.now(UTC) - timedelta(minutes=2)

    def ended():
        now = datetime.now(UTC)
        return [a for a in client.alerts(begin, now, 1) if a.name == "Blink" and a.end]

    blink = until(ended, "alert that has ended")[0]
    assert blink.labels == {"service": "web"}
    assert timedelta(0) <= blink.end - blink.start < timedelta(seconds=4)
    always = [a for a in client.alerts(begin, datetime.now(UTC), 1) if a.name == "Always"]
    assert [alert.end for alert in always] == [None]


def test_stale_markers_are_gaps(client):
    begin = datetime.now(UTC) - timedelta(minutes=2)
    matchers = [Matcher("__name__", "ALERTS"), Matcher("alertname", "Blink")]

    def gaps():
        series = client.remote_read(matchers, begin, datetime.now(UTC))
        return [one for one in series if np.isnan(one.samples).any()]

    (series,) = until(gaps, "stale marker")
    assert set(series.samples[~np.isnan(series.samples)]) == {1}
    end = datetime.fromtimestamp(series.times[-1] / 1000, UTC)
    by_promql = client.query_range('ALERTS{alertname="Blink"}', begin, end, 1)
    by_remote_read = client.remote_read_range(matchers, begin, end, 1)
    assert by_promql.isna().any(axis=None)
    pd.testing.assert_frame_equal(by_promql, by_remote_read, check_exact=True)


def test_bad_promql_is_refused_in_prometheus_own_words(client):
    with pytest.raises(InvalidInput, match=r'400 invalid parameter "query": .* parse error'):
        client.query("up{")


def test_the_collector_brings_a_legal_frame(client):
    queries = Queries({"load": "web_load", "ratio": "web_load / (web_load > 1e9)"})
    frame = PrometheusCollector(client, queries).metrics(T0, at(600), STEP_S)
    check_metrics(frame)
    assert list(frame.columns) == [("web", "load")]
    assert frame["web", "load"].tolist() == list(values()["web_load"][1].values())[: len(frame)]


def test_a_prometheus_that_dies_is_unreachable(running):
    """The last test of the module: nothing answers after it."""
    running.process.kill()
    running.process.wait()
    with pytest.raises(Unreachable, match=running.client.url):
        running.client.query("up")
