"""A small HTTP server with a thread for each request that ends politely on TERM.

Not for the open internet: it knows GET, a table of paths and nothing else.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STACK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Reply:
    """What a path answers."""

    code: int
    text: str = ""


class Server(ThreadingHTTPServer):
    """Answers each path of `routes` with what its function makes of the query."""

    daemon_threads = False  # closing waits for the requests that are being served
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        routes: Mapping[str, Callable[[Mapping[str, str]], Reply]],
    ) -> None:
        self.routes = {"/live": lambda _: Reply(200), "/ready": self._readiness, **routes}
        self.ready = True
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the machine's name: that waits where there is no DNS."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client that went away go; anything else is written to the standard error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def _readiness(self, _: Mapping[str, str]) -> Reply:
        # A comment is a valid, empty Prometheus page: being ready can be scraped.
        return Reply(200, "# ready\n") if self.ready else Reply(503, "# not ready\n")

    def run(self, stop: threading.Event, drain_s: float) -> None:
        """Serve until `stop`; then say not ready, serve for `drain_s` more, finish and return."""
        threading.stack_size(STACK_BYTES)
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1})
        thread.start()
        stop.wait()
        self.ready = False
        threading.Event().wait(drain_s)
        self.shutdown()
        thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    wbufsize = -1  # head and body leave in one packet: no waiting for the peer's acknowledgement
    timeout = 10

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        route = self.server.routes.get(parts.path)
        reply = route(dict(parse_qsl(parts.query))) if route else Reply(404)
        body = reply.text.encode()
        self.send_response(reply.code)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: the services log what went wrong themselves."""


def stop_on_signals() -> threading.Event:
    """Return an event that INT and TERM set."""
    stop = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    return stop
