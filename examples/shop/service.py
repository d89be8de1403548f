"""One service of the shop: `SHOP_SERVICE=cart python service.py`.

It answers `/?item=7` after a little hashing and its calls to other services, and tells `/metrics`,
`/ready` and `/live`. An answer is 500 when the service itself fails, 502 when a callee did, 503
when it is full and 504 when a callee did not answer in time. Standard library only.

Environment
-----------
SHOP_SERVICE : which of the six it is.
SHOP_PROFILE : the price list; needed, and no other than ``standard`` or ``sale``.
LISTEN_HOST, LISTEN_PORT : where it listens (127.0.0.1, 8080).
WORK_MS, CALLS, TIMEOUT_S, RETRIES, DRAIN_S : see `Settings`; CALLS is like ``cart=0.5,stock=1``.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from calling import OK, PORT, TIMEOUT, UNREACHABLE, address, call
from graph import PROFILES, ROLES
from measures import Measures
from resources import usage
from serving import Reply, Server, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK = bytes(4096)
MAX_IN_FLIGHT = 64
SLOW_S = 1.0
REMEMBERED = 2000
CODES = (200, 500, 502, 503, 504)


@dataclass(frozen=True)
class Settings:
    """How a service behaves.

    Attributes
    ----------
    work_ms : float
        Mean CPU time of an answer of its own, in milliseconds.
    calls : mapping of str to float
        Callee → the share of requests that need it.
    timeout_s : float
        How long it waits for a callee.
    retries : int
        How often a call is tried again when no connection came about.
    drain_s : float
        How long it serves on after TERM, until the cluster has taken it out of its Service.
    """

    service: str
    profile: str
    work_ms: float
    calls: Mapping[str, float]
    timeout_s: float
    retries: int
    drain_s: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; what is not set is as in `graph.ROLES`."""
        name = environ["SHOP_SERVICE"]
        role = ROLES[name]
        calls = environ.get("CALLS", ",".join(f"{to}={part}" for to, part in role.calls.items()))
        pairs = (pair.split("=") for pair in calls.split(",") if pair)
        return cls(
            service=name,
            profile=environ.get("SHOP_PROFILE", ""),
            work_ms=float(environ.get("WORK_MS", role.work_ms)),
            calls={to: float(share) for to, share in pairs},
            timeout_s=float(environ.get("TIMEOUT_S", role.timeout_s)),
            retries=int(environ.get("RETRIES", 1)),
            drain_s=float(environ.get("DRAIN_S", 0)),
        )


class CallFailed(Exception):
    """A callee gave no good answer."""

    def __init__(self, callee: str, outcome: str) -> None:
        super().__init__(f"{callee} answered {outcome}")
        self.code = 504 if outcome == TIMEOUT else 502


class Service:
    """Answers requests and measures itself."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self.in_flight = 0
        self._lock = threading.Lock()
        self._measures = Measures()
        self._orders: deque[str] = deque(maxlen=REMEMBERED)
        self._addresses = {to: address(to, environ) for to in settings.calls}
        for code in CODES:
            self._count(code, by=0)
        for callee in settings.calls:
            for outcome in (*map(str, CODES), TIMEOUT, UNREACHABLE):
                self._count_call(callee, outcome, by=0)

    def answer(self, query: Mapping[str, str]) -> Reply:
        """Serve one request, and count it."""
        start = time.perf_counter()
        with self._lock:
            full = self.in_flight >= MAX_IN_FLIGHT
            self.in_flight += not full
        if full:
            return self._answered(503, "full", start)
        try:
            return self._answered(200, self._serve(int(query["item"])), start)
        except CallFailed as failure:
            return self._answered(failure.code, str(failure), start)
        except (KeyError, ValueError) as error:
            return self._answered(500, f"{type(error).__name__}: {error}", start)
        finally:
            with self._lock:
                self.in_flight -= 1

    def page(self, *, ready: bool) -> str:
        """Return the page that Prometheus reads."""
        gauges = {"shop_in_flight": self.in_flight, "shop_ready": int(ready), **usage()}
        return self._measures.text(gauges, service=self.settings.service)

    def _serve(self, item: int) -> str:
        digest = burn(random.gammavariate(4, self.settings.work_ms / 4) / 1000)
        if item % 5 < 3:  # the other two fifths only look at things that have no price
            digest += f" x {PROFILES[self.settings.profile]}"
        for callee, share in self.settings.calls.items():
            if random.random() < share:  # noqa: S311  chance, not secrecy
                self._call(callee, item)
        self._orders.append(digest)
        return digest

    def _call(self, callee: str, item: int) -> None:
        for _ in range(1 + self.settings.retries):
            start = time.perf_counter()
            outcome = call(self._addresses[callee], item, self.settings.timeout_s)
            self._count_call(callee, outcome)
            self._measures.observe(
                "shop_client_request_seconds",
                time.perf_counter() - start,
                service=self.settings.service,
                callee=callee,
            )
            if outcome != UNREACHABLE:
                break
        if outcome != OK:
            raise CallFailed(callee, outcome)

    def _answered(self, code: int, text: str, start: float) -> Reply:
        taken_s = time.perf_counter() - start
        self._count(code)
        self._measures.observe("shop_request_seconds", taken_s, service=self.settings.service)
        if code != 200 or taken_s > SLOW_S:
            log(self.settings.service, code, taken_s, "slow" if code == 200 else text)
        return Reply(code, text + "\n")

    def _count(self, code: int, by: int = 1) -> None:
        labels = {"service": self.settings.service, "code": str(code)}
        self._measures.count("shop_requests_total", by, **labels)

    def _count_call(self, callee: str, outcome: str, by: int = 1) -> None:
        labels = {"service": self.settings.service, "callee": callee, "code": outcome}
        self._measures.count("shop_client_requests_total", by, **labels)


def burn(cpu_s: float) -> str:
    """Hash until this thread has used `cpu_s` of CPU: with less CPU to be had it takes longer."""
    digest = hashlib.sha256()
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        digest.update(BLOCK)
    return digest.hexdigest()


def log(service: str, code: int, taken_s: float, message: str) -> None:
    """Write one line about a request that failed or was slow."""
    entry = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "level": "warning" if code == 200 else "error",
        "service": service,
        "code": code,
        "seconds": round(taken_s, 4),
        "message": message,
    }
    print(json.dumps(entry), file=sys.stderr, flush=True)  # noqa: T201  the log of a container


def main() -> None:
    """Serve until INT or TERM."""
    stop = stop_on_signals()
    service = Service(Settings.read(os.environ), os.environ)
    listen = os.environ.get("LISTEN_HOST", "127.0.0.1"), int(os.environ.get("LISTEN_PORT", PORT))
    server = Server(
        listen,
        {
            "/": service.answer,
            "/metrics": lambda _: Reply(200, service.page(ready=server.ready)),
        },
    )
    server.run(stop, service.settings.drain_s)


if __name__ == "__main__":
    main()
