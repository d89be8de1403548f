"""What comes in from outside: how a day goes, and how a quantity wanders about its usual value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Load:
    """Requests from outside over a day, and how the load wanders about that.

    Attributes
    ----------
    rate : float
        Requests per second on average over a day.
    swing : float
        Load is highest at `peak_hour` and lowest twelve hours later, by this share of the average.
    peak_hour : float
        Hour of the day, UTC.
    sd, tau_s : float
        Standard deviation of the logarithm of the factor by which it wanders, and how long a
        deviation lasts, s.
    """

    rate: float = 120.0
    swing: float = 0.3
    peak_hour: float = 12.0
    sd: float = 0.023
    tau_s: float = 47.0

    def at(self, moment: datetime) -> float:
        """Return the requests per second that a usual day brings at `moment`.

        >>> from datetime import UTC, datetime
        >>> [Load().at(datetime(2026, 1, 5, hour, tzinfo=UTC)) for hour in (0, 12)]
        [84.0, 156.0]
        """
        hours = moment.hour + moment.minute / 60 + moment.second / 3600 - self.peak_hour
        return self.rate * (1 + self.swing * math.cos(2 * math.pi * hours / 24))


@dataclass(frozen=True, slots=True)
class Burst:
    """Work that a schedule brings to one service, as a CronJob does: `rate` requests per second.

    It begins `offset_s` after each full `period_s` of the day and lasts for `lasts_s`.
    """

    service: str
    rate: float
    period_s: float
    offset_s: float
    lasts_s: float

    def running(self, moment: datetime) -> bool:
        """Say whether it runs at `moment`.

        >>> from datetime import UTC, datetime
        >>> nightly = Burst("db", 50.0, period_s=3600.0, offset_s=60.0, lasts_s=120.0)
        >>> [nightly.running(datetime(2026, 1, 5, 4, minute, tzinfo=UTC)) for minute in (0, 1, 3)]
        [False, True, False]
        """
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        return (seconds - self.offset_s) % self.period_s < self.lasts_s
