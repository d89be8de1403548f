"""The client against a loopback server that answers as recorded."""

import logging
import subprocess
import sys

import cramjam
import numpy as np
import pytest

from aiops.clients.prometheus import Matcher, NoRemoteRead, PrometheusClient, wire
from aiops.clients.prometheus.client import MAX_POINTS
from aiops.types import InvalidInput, Unreachable
from tests.unit.clients.prometheus.replies import T0, T0_S, UP, Reply, at, failure, stored, success


def test_a_vector_gives_samples(server, client):
    server.says(success("vector", [{"metric": UP, "value": [T0_S + 0.25, "+Inf"]}]))
    (sample,) = client.query("up", at(0.25))
    assert sample.labels == UP
    assert (sample.time, sample.value) == (at(0.25), np.inf)
    assert server.asked[0].path == "/api/v1/query"
    assert server.asked[0].form == {"query": "up", "time": f"{T0_S}.250"}


def test_a_scalar_gives_one_sample_without_labels_and_now_is_left_to_the_server(server, client):
    server.says(success("scalar", [T0_S, "2.5"]))
    (sample,) = client.query("scalar(up)")
    assert (sample.labels, sample.value) == ({}, 2.5)
    assert "time" not in server.asked[0].form


def test_a_range_gives_a_wide_frame_of_all_times(server, client):
    series = {"metric": UP, "values": [[T0_S, "1"], [T0_S + 30, "NaN"], [T0_S + 45, "-2e-3"]]}
    server.says(success("matrix", [series]))
    frame = client.query_range("up", T0, at(50), 15)
    assert server.asked[0].form == {
        "query": "up",
        "start": f"{T0_S}.000",
        "end": f"{T0_S + 45}.000",
        "step": "15.000",
    }
    assert list(frame.columns) == [("up", "web")]
    np.testing.assert_array_equal(frame["up", "web"], [1, np.nan, np.nan, -0.002])


def test_a_long_range_is_asked_in_parts_that_meet(server, client):
    last = MAX_POINTS + 4
    server.says(
        success("matrix", [{"metric": UP, "values": [[T0_S + MAX_POINTS - 1, "1"]]}]),
        success("matrix", [{"metric": UP, "values": [[T0_S + MAX_POINTS, "2"]]}]),
    )
    frame = client.query_range("up", T0, at(last), 1)
    spans = [(asked.form["start"], asked.form["end"]) for asked in server.asked]
    assert spans == [
        (f"{T0_S}.000", f"{T0_S + MAX_POINTS - 1}.000"),
        (f"{T0_S + MAX_POINTS}.000", f"{T0_S + last}.000"),
    ]
    assert frame.shape == (last + 1, 1)
    assert frame.iloc[MAX_POINTS - 1 : MAX_POINTS + 1, 0].tolist() == [1, 2]


HISTOGRAM = {"count": "3", "sum": "4.5", "buckets": [[0, "1", "2", "3"]]}


def test_a_native_histogram_comes_with_its_sample(server, client):
    server.says(success("vector", [{"metric": UP, "histogram": [T0_S + 0.25, HISTOGRAM]}]))
    (sample,) = client.query("latency")
    assert (sample.labels, sample.time) == (UP, at(0.25))
    assert np.isnan(sample.value)
    assert (sample.histogram.count, sample.histogram.quantile(1)) == (3, 2)


def test_ranges_of_native_histograms_come_as_such(server, client):
    plain = {"metric": {"__name__": "plain"}, "values": [[T0_S, "1"]]}
    native = {"metric": UP, "histograms": [[T0_S, HISTOGRAM], [T0_S + 15, HISTOGRAM]]}
    server.says(success("matrix", [plain, native]))
    (series,) = client.query_histograms("latency", T0, at(15), 15)
    assert series.labels == UP
    assert series.histograms.times.tolist() == [T0_S * 1000, (T0_S + 15) * 1000]
    assert series.histograms.sum.tolist() == [4.5, 4.5]


