"""A loopback server that answers as recorded, cuts, or refuses, and keeps what it was asked."""

import json
import struct
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import cramjam

from aiops.clients.prometheus import wire

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_S = int(T0.timestamp())
SECRET = "hunter2"  # noqa: S105  a test has to look for something
UP = {"__name__": "up", "job": "web"}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


class Reply:
    """One answer: its status, headers and body; see `cut` for one that breaks off."""

    def __init__(self, body=b"", status=200, media="application/json", **headers):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.framing, self.whole = status, "length", True
        self.headers = {"Content-Type": media}
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    def give(self, handler):
        handler.send_response(self.status)
        length = {"Content-Length": str(len(self.body))}
        framing = {"length": length, "chunked": {"Transfer-Encoding": "chunked"}, "close": {}}
        for name, value in (self.headers | framing[self.framing]).items():
            handler.send_header(name, value)
        handler.end_headers()
        sent = self.body if self.whole else self.body[: len(self.body) // 2]
        head = b"%x\r\n" % len(self.body) if self.framing == "chunked" else b""
        handler.wfile.write(head + sent)
        handler.close_connection = not self.whole


def cut(reply, framing="length"):
    """Break the connection in the middle of the body, whose end is known by its `framing`."""
    reply.whole, reply.framing = False, framing
    return reply


def success(kind, result, **more):
    return Reply({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def failure(status, kind, text, **headers):
    return Reply({"status": "error", "errorType": kind, "error": text}, status, **headers)


class Asked:
    """What a request was made of."""

    def __init__(self, handler):
        self.path, self.headers = handler.path, handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))

    @property
    def fields(self):
        return parse_qs(self.body.decode())

    @property
    def form(self):
        return {name: values[0] for name, values in self.fields.items()}


class _Listener(ThreadingHTTPServer):
    """Shakes hands over TLS, where it has a context, in the thread of each connection."""

    tls = None

    def get_request(self):
        connection, address = super().get_request()
        if self.tls is not None:
            options = {"server_side": True, "do_handshake_on_connect": False}
            connection = self.tls.wrap_socket(connection, **options)
        return connection, address

    def handle_error(self, request, client_address):
        """Say nothing: the client tells of it."""


class Server:
    """Gives the scripted replies in turn, the last one for ever, and keeps what it was asked."""

    def __init__(self, tls=None):
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

        self.http = _Listener(("127.0.0.1", 0), Handler)
        self.http.tls = tls
        self.address = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def says(self, *replies):
        self.replies = list(replies)


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
