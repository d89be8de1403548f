"""Whatever happens to a run at its moment, decided inside the API server, request by request."""

import random
import threading
import time
import traceback

TROUBLES = (409, 429, 500, 503, "cut", "late", "hang")
MOST_TROUBLES = 8
MOST_HANGS = 2


class Director:
    """The fake server's `trouble`: counts requests, strikes at the drawn one, makes bad weather.

    Attributes
    ----------
    struck : threading.Event
        Set once `strike` was called.
    struck_at : float
        When that was, on the monotonic clock, s.
    mishaps : list of str
        Defects of the torture itself.
    released : bool
        To be set once the hold is over: requests then count as those of the revert.
    """

    def __init__(self, draw, strike, *, weather=False):
        self.draw = draw
        self.struck = threading.Event()
        self.struck_at = None
        self.mishaps = []
        self.released = False
        self.writes = 0
        self._strike = strike
        self._weather = weather
        self._reverts = 0
        self._troubles = 0
        self._hangs = 0
        self._rng = random.Random(f"weather {draw.seed}")
        self._once = threading.Lock()

    def __call__(self, method, path, attempt):
        self.writes += method != "GET"
        self._reverts += self.released
        counted = {"inject": (method != "GET") * self.writes, "revert": self._reverts}
        if counted.get(self.draw.phase) == self.draw.at:
            try:
                self.strike()
            except Exception:  # noqa: BLE001  it would be lost in a thread of the server
                self.mishaps.append(traceback.format_exc())
        return self._trouble()

    def strike(self):
        """Do it, the first time this is called."""
        with self._once:
            if self.struck.is_set():
                return
            self._strike()
            self.struck_at = time.monotonic()
            self.struck.set()

    def _trouble(self):
        """Return a trouble for some requests after the first write, and for ever fewer of them."""
        calm = not self._weather or self.writes == 0 or self._troubles >= MOST_TROUBLES
        if calm or self._rng.random() < 0.6:
            return None
        trouble = self._rng.choice(TROUBLES)
        self._hangs += trouble == "hang"
        self._troubles += 1
        return 503 if trouble == "hang" and self._hangs > MOST_HANGS else trouble