def test_a_frame_says_how_to_ask_for_a_native_histogram(server, client):
    server.says(success("matrix", [{"metric": UP, "histograms": [[T0_S, HISTOGRAM]]}]))
    with pytest.raises(InvalidInput, match=r"up is a native histogram.* ask query_histograms"):
        client.query_range("up", T0, T0, 15)
    message = wire.delimited(1, wire.delimited(1, wire.delimited(4, wire.integer(15, T0_S))))
    packed = bytes(cramjam.snappy.compress_raw(message))
    server.says(Reply(packed, media="application/x-protobuf"))
    with pytest.raises(InvalidInput, match="the result is a native histogram"):
        client.remote_read_range([Matcher("a", "b")], T0, T0, 15)


def test_alerts_are_asked_as_promql(server, client):
    metric = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing"}
    server.says(success("matrix", [{"metric": metric, "values": [[T0_S + 15, "1"]]}]))
    (alert,) = client.alerts(T0, at(60))
    assert (alert.name, alert.start, alert.end) == ("Slow", at(15), at(15))
    assert server.asked[0].form["query"] == 'ALERTS{alertstate="firing"}'


def test_a_remote_read_speaks_snappy(server, client):
    server.says(Reply(bytes(cramjam.snappy.compress_raw(b"")), media="application/x-protobuf"))
    assert client.remote_read([Matcher("__name__", "up")], T0, at(1)) == ()
    asked = server.asked[0]
    assert asked.path == "/api/v1/read"
    assert asked.headers["X-Prometheus-Remote-Read-Version"] == "0.1.0"
    assert b"__name__" in bytes(cramjam.snappy.decompress_raw(asked.body))


def test_a_remote_read_on_a_grid_looks_back_before_its_start(server, client):
    server.says(stored(UP, [(-10, 1.0), (20, 2.0), (40, np.nan)]))
    frame = client.remote_read_range([Matcher("__name__", "up")], T0, at(45), 15)
    np.testing.assert_array_equal(frame["up", "web"], [1, 1, 2, np.nan])
    request = bytes(cramjam.snappy.decompress_raw(server.asked[0].body))
    assert wire.integer(1, (T0_S - 300) * 1000) + wire.integer(2, (T0_S + 45) * 1000) in request


NO_REMOTE_READ = [
    Reply(b"404 page not found", 404, "text/plain"),
    Reply(b"", 405),
    Reply(b"", 501),
    Reply(b'unsupported path requested: "/api/v1/read"', 400, "text/plain"),
    failure(400, "bad_data", "remote read is not enabled"),
]


@pytest.mark.parametrize("reply", NO_REMOTE_READ)
def test_a_server_without_remote_read_says_what_to_ask_instead(server, client, sleeps, reply):
    server.says(reply)
    with pytest.raises(NoRemoteRead, match="without remote read, ask query_range"):
        client.remote_read([Matcher("__name__", "up")], T0, at(1))
    assert sleeps == []


def test_a_frame_comes_by_promql_from_there_and_it_is_asked_once(server, client):
    answer = success("matrix", [{"metric": UP, "values": [[T0_S, "1"]]}])
    server.says(Reply(b"", 404), answer)
    matchers = [Matcher("__name__", "up"), Matcher("job", 'a"b', "!=")]
    for _ in range(2):
        frame = client.remote_read_range(matchers, T0, at(15), 15)
        np.testing.assert_array_equal(frame["up", "web"], [1, np.nan])
    paths = [asked.path.rpartition("/")[2] for asked in server.asked]
    assert paths == ["read", "query_range", "query_range"]
    assert server.asked[1].form["query"] == r'{__name__="up",job!="a\"b"}'


def test_a_series_that_remote_read_keeps_the_samples_of_is_asked_by_promql(server, client):
    histogram = {"count": "1", "sum": "2", "buckets": []}
    promql = success("matrix", [{"metric": UP, "histograms": [[T0_S, histogram]]}])
    server.says(stored(UP, []), promql)
    with pytest.raises(InvalidInput, match=r"up is a native histogram.* ask query_histograms"):
        client.remote_read_range([Matcher("__name__", "up")], T0, at(45), 15)
    server.says(stored(UP, []), success("matrix", []), stored(UP, [(0, 1.0)]))
    assert client.remote_read_range([Matcher("__name__", "up")], T0, at(45), 15).empty
    assert len(client.remote_read_range([Matcher("__name__", "up")], T0, T0, 15)) == 1
    assert server.asked[-1].path == "/api/v1/read"


