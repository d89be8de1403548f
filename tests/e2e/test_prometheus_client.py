"""What the client says of a real Prometheus: what is in it, native histograms, all ways alike."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import prometheus_api_client as peer
import pytest

from aiops.clients.prometheus import Matcher, PrometheusClient, frame_of, wire
from aiops.clients.prometheus.remote import decode_response
from aiops.types import InvalidInput
from tests.prometheus_server import free_port, needs_prometheus, prometheus_server
from tests.unit.clients.prometheus.histogram_messages import Message, series_message

pytestmark = [
    pytest.mark.slow,
    needs_prometheus,
    # the peer's, on pandas 3.1
    pytest.mark.filterwarnings("ignore:The inplace keyword in MetricRangeDataFrame"),
]

T0 = datetime(2026, 3, 1, tzinfo=UTC)
STEP_S = 15
POINTS = 41
DEADLINE_S = 20.0
TIMES = (T0.timestamp() * 1000 + 1000 * STEP_S * np.arange(POINTS)).astype(np.int64)
END = T0 + timedelta(seconds=STEP_S * (POINTS - 1))
ODD = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1e300, -1e-7, 1e21, 0.1])


def plain():
    noise = np.random.default_rng(1)
    yield {"__name__": "up", "job": "web"}, TIMES, np.ones(POINTS)
    yield {"__name__": "odd", "pod": 'a"]]}\\'}, TIMES, np.resize(ODD, POINTS)
    yield {"__name__": "late", "pod": "b"}, TIMES + 3_217, noise.normal(size=POINTS)


def native():
    """Return messages of two series: both signs and gaps, and positive with a coarse schema."""
    both = [
        Message(
            int(time),
            positive={-2: 1 + i, 2: 1 + 2 * i, 3: 2 + i},
            negative={0: 1, 1: 1},
            schema=3,
            zero=3,
            zero_threshold=1e-3,
            total=12.5 + i,
        )
        for i, time in enumerate(TIMES)
    ]
    coarse = [
        Message(int(time), {0: 1, 1: 1 + 3 * i}, schema=-1, total=i) for i, time in enumerate(TIMES)
    ]
    return {"both": both, "coarse": coarse}


def native_series():
    for job, messages in native().items():
        labels = {"__name__": "latency", "job": job}
        yield wire.delimited(1, series_message(labels, messages, floats=job == "coarse"))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    flags = ("--enable-feature=native-histograms",)
    with prometheus_server(tmp_path_factory.mktemp("prometheus"), flags=flags) as server:
        server.write(plain())
        server._send(list(native_series()))
        with PrometheusClient(server.url) as client:
            yield client


@pytest.mark.parametrize("name", ["up", "odd", "late"])
def test_all_ways_give_the_same_frame(client, name):
    connection = peer.PrometheusConnect(client.url)
    answer = connection.custom_query_range(name, T0, END, str(STEP_S))
    by_promql = client.query_range(name, T0, END, STEP_S)
    others = {
        "remote read": client.remote_read_range([Matcher("__name__", name)], T0, END, STEP_S),
        "its answer": frame_of(answer).reindex(by_promql.index),
        "its frame": frame_of(peer.MetricRangeDataFrame(answer)).reindex(by_promql.index),
    }
    assert by_promql.shape == (POINTS, 1)
    for other in others.values():
        pd.testing.assert_frame_equal(by_promql, other, check_exact=True, check_freq=False)


def test_native_histograms_are_what_was_written(client):
    written = decode_response(wire.delimited(1, b"".join(native_series())))
    told = client.query_histograms("latency", T0, END, STEP_S)
    assert [series.labels["job"] for series in told] == ["both", "coarse"]
    for ours, theirs in zip(written, told, strict=True):
        np.testing.assert_array_equal(ours.histograms.times, theirs.histograms.times)
        for one, other in zip(ours.histograms.each, theirs.histograms.each, strict=True):
            assert (one.count, one.sum) == (other.count, other.sum)
            np.testing.assert_array_equal(one.counts, other.counts)
            np.testing.assert_allclose(one.lower, other.lower, rtol=3e-16)
            np.testing.assert_allclose(one.upper, other.upper, rtol=3e-16)


def interpolation(version):
    return "linear" if int(version.partition(".")[0]) < 3 else "exponential"


@pytest.mark.parametrize("q", [0.0, 0.05, 0.1, 0.3, 0.5, 0.9, 0.99, 1.0])
def test_quantiles_are_those_of_prometheus(client, q):
    expected = client.query_range(f"histogram_quantile({q}, latency)", T0, END, STEP_S)
    told = client.query_histograms("latency", T0, END, STEP_S)
    ours = [each.histograms.quantile(q, interpolation(client.version())) for each in told]
    np.testing.assert_allclose(np.transpose(ours), expected.to_numpy(), rtol=1e-14, atol=1e-15)


def test_a_native_histogram_at_one_time_and_in_a_frame(client):
    last = native()["both"][-1]
    (sample,) = client.query('latency{job="both"}', END)
    assert (sample.histogram.count, sample.histogram.sum) == (last.count, last.total)
    with pytest.raises(InvalidInput, match="latency is a native histogram"):
        client.query_range("latency", T0, END, STEP_S)
    with pytest.raises(InvalidInput, match="latency is a native histogram"):
        client.remote_read_range([Matcher("__name__", "latency")], T0, END, STEP_S)
    counts = client.query_range("histogram_count(latency)", T0, END, STEP_S)
    assert counts.iloc[-1, 0] == last.count


def test_what_there_is(client):
    names = {labels["__name__"] for labels in client.series(['{__name__!=""}'], T0, END)}
    assert names == {"up", "odd", "late", "latency"}
    assert client.series(['{job="web"}', "late"], T0, END) == (
        {"__name__": "late", "pod": "b"},
        {"__name__": "up", "job": "web"},
    )
    assert client.series(["up"], T0 - timedelta(days=3), T0 - timedelta(days=2)) == ()
    assert client.count_series(END) == 5
    assert client.count_series(END, "up") == 1
    assert client.count_series(T0 - timedelta(days=1)) == 0
    assert client.scrape_interval_s(END) == STEP_S
    assert client.scrape_interval_s(T0 - timedelta(days=1)) is None
    assert client.metadata() == {}
    assert client.version()


def test_refusals_are_in_prometheus_own_words(client):
    for ask in (
        lambda: client.series(["up{"], T0, END),
        lambda: client.count_series(selector="up{"),
        lambda: client.query_histograms("up{", T0, END, STEP_S),
    ):
        with pytest.raises(InvalidInput, match=r"400 .*parse error"):
            ask()


def until(find):
    """Return what `find` gives as soon as it is something, within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail(f"nothing within {DEADLINE_S:g} s")


def test_metadata_is_what_targets_say(tmp_path):
    """Prometheus scrapes itself."""
    port = free_port()
    config = (
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
    )
    with (
        prometheus_server(tmp_path, config=config, port=port) as server,
        PrometheusClient(server.url) as client,
    ):
        told = until(client.metadata)
        interval_s = until(client.scrape_interval_s)
    assert told["prometheus_http_requests_total"].kind == "counter"
    assert told["go_goroutines"].kind == "gauge"
    assert told["prometheus_http_request_duration_seconds"].kind == "histogram"
    assert told["go_goroutines"].help
    assert interval_s == pytest.approx(0.2, rel=0.5)
