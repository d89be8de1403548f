"""A Kubernetes API server on loopback, for tests: it answers as a real one, and fails on demand.

    with FakeApiServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        client = KubernetesClient.connect(server.kubeconfig(tmp_path / "config"), server.context)

The requests arrive over real sockets and each mutation that was carried out is logged in order.
What a container does on an exec is `server.api.command`, and what it has printed `server.api.logs`.
There are no watches.
"""

import contextlib
import json
import select
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests import fake_api_exec
from tests.fake_api_objects import NEW_KINDS, Refusal
from tests.fake_api_routes import TOKEN, Api, Request


@dataclass(frozen=True)
class Mutation:
    """A change that was carried out; `at` is `time.monotonic`, in seconds."""

    at: float
    method: str
    path: str
    user_agent: str


def no_trouble(method, path, attempt):
    """Answer every request; the shape of all `trouble`.

    Another one may return a status code (answered, nothing applied), ``"hang"`` (nothing applied,
    never answered), ``"cut"`` (applied, then the connection is dropped) or ``"late"`` (the
    connection is dropped, and the change applied after `late_after` further requests).
    """


class FakeApiServer:
    """A cluster with its API server.

    Attributes
    ----------
    log : list of Mutation
        In the order in which they were carried out, commands in pods among them; dry runs and
        refusals are not in it.
    requests : list of (method, path)
        All that came in, answered or not.
    trouble : callable
        See `no_trouble`; may be set at any time.
    """

    context = "fake"

    def __init__(self, *, kinds=NEW_KINDS, trouble=no_trouble, late_after=3):
        self.trouble = trouble
        self.late_after = late_after
        self.api = Api(kinds)
        self.log = []
        self.requests = []
        self.port = 0
        self._attempts = Counter()
        self._late = []
        self._lock = threading.RLock()
        self._http = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Listen; again on the same port, with the same objects, after `stop`."""
        self._http = _Http(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        serve = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        serve.start()

    def stop(self):
        """Go away, and drop every connection."""
        if self._http is not None:
            self._http.away.set()
            self._http.shutdown()
            self._http.server_close()
            self._http.drop()
            self._http = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def kubeconfig(self, path, token=TOKEN):
        """Write a kubeconfig for this server and return its path."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "tester", "user": {"token": token}}],
            "contexts": [
                {"name": self.context, "context": {"cluster": "fake", "user": "tester"}},
            ],
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def deny(self, verb, resource, namespace=None):
        """Refuse a verb on a resource (``pods``, ``pods/exec``), in one namespace or in all."""
        self.api.denied.add((verb, resource, namespace))

    def add(self, document):
        """Put an object into the cluster, past the log; return it as it is stored."""
        kind = self.api.kind(document["kind"])
        with self._lock:
            return self.api.objects.create(kind, document["metadata"].get("namespace"), document)

    def object(self, kind, namespace, name):
        """Return a copy of an object, past the network; raise `Refusal` if there is none."""
        with self._lock:
            return self.api.objects.get(self.api.kind(kind), namespace, name)

    def settle(self):
        """Carry out every late change now."""
        with self._lock:
            while self._late:
                self._carry_out(self._late.pop(0)[1])

    def answer(self, method, path, headers, body):
        """Return (status, document), or the name of the trouble that leaves no answer."""
        split = urlsplit(path)
        given = parse_qs(split.query, keep_blank_values=True)
        query = {key: values[-1] for key, values in given.items()}
        argv = tuple(given.get("command", ()))
        with self._lock:
            self.requests.append((method, split.path))
            self._attempts[method, split.path] += 1
            attempt = self._attempts[method, split.path]
            request = Request(method, split.path, query, headers, body, argv)
            self._carry_out_what_is_due()
            trouble = self.trouble(method, split.path, attempt)
            if isinstance(trouble, int):
                refusal = Refusal(trouble, "Trouble", f"made to answer {trouble}")
                return trouble, refusal.status
            if trouble == "late":
                self._late.append((len(self.requests) + self.late_after, request))
            if trouble in {"late", "hang"}:
                return trouble
            answered = self._carry_out(request)
        return trouble or answered

    def _carry_out_what_is_due(self):
        while self._late and self._late[0][0] <= len(self.requests):
            self._carry_out(self._late.pop(0)[1])

    def _carry_out(self, request):
        try:
            answered = self.api.answer(request)
        except Refusal as refusal:
            return refusal.code, refusal.status
        if request.mutates:
            agent = request.headers.get("user-agent", "")
            self.log.append(Mutation(time.monotonic(), request.method, request.path, agent))
        return answered


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, fake):
        self.fake = fake
        self.away = threading.Event()
        self.connections = set()
        super().__init__(address, _Handler)

    def drop(self):
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(2)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per answer: two would wait for each other

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_):
        """Say nothing on standard error."""

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        sent = self.rfile.read(length)
        if len(sent) < length:  # whoever asks has died in the middle of it
            self.close_connection = True
            return
        body = json.loads(sent) if length else None
        headers = {key.lower(): value for key, value in self.headers.items()}
        answered = self.server.fake.answer(self.command, self.path, headers, body)
        if isinstance(answered, str):
            self._leave_unanswered(answered)
            return
        status, document = answered
        if status == 101:
            fake_api_exec.send(self, document)
            return
        plain = isinstance(document, str)
        text = document.encode() if plain else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain" if plain else "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  as the base calls them

    def _leave_unanswered(self, trouble):
        self.close_connection = True
        while trouble == "hang" and not self.server.away.is_set():
            gone, _, _ = select.select([self.connection], [], [], 0.02)
            if gone:
                return