def test_a_remote_read_that_is_too_much_is_refused_as_such(server, client):
    server.says(Reply(b"exceeded sample limit (50000000)", 400, "text/plain"))
    with pytest.raises(InvalidInput, match="exceeded sample limit") as caught:
        client.remote_read_range([Matcher("__name__", "up")], T0, at(1), 1)
    assert not isinstance(caught.value, NoRemoteRead)
    assert len(server.asked) == 1


def test_a_remote_read_that_is_no_snappy_is_unreachable(server, client):
    server.says(Reply(b"\xff\xff", media="application/x-protobuf"))
    with pytest.raises(Unreachable, match="remote read came back incomplete"):
        client.remote_read([Matcher("__name__", "up")], T0, at(1))


def test_a_remote_read_that_is_no_message_is_unreachable(server, client):
    body = bytes(cramjam.snappy.compress_raw(b"\x0a\x7f"))
    server.says(Reply(body, media="application/x-protobuf"))
    with pytest.raises(Unreachable, match="cut short or not Prometheus'"):
        client.remote_read([Matcher("__name__", "up")], T0, at(1))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(b"<html>", 200, "text/html"), "answers with text/html, not application/json; is"),
        (Reply(b"not here", 404, "text/plain"), "404 not here; the server has no /api/v1/query"),
        (
            Reply(b"", 302, Location="/login?token=1"),
            "302 Found; it points elsewhere, to a login page",
        ),
        (success("matrix", []), "the expression gives a matrix, not a vector"),
    ],
)
def test_what_cannot_work_is_said_at_once(server, client, sleeps, reply, text):
    server.says(reply)
    with pytest.raises(InvalidInput, match=text):
        client.query("up")
    assert sleeps == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"status":"success","data":{"resultType":"vec'),
        Reply(b"[]"),
        Reply({"status": "success", "data": None}),
        success("vector", [{"metric": UP}]),
        success("vector", [{"metric": UP, "value": [T0_S, "x"]}]),
        success("vector", [{"metric": UP, "value": [1e300, "1"]}]),
        success("vector", [7]),
        success("vector", [{"metric": 7, "value": [T0_S, "1"]}]),
        success("vector", [{"metric": {"job": None}, "value": [T0_S, "1"]}]),
    ],
)
def test_an_answer_of_another_shape_is_one_line(server, client, reply):
    server.says(reply)
    with pytest.raises(Unreachable, match="cut short or not Prometheus'"):
        client.query("up")


@pytest.mark.parametrize("second", [7, 60, -15])
def test_times_that_were_not_asked_for_are_refused(server, client, second):
    server.says(success("matrix", [{"metric": UP, "values": [[T0_S + second, "1"]]}]))
    with pytest.raises(Unreachable, match="times beside those that were asked for"):
        client.query_range("up", T0, at(45), 15)


def test_warnings_are_logged(server, client, caplog):
    caplog.set_level(logging.INFO)
    server.says(success("vector", [], warnings=["one store\nis away"], infos=["no counter?"]))
    assert client.query("up") == ()
    told = [
        (record.levelname, record.message) for record in caplog.records if "aiops" in record.name
    ]
    assert told == [
        ("WARNING", f"{client.url}: one store is away"),
        ("INFO", f"{client.url}: no counter?"),
    ]


@pytest.mark.parametrize("library", ["httpx", "orjson", "cramjam"])
def test_a_missing_library_is_one_line_with_the_remedy(server, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    server.says(success("scalar", [T0_S, "1"]))
    with pytest.raises(InvalidInput, match=rf"needs {library}; pip install 'aiops-toolkit\[prom"):
        ask_everything(f"http://{server.address}")


def ask_everything(url):
    with PrometheusClient(url) as client:
        client.query("1")
        client.remote_read([Matcher("__name__", "up")], T0, T0)


def test_the_package_loads_none_of_them():
    code = (
        "import sys, aiops.clients.prometheus, aiops.collectors.prometheus; "
        "print({'httpx', 'orjson', 'cramjam', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
