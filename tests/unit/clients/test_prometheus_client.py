"""The client against a loopback server that answers as recorded, or not at all."""

import json
import logging
import socket
import struct
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import cramjam
import numpy as np
import pytest

from aiops.clients.prometheus import Matcher, PrometheusClient, wire
from aiops.clients.prometheus.client import MAX_POINTS
from aiops.clients.prometheus.transport import LONGEST_WAIT_S, WAITS_S
from aiops.types import Denied, InvalidInput, Unreachable

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_S = int(T0.timestamp())
SECRET = "hunter2"  # noqa: S105  a test has to look for something
UP = {"__name__": "up", "job": "web"}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


class Reply:
    """One answer: its status, headers and body; `cut` breaks the connection in its middle."""

    def __init__(self, body=b"", status=200, media="application/json", **headers):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.cut = status, False
        self.headers = {"Content-Type": media, "Content-Length": str(len(self.body))}
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    def give(self, handler):
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body[: len(self.body) // 2] if self.cut else self.body)
        handler.close_connection = self.cut


def success(kind, result, **more):
    return Reply({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def failure(status, kind, text, **headers):
    return Reply({"status": "error", "errorType": kind, "error": text}, status, **headers)


def cut(reply):
    reply.cut = True
    return reply


class Asked:
    """What a request was made of."""

    def __init__(self, handler):
        self.path, self.headers = handler.path, handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Server:
    """Gives the scripted replies in turn, the last one for ever, and keeps what it was asked."""

    def __init__(self):
        self.replies, self.asked = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.asked.append(Asked(self))
                left = outer.replies
                (left.pop(0) if len(left) > 1 else left[0]).give(self)

            def do_GET(self):
                self.do_POST()

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, *replies):
        self.replies = list(replies)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def sleeps():
    return []


@pytest.fixture
def client(server, sleeps):
    with PrometheusClient(f"http://{server.address}/", sleep=sleeps.append) as client:
        yield client


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


def test_names_of_labels_and_their_values(server, client):
    server.says(Reply({"status": "success", "data": ["job", "pod"]}))
    assert client.labels() == ("job", "pod")
    assert client.label_values("a/b c") == ("job", "pod")
    assert [asked.path for asked in server.asked] == [
        "/api/v1/labels",
        "/api/v1/label/a%2Fb%20c/values",
    ]


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


def stored(labels, samples):
    """Write a remote-read answer with one series: pairs of seconds after T0 and value."""
    series = b"".join(
        wire.delimited(1, wire.delimited(1, name.encode()) + wire.delimited(2, value.encode()))
        for name, value in labels.items()
    )
    for second, value in samples:
        time = wire.integer(2, (T0_S + second) * 1000)
        series += wire.delimited(2, b"\x09" + struct.pack("<d", value) + time)
    message = wire.delimited(1, wire.delimited(1, series))
    return Reply(bytes(cramjam.snappy.compress_raw(message)), media="application/x-protobuf")


def test_a_remote_read_on_a_grid_looks_back_before_its_start(server, client):
    server.says(stored(UP, [(-10, 1.0), (20, 2.0), (40, np.nan)]))
    frame = client.remote_read_range([Matcher("__name__", "up")], T0, at(45), 15)
    np.testing.assert_array_equal(frame["up", "web"], [1, 1, 2, np.nan])
    request = bytes(cramjam.snappy.decompress_raw(server.asked[0].body))
    assert wire.integer(1, (T0_S - 300) * 1000) + wire.integer(2, (T0_S + 45) * 1000) in request


def test_a_remote_read_that_is_no_snappy_is_unreachable(server, client):
    server.says(Reply(b"\xff\xff", media="application/x-protobuf"))
    with pytest.raises(Unreachable, match="remote read came back incomplete"):
        client.remote_read([Matcher("__name__", "up")], T0, at(1))


def test_a_remote_read_that_is_no_message_is_unreachable(server, client):
    body = bytes(cramjam.snappy.compress_raw(b"\x0a\x7f"))
    server.says(Reply(body, media="application/x-protobuf"))
    with pytest.raises(Unreachable, match="cut short or not Prometheus'"):
        client.remote_read([Matcher("__name__", "up")], T0, at(1))


PASSING = [
    pytest.param(failure(500, "internal", "oops"), id="500"),
    pytest.param(Reply(b"<html>", 502, "text/html"), id="502"),
    pytest.param(cut(success("scalar", [T0_S, "1"])), id="cut"),
]


@pytest.mark.parametrize("reply", PASSING)
def test_what_passes_is_tried_again(server, client, sleeps, reply):
    server.says(reply, reply, success("scalar", [T0_S, "1"]))
    assert client.query("1")[0].value == 1
    assert sleeps == list(WAITS_S[:2])


@pytest.mark.parametrize("reply", PASSING)
def test_what_does_not_pass_is_unreachable_in_the_end(server, client, sleeps, reply):
    server.says(reply)
    with pytest.raises(Unreachable, match=server.address):
        client.query("1")
    assert sleeps == list(WAITS_S)
    assert len(server.asked) == len(WAITS_S) + 1


def test_a_server_that_asks_for_patience_gets_it(server, client, sleeps):
    past = "Thu, 01 Jan 2026 00:00:00 GMT"
    server.says(
        Reply(b"", 429, Retry_After="7"),
        Reply(b"", 503, Retry_After=past),
        Reply(b"", 429, Retry_After="soon"),
        success("scalar", [T0_S, "1"]),
    )
    client.query("1")
    assert sleeps == [7.0, 0.0, WAITS_S[2]]


def test_but_not_for_ever(server, client, sleeps):
    server.says(Reply(b"slow down", 429, "text/plain", Retry_After=str(int(LONGEST_WAIT_S) + 1)))
    with pytest.raises(Unreachable, match="429 slow down; it wants to be left alone for 31 s"):
        client.query("1")
    assert sleeps == []


def test_a_query_that_took_too_long_is_not_asked_again(server, client, sleeps):
    server.says(failure(503, "timeout", "query timed out in expression evaluation"))
    with pytest.raises(Unreachable, match=r"query timed out .*; ask for less at once"):
        client.query("1")
    assert sleeps == []


def test_a_refused_query_is_explained_in_prometheus_own_words_on_one_line(server, client, sleeps):
    text = 'invalid parameter "query": 1:4: parse error:\n unexpected \x1b[31m "}"'
    server.says(failure(400, "bad_data", text))
    with pytest.raises(InvalidInput) as caught:
        client.query_range("up}", T0, at(1), 1)
    assert str(caught.value).endswith(
        '400 invalid parameter "query": 1:4: parse error: unexpected [31m "}"'
    )
    assert sleeps == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_right_is_denied(server, client, sleeps, status):
    server.says(Reply(b"Unauthorized\n", status, "text/plain"))
    with pytest.raises(Denied, match=f"{status} Unauthorized; a token or password is missing"):
        client.query("1")
    assert sleeps == []


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
        (success("vector", [{"metric": UP, "histogram": [1, {}]}]), "up is a native histogram"),
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
    server.says(success("vector", [], warnings=["one store\nis away"]))
    assert client.query("up") == ()
    assert "one store is away" in caplog.text


def test_ready_asks_once(server, client, sleeps):
    server.says(Reply(b"Ready", media="text/plain"), Reply(b"Service Unavailable", 503))
    assert client.ready()
    assert not client.ready()
    assert sleeps == []
    assert [asked.path for asked in server.asked] == ["/-/ready"] * 2


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_nobody_at_the_port_is_unreachable_at_once(sleeps):
    with PrometheusClient(f"http://127.0.0.1:{free_port()}", sleep=sleeps.append) as client:
        assert not client.ready()
        with pytest.raises(Unreachable, match=r"cannot connect: .*refused"):
            client.query("1")
    assert sleeps == []


def test_a_server_that_says_nothing_is_unreachable_in_time(sleeps):
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        PrometheusClient(
            f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.05, sleep=sleeps.append
        ) as client,
        pytest.raises(Unreachable, match=r"no answer within 0\.05 s"),
    ):
        client.query("1")
    assert sleeps == []


def test_secrets_are_sent_and_never_shown(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.says(Reply(b"", 403), Reply(b"<html>", 200, "text/html"), failure(400, "x", "y"))
    headers = {"X-Token": SECRET}
    url = f"http://me:{SECRET}@{server.address}"
    with PrometheusClient(url, headers=headers, sleep=lambda _: None) as client:
        for error in (Denied, InvalidInput, InvalidInput):
            with pytest.raises(error) as caught:
                client.query("1")
            assert SECRET not in str(caught.value)
        assert SECRET not in f"{client.url} {vars(client)}"
    assert server.asked[0].headers["X-Token"] == SECRET
    assert server.asked[0].headers["Authorization"].startswith("Basic ")
    assert SECRET not in caplog.text
    assert "POST" in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "ftp://prometheus",
        "http://",
        f"http://me:{SECRET}/x@prometheus",
        f"http://prometheus?token={SECRET}",
        "http://prometheus:99999",
        "http://[::1",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_repeated(url):
    with pytest.raises(InvalidInput, match="the URL of Prometheus cannot be used") as caught:
        PrometheusClient(url)
    assert SECRET not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_refused_and_not_repeated():
    with pytest.raises(InvalidInput, match='header "Authorization" cannot be sent') as caught:
        PrometheusClient("http://prometheus", headers={"Authorization": f"Bearer {SECRET}\n"})
    assert SECRET not in str(caught.value)


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
