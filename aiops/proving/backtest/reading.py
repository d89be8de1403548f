"""The stretch read from a Prometheus: screened metrics a day at a time, alerts and the call graph.

Only what tells how a service does is read (the golden signals), and after each window the server is
left alone for as long as `Pace` says, so that a replay of weeks does not slow down who uses it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from aiops.collectors.callgraph import collect_calls
from aiops.collectors.inventory.taking import take_inventory
from aiops.collectors.kinds import SYMPTOMS, SignalKind
from aiops.collectors.prometheus import PrometheusCollector
from aiops.collectors.signals.planning import plan_signals
from aiops.proving.backtest.screening import Answer, Screening
from aiops.types import InvalidInput, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.clients.prometheus import Alert, PrometheusClient
    from aiops.collectors.inventory.taking import Inventory
    from aiops.collectors.prometheus import Queries
    from aiops.settings import Settings


SCREENED = SYMPTOMS | {SignalKind.SATURATION}
"""The kinds of signals that are read."""

LEAST_ROWS = 30
"""A shorter stretch shows no normal state."""

MOST_ROWS = 1_000_000
"""Two years of minutes; a longer one is not held in memory."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """How hard the server may be worked: the share of one of its processors; 1 is no limit."""

    busy: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def rest(self, server_s: float, took_s: float) -> None:
        """Wait until work that cost the server `server_s` and took `took_s` is within the share."""
        wait_s = server_s / self.busy - took_s
        if self.busy < 1 and wait_s > 0:
            self.sleep(wait_s)


@dataclass(frozen=True)
class Stretch:
    """What was read, ready for `aiops.proving.backtest.backtest`."""

    frame: pd.DataFrame
    alerts: tuple[Alert, ...]
    topology: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class StretchReader:
    """Reads stretches of one system.

    Attributes
    ----------
    client : PrometheusClient
        Where its metrics are.
    settings : Settings
        Whose a series is, and where the call graph comes from.
    queries : Queries or None
        What to ask for; found out when None.
    pace : Pace
        How hard the server may be worked.
    tell : callable
        Called after each window with (windows done, windows in all, what was read).
    """

    client: PrometheusClient
    settings: Settings
    queries: Queries | None = None
    pace: Pace = Pace()
    tell: Callable[[int, int, str], None] = lambda *_: None

    def read(self, start: datetime, end: datetime, step_s: float) -> Stretch:
        """Read every step from `start` to `end`.

        Raises
        ------
        InvalidInput
            If the stretch is too short or too long for its step, or a query is refused.
        NotEnoughData
            If there is nothing in it.
        Unreachable, Denied
            As the client raises them.
        """
        rows = int((end - start).total_seconds() // step_s) + 1
        if rows < LEAST_ROWS:
            raise InvalidInput(
                f"{rows} ticks from {start} to {end} are too few; give at least {LEAST_ROWS}: "
                "a longer --since, or a shorter --step"
            )
        if rows > MOST_ROWS:
            raise InvalidInput(
                f"{rows:,} ticks from {start} to {end} are too many; give at most {MOST_ROWS:,}: "
                "a shorter --since, or a longer --step"
            )
        # The call graph first: a file that cannot be read is told before days have been read.
        if self.queries is not None:
            topology = self.queries.calls or self._calls(start, end, ())
            frame, notes = self._frame(_Asking(self.client, self.queries, step_s), start, rows)
        else:
            known = take_inventory(self.client, self.settings.labels, max(start, end - _DAY), end)
            topology = self._calls(start, end, known.services)
            frame, notes = self._frame(self._screening(known, step_s), start, rows)
            share = f"{known.mapped:,} of {known.series:,} series are put down to a service."
            notes = (share, *notes)
        return Stretch(frame, self.client.alerts(start, end), topology, notes)

    def _screening(self, known: Inventory, step_s: float) -> Screening:
        signals = plan_signals(known, kinds=SCREENED, step_s=step_s)
        if not signals:
            raise NotEnoughData(
                f"{self.client.url}: no golden signal is known of any service; see `aiops init`, "
                "or say what to ask for with --queries"
            )
        return Screening(self.client, signals, step_s, known.scrape_s)

    def _calls(
        self, start: datetime, end: datetime, services: Sequence[str]
    ) -> tuple[tuple[str, str], ...]:
        window_s = min(end - start, _DAY).total_seconds()
        return collect_calls(self.client, self.settings, end, window_s, services=services).topology

    def _frame(
        self, source: _Source, start: datetime, rows: int
    ) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Read window by window; one without data has no value, and all without are refused."""
        import pandas as pd

        parts: list[pd.DataFrame] = []
        notes: dict[str, None] = {}
        windows = list(_windows(start, rows, source.step_s, min(source.longest, _DAY)))
        for done, (first, last) in enumerate(windows, start=1):
            began = time.monotonic()
            try:
                answer = source.ask(first, last)
            except NotEnoughData as error:
                notes[f"There is nothing from {first:%d %B %H:%M} to {last:%d %B %H:%M}."] = None
                problem = error
            else:
                parts.append(answer.frame)
                notes |= dict.fromkeys(answer.left_out)
                if done < len(windows):
                    self.pace.rest(answer.server_s, time.monotonic() - began)
            self.tell(done, len(windows), f"{first:%d %B %H:%M}")
        if not parts:
            raise problem
        step = pd.Timedelta(seconds=source.step_s)
        index = pd.date_range(start, periods=rows, freq=step, unit="us", name="time")
        return pd.concat(parts).reindex(index).sort_index(axis=1), tuple(notes)


class _Source(Protocol):
    """Gives the metrics of one window at a time."""

    @property
    def step_s(self) -> float:
        """Seconds from row to row."""
        ...

    @property
    def longest(self) -> timedelta:
        """The longest window that it can give at once."""
        ...

    def ask(self, first: datetime, last: datetime) -> Answer:
        """Return what there is in a window, both ends included."""
        ...


@dataclass(frozen=True)
class _Asking:
    """What a file of queries asks for."""

    client: PrometheusClient
    queries: Queries
    step_s: float
    longest: timedelta = _DAY

    def ask(self, first: datetime, last: datetime) -> Answer:
        began = time.monotonic()
        frame = PrometheusCollector(self.client, self.queries).part(first, last, self.step_s)
        return Answer(frame, (), time.monotonic() - began)


def _windows(
    start: datetime, rows: int, step_s: float, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Return first and last tick of each window; what is left over joins the last one."""
    step = timedelta(seconds=step_s)
    each = max(int(length / step), LEAST_ROWS)
    windows = max(rows // each, 1)
    for number in range(windows):
        last = rows - 1 if number == windows - 1 else (number + 1) * each - 1
        yield start + number * each * step, start + last * step
