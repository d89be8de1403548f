"""The window around the moment at which something was noticed, and how finely it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from aiops.types import InvalidInput

AFTER = 0.25
"""Share of a window that lies after the moment, where so much time has passed: most of it says what
is normal, the rest how it went on."""

ROWS = 240
"""A window is read in about so many rows, and never finer than it was scraped."""

FEWEST_ROWS = 30
"""Fewer cannot say what is normal and what is not."""

STEPS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Steps that people's clocks know, s."""

CLOCKS_DIFFER = timedelta(seconds=60)
"""A moment so little in the future is taken as now."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end`, both included; something was noticed at `noticed`; all in UTC."""

    start: datetime
    end: datetime
    noticed: datetime

    @classmethod
    def around(cls, noticed: datetime, length: timedelta, *, now: datetime) -> Self:
        """Lay a window around `noticed` that does not reach beyond `now`.

        Raises
        ------
        InvalidInput
            If the moment lies in the future.

        Examples
        --------
        >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
        >>> late = Window.around(noon, timedelta(hours=1), now=noon + timedelta(minutes=5))
        >>> late.start.isoformat(), late.end.isoformat()
        ('2026-01-05T11:05:00+00:00', '2026-01-05T12:05:00+00:00')
        """
        if noticed > now + CLOCKS_DIFFER:
            raise InvalidInput(
                f"{noticed.isoformat(timespec='seconds')} lies in the future; it is "
                f"{now.astimezone(UTC).isoformat(timespec='seconds')} now"
            )
        end = min(noticed + AFTER * length, now)
        return cls(end - length, end, min(noticed, end))

    @property
    def length_s(self) -> float:
        """How long it is, in seconds."""
        return (self.end - self.start).total_seconds()

    def step_s(self, scrape_s: float) -> float:
        """Return the step in which it is read where targets are scraped every `scrape_s` seconds.

        Examples
        --------
        >>> now = datetime(2026, 1, 5, 12, tzinfo=UTC)
        >>> Window.around(now, timedelta(hours=1), now=now).step_s(15.0)
        15.0
        """
        least = max(scrape_s, self.length_s / ROWS)
        return float(next((step for step in STEPS_S if step >= least), math.ceil(least)))

    def on_grid(self, step_s: float) -> Self:
        """Return the window with both ends moved back to whole multiples of the step.

        Raises
        ------
        InvalidInput
            If it is too short for such a step.
        """
        if self.length_s < FEWEST_ROWS * step_s:
            raise InvalidInput(
                f"a window of {self.length_s:g} s is too short at a step of {step_s:g} s; "
                f"make it at least {FEWEST_ROWS * step_s:g} s"
            )
        start, end = (
            datetime.fromtimestamp(moment.timestamp() // step_s * step_s, tz=UTC)
            for moment in (self.start, self.end)
        )
        return type(self)(start, end, min(self.noticed, end))
