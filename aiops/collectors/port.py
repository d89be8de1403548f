"""What a source brings: small ports that compose, because not every source brings everything.

Time is asked for in one way everywhere. `start` and `end` carry a zone, and `start` does not lie
after `end`; else `InvalidInput` is raised.

- Metrics come on the grid ``start, start + step_s, … ≤ end``, both ends included, as a range query
  of PromQL answers. Nothing at all to show is `NotEnoughData`.
- Logs and events are those with ``start <= time < end``, so that windows that touch share none.
  Nothing to show is an empty frame, or an empty tuple: silence is a finding, too.

Asking changes nothing: the same question about the past gets an equal answer.
The contract is held by ``tests/contract/test_collectors.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from aiops.types import Event


@runtime_checkable
class MetricsSource(Protocol):
    """Brings samples."""

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return a frame that passes `aiops.types.check_metrics`, its columns sorted.

        Raises
        ------
        InvalidInput
            If the window or the step is none.
        NotEnoughData
            If there is no sample in the window.
        InvalidMetrics
            If what there is makes no legal frame: too few rows, nothing that varies.
        """
        ...


@runtime_checkable
class LogsSource(Protocol):
    """Brings log entries."""

    def logs(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Return what was logged, in the order of time: UTC index; service, level, message.

        Levels are those of `aiops.collectors.logs.LEVELS`, or empty where an entry names none.

        Raises
        ------
        InvalidInput
            If the window is none.
        """
        ...


@runtime_checkable
class EventsSource(Protocol):
    """Brings what happened at single moments: deploys, restarts, scalings."""

    def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        """Return what happened, in the order of time.

        Raises
        ------
        InvalidInput
            If the window is none.
        """
        ...


@runtime_checkable
class CallsSource(Protocol):
    """Brings the call graph."""

    @property
    def topology(self) -> tuple[tuple[str, str], ...]:
        """The call graph as (caller, callee)."""
        ...


def check_window(start: datetime, end: datetime) -> None:
    """Raise unless `start` and `end` carry a zone and come in this order.

    Raises
    ------
    InvalidInput
        If they do not.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> check_window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidInput: the window ends at 2026-11-22 00:00:00+00:00, before its start at 2026-11-23 00:00:00+00:00; swap them
    """
    for moment in (start, end):
        if moment.tzinfo is None:
            raise InvalidInput(f"the time {moment} has no time zone; use datetime.UTC")
    if end < start:
        raise InvalidInput(f"the window ends at {end}, before its start at {start}; swap them")
