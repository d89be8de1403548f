"""What passes is tried again, what does not is said in one line, and secrets are never shown."""

import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from aiops.clients.prometheus import Auth, Matcher, PrometheusClient
from aiops.clients.prometheus.transport import LONGEST_WAIT_S, WAITS_S
from aiops.types import Denied, InvalidInput, Unreachable
from tests.unit.clients.prometheus.replies import (
    SECRET,
    T0,
    T0_S,
    UP,
    Reply,
    at,
    cut,
    failure,
    stored,
    success,
)

PASSING = [
    pytest.param(failure(500, "internal", "oops"), id="500"),
    pytest.param(Reply(b"<html>", 502, "text/html"), id="502"),
    pytest.param(Reply(b"<html>", 504, "text/html"), id="504"),
    pytest.param(cut(success("scalar", [T0_S, "1"])), id="cut"),
    pytest.param(cut(success("scalar", [T0_S, "1"]), "chunked"), id="cut in a chunk"),
    pytest.param(cut(success("scalar", [T0_S, "1"]), "close"), id="cut, of unknown length"),
]


@pytest.mark.parametrize("reply", PASSING)
def test_what_passes_is_tried_again(server, client, sleeps, reply):
    server.says(reply, reply, success("scalar", [T0_S, "1"]))
    assert client.query("1")[0].value == 1
    assert sleeps == list(WAITS_S[:2])


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_range_that_was_cut_is_asked_again(server, client, sleeps, framing):
    values = [[T0_S + second, str(second)] for second in range(500)]
    answer = success("matrix", [{"metric": UP, "values": values}])
    server.says(cut(success("matrix", [{"metric": UP, "values": values}]), framing), answer)
    frame = client.query_range("up", T0, at(499), 1)
    assert frame["up", "web"].tolist() == list(range(500))
    assert sleeps == [WAITS_S[0]]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_remote_read_that_was_cut_is_asked_again(server, client, sleeps, framing):
    samples = [(second, float(second)) for second in range(500)]
    server.says(cut(stored(UP, samples), framing), stored(UP, samples))
    (series,) = client.remote_read([Matcher("__name__", "up")], T0, at(499))
    assert series.samples.tolist() == list(range(500))
    assert sleeps == [WAITS_S[0]]


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


@pytest.mark.parametrize("text", ["", "-1", f"Thu, 01 Jan 2026 00:00:00 +{'9' * 20}"])
def test_a_patience_that_cannot_be_read_is_our_own(server, client, sleeps, text):
    server.says(Reply(b"", 429, Retry_After=text), success("scalar", [T0_S, "1"]))
    client.query("1")
    assert sleeps == [WAITS_S[0]]


def test_a_date_to_come_back_at_is_waited_for(server, client, sleeps):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.says(Reply(b"", 503, Retry_After=later), success("scalar", [T0_S, "1"]))
    client.query("1")
    assert 10 < sleeps[0] <= 20


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


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "none-of-them"])
def test_a_refusal_is_told_whatever_it_says_of_its_letters(server, client, charset):
    server.says(Reply(b"No\xff!", 400, f"text/plain; charset={charset}"))
    with pytest.raises(InvalidInput, match="400 No\ufffd!"):
        client.query("1")


def test_a_refusal_of_endless_depth_is_one_line(server, client):
    server.says(Reply(b"[" * 100_000, 400))
    with pytest.raises(InvalidInput, match=r"400 Bad Request$"):
        client.query("1")


def test_where_no_post_is_let_through_it_is_asked_by_get_from_then_on(server, client):
    answer = success("scalar", [T0_S, "1"])
    server.says(
        Reply(b"no", 405, "text/plain"), answer, answer, Reply({"status": "success", "data": []})
    )
    assert [client.query("up{a='+&'}", T0)[0].value for _ in range(2)] == [1, 1]
    client.series(["up", "down"], T0, T0)
    paths = [urlsplit(asked.path) for asked in server.asked]
    assert [path.path for path in paths] == ["/api/v1/query"] * 3 + ["/api/v1/series"]
    assert parse_qs(paths[1].query) == {"query": ["up{a='+&'}"], "time": [f"{T0_S}.000"]}
    assert parse_qs(paths[3].query)["match[]"] == ["up", "down"]


def test_a_method_that_is_not_allowed_is_named(server, client):
    server.says(Reply(b"no", 405, "text/plain"))
    with pytest.raises(InvalidInput, match="405 no; it takes no GET of /api/v1/query"):
        client.query("1")


def test_a_media_type_has_no_case(server, client):
    server.says(Reply(success("scalar", [T0_S, "1"]).body, media="Application/JSON;Charset=UTF-8"))
    assert client.query("1")[0].value == 1


def test_a_redirection_is_not_followed_and_takes_no_secret_along(server):
    server.says(Reply(b"", 307, Location=f"http://localhost:{server.http.server_port}/elsewhere"))
    with (
        PrometheusClient(f"http://{server.address}", auth=Auth(token=SECRET)) as client,
        pytest.raises(InvalidInput, match=r"307 .*it points elsewhere"),
    ):
        client.query("1")
    assert [asked.path for asked in server.asked] == ["/api/v1/query"]


ENVIRONMENTS = [
    ("ALL_PROXY", f"socks://me:{SECRET}@127.0.0.1:1"),
    ("HTTPS_PROXY", f"http://me:{SECRET}@[::"),
    ("SSL_CERT_FILE", "/nonexistent"),
    ("SSL_CERT_FILE", __file__),
]


@pytest.mark.parametrize(("variable", "value"), ENVIRONMENTS)
def test_an_environment_that_cannot_be_used_is_one_line(monkeypatch, variable, value):
    monkeypatch.delenv(variable.lower(), raising=False)  # of the two it would count
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=f"cannot be asked; .*{variable}") as caught:
        PrometheusClient("http://prometheus")
    assert SECRET not in str(caught.value)


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
        "http://prometheus..example",
        f"http://{'a' * 64}",
        "http://é..example",
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
