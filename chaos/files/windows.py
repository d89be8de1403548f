"""Hours of the week in which an experiment may run: "Mon-Fri 09:00-16:00", in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "(?:" + "|".join(DAYS) + ")"
_SPAN = f"{_DAY}(?:-{_DAY})?"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TEXT = re.compile(f"({_SPAN}(?:,{_SPAN})*) ({_TIME})-({_TIME}|24:00)")


@dataclass(frozen=True, slots=True)
class Window:
    """Days, and the minutes of the day from `start` up to but not including `end`.

    A window that ends before it starts runs past midnight and belongs to the day it starts on.

    >>> Window.parse("Mon-Fri 09:00-16:00").holds(datetime(2026, 11, 22, 10, tzinfo=UTC))
    False
    """

    text: str
    days: frozenset[int]
    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a window.

        Raises
        ------
        ValueError
            If `text` is none, or none of a minute at least.
        """
        found = _TEXT.fullmatch(text)
        if not found or found[2] == found[3]:
            raise ValueError(f'{text!r} is no window; write one like "Mon-Fri 09:00-16:00" (UTC)')
        days = frozenset(day for span in found[1].split(",") for day in _days(span))
        return cls(text, days, _minute(found[2]), _minute(found[3]))

    def holds(self, now: datetime) -> bool:
        """Say whether `now` lies in the window."""
        moment = now.astimezone(UTC)
        minute = moment.hour * 60 + moment.minute
        today = moment.weekday() in self.days
        if self.start < self.end:
            return today and self.start <= minute < self.end
        yesterday = (moment - timedelta(days=1)).weekday() in self.days
        return (today and minute >= self.start) or (yesterday and minute < self.end)

    def __str__(self) -> str:
        return self.text


def _days(span: str) -> tuple[int, ...]:
    first, _, last = span.partition("-")
    start = DAYS.index(first)
    length = (DAYS.index(last) - start) % 7 if last else 0
    return tuple((start + offset) % 7 for offset in range(length + 1))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _window(value: Any) -> Any:
    return Window.parse(value) if isinstance(value, str) else value


Hours = Annotated[
    Window,
    BeforeValidator(_window),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{_TEXT.pattern}$"}),
]
"""A field that reads a window."""
