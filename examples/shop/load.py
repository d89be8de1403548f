"""The users of the shop: requests that arrive at random, whether or not the last was answered.

Arrivals are a Poisson process drawn from SEED; an answer's time is counted from the moment at
which its user arrived, so that a stall is felt by everyone who came during it. What users got is
told on `/metrics`: it is there even when no pod of the front is. Standard library only.

Environment
-----------
RATE : arrivals per second on average (12).
WAVE, WAVE_PERIOD_S : the rate swings by this share of itself in that time (0, 600).
SEED : of arrivals and of what users ask for (1).
TIMEOUT_S : how long a user waits (5).
LISTEN_HOST, LISTEN_PORT : where it tells its metrics (127.0.0.1, 8080).
"""

from __future__ import annotations

import math
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from calling import OK, PORT, TIMEOUT, UNREACHABLE, address, call
from graph import ENTRY
from measures import Measures
from resources import usage
from serving import Reply, Server, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_USERS = 128
ITEMS = 1000


def arrivals(rate: float, wave: float, period_s: float, seed: int) -> Iterator[tuple[float, int]]:
    """Yield the seconds since the start at which a user arrives, and the item it asks for."""
    chance, now = random.Random(seed), 0.0  # noqa: S311  a seed, not a secret
    while True:
        current = rate * (1 + wave * math.sin(2 * math.pi * now / period_s))
        now += chance.expovariate(current)
        yield now, chance.randrange(ITEMS)


class Users:
    """Sends requests to the front and counts what comes back."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._front = address(ENTRY, environ)
        self._timeout_s = float(environ.get("TIMEOUT_S", 5))
        self._plan = arrivals(
            float(environ.get("RATE", 12)),
            float(environ.get("WAVE", 0)),
            float(environ.get("WAVE_PERIOD_S", 600)),
            int(environ.get("SEED", 1)),
        )
        self._measures = Measures()
        for outcome in (OK, "500", "502", "503", "504", TIMEOUT, UNREACHABLE):
            self._count(outcome, 0)

    def arrive(self, stop: threading.Event) -> None:
        """Let users come until `stop`."""
        start = time.perf_counter()
        with ThreadPoolExecutor(MAX_USERS) as pool:
            for moment, item in self._plan:
                if stop.wait(max(0.0, start + moment - time.perf_counter())):
                    return
                pool.submit(self._ask, item, start + moment)

    def page(self) -> str:
        """Return the page that Prometheus reads."""
        return self._measures.text(usage())

    def _ask(self, item: int, arrived: float) -> None:
        outcome = call(self._front, item, self._timeout_s)
        self._measures.observe("shop_user_request_seconds", time.perf_counter() - arrived)
        self._count(outcome)

    def _count(self, outcome: str, by: int = 1) -> None:
        """Count as a user who wants an answer, and as every client here does: by whom it calls."""
        self._measures.count("shop_user_requests_total", by, code=outcome)
        self._measures.count("shop_client_requests_total", by, callee=ENTRY, code=outcome)


def main() -> None:
    """Send requests until INT or TERM."""
    stop = stop_on_signals()
    users = Users(os.environ)
    listen = os.environ.get("LISTEN_HOST", "127.0.0.1"), int(os.environ.get("LISTEN_PORT", PORT))
    server = Server(listen, {"/metrics": lambda _: Reply(200, users.page())})
    sender = threading.Thread(target=users.arrive, args=(stop,))
    sender.start()
    server.run(stop, drain_s=0)
    sender.join()


if __name__ == "__main__":
    main()
