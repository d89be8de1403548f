"""HTTP probes against a server on loopback."""

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from chaos.files.environment import Secrets
from chaos.files.providers import Http
from chaos.probes.http import MAX_BODY, fetch
from chaos.probes.results import ProbeFailed

SECRETS = Secrets({"api": {"token": SecretStr("s3cret")}})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
        status, headers, body = self.server.answer(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET" and body is not None:
            with suppress(ConnectionError):  # the probe has had enough
                self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815  the name that the server looks for

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(answer):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.answer, server.seen = answer, []
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _get(url, **fields):
    return fetch(Http(type="http", url=url, **fields), SECRETS)


def test_json_is_parsed_and_other_text_is_not(serve):
    server = serve(lambda path: (200, {"Content-Type": f"application/{path[1:]}"}, b'{"a": 1}'))
    assert _get(f"{server.url}/json")["body"] == {"a": 1}
    assert _get(f"{server.url}/text")["body"] == '{"a": 1}'


@pytest.mark.parametrize("status", [204, 404, 503])
def test_any_status_is_an_answer(serve, status):
    server = serve(lambda path: (status, {"Content-Length": "0"}, None))
    assert _get(server.url)["status"] == status


def test_head_and_the_secret_in_a_header(serve):
    server = serve(lambda path: (200, {}, b""))
    _get(f"{server.url}/x", method="HEAD", headers={"Authorization": "Bearer ${token}"})
    assert server.seen == [("HEAD", "/x", "Bearer s3cret")]


def test_redirects_are_followed_and_headers_stay_with_their_server(serve):
    other = serve(lambda path: (200, {}, b"there"))
    home = serve(lambda path: (302, {"Location": "/b" if path == "/a" else f"{other.url}/c"}, None))
    answer = _get(f"{home.url}/a", headers={"Authorization": "Bearer ${token}"})
    assert answer["body"] == "there"
    assert [seen[2] for seen in home.seen] == ["Bearer s3cret"] * 2
    assert other.seen == [("GET", "/c", None)]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_anything_but_http_is_a_failure(serve, location):
    server = serve(lambda path: (302, {"Location": location}, None))
    with pytest.raises(ProbeFailed, match="not HTTP"):
        _get(server.url)


def test_a_circle_of_redirects_ends(serve):
    server = serve(lambda path: (302, {"Location": "/"}, None))
    with pytest.raises(ProbeFailed, match="redirects more than 5 times"):
        _get(server.url)
    assert len(server.seen) == 6


def test_a_body_without_end_is_a_failure(serve):
    server = serve(lambda path: (200, {}, b"x" * (MAX_BODY + 1)))
    with pytest.raises(ProbeFailed, match="larger than"):
        _get(server.url)


def test_no_answer_in_time_is_a_failure(serve):
    release = threading.Event()
    server = serve(lambda path: (release.wait(20), (200, {}, b""))[1])
    try:
        with pytest.raises(ProbeFailed, match="timed out"):
            _get(server.url, timeout=0.05)
    finally:
        release.set()


def test_nobody_there_is_a_failure_that_hides_the_secret(serve):
    server = serve(lambda path: (200, {}, b""))
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(ProbeFailed, match="refused") as failed:
        _get(url + "/${token}")
    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize("token", ["s3cret\nX: y", "s3cret with space"])
def test_a_secret_that_fits_no_request_is_not_shown(serve, token):
    server = serve(lambda path: (200, {}, b""))
    secrets = Secrets({"api": {"token": SecretStr(token)}})
    provider = Http(type="http", url=server.url + "/${token}", headers={"A": "${token}"})
    with pytest.raises(ProbeFailed) as failed:
        fetch(provider, secrets)
    assert str(failed.value) == f"GET {server.url}/${{token}}: InvalidURL"
    assert failed.value.__cause__ is None
