"""Recorded alerts made ready to be judged: one per rule, service and time, the constant ones apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from aiops.backtests import RecordedAlert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aiops.clients.prometheus import Alert

ALWAYS_FIRING = frozenset({"Watchdog", "DeadMansSwitch", "DeadMansSnitch", "InfoInhibitor"})
"""Alerts that mean that all is well, by the names that are common."""

ALWAYS = 0.9
"""Share of the stretch beyond which an alert says nothing about any moment of it."""

FLAP = timedelta(minutes=5)
"""An alert that fires again within this time did not really stop."""

SERVICE_LABELS = ("service", "service_name", "app", "workload", "deployment", "job")
"""Labels of an alert that may name the service, the most telling first."""


def gathered(alerts: Sequence[Alert], start: datetime, end: datetime) -> tuple[RecordedAlert, ...]:
    """Return one alert for each rule, service and time, in order of time.

    An alert that always fires, or was firing when the stretch began, is marked: nobody can say
    whether it was led. Of `alerts` those that lie outside of `start` to `end` are left out.
    """
    inside = [one for one in alerts if start <= one.start <= end]
    keyed = sorted(inside, key=lambda one: (one.name, service_of(one.labels) or "", one.start))
    merged = [
        found
        for (name, service), spans in groupby(
            keyed, key=lambda one: (one.name, service_of(one.labels))
        )
        for found in _merged(name, service, spans)
    ]
    judged = [replace(one, apart=_apart(one, start, end)) for one in merged]
    return tuple(sorted(judged, key=lambda one: (one.start, one.name, one.service or "")))


def service_of(labels: Mapping[str, str]) -> str | None:
    """Return the service that the labels of an alert name.

    >>> service_of({"job": "node", "service": "cart"})
    'cart'
    """
    return next((labels[name] for name in SERVICE_LABELS if labels.get(name)), None)


def _merged(name: str, service: str | None, spans: Iterable[Alert]) -> Iterator[RecordedAlert]:
    """Join the spans of one rule and service that overlap or nearly touch."""
    joined: RecordedAlert | None = None
    for span in spans:
        if joined and (joined.end is None or span.start <= joined.end + FLAP):
            end = _later(joined.end, span.end)
            joined = replace(joined, end=end, series=joined.series + 1)
            continue
        if joined:
            yield joined
        joined = RecordedAlert(name, service, span.start, span.end)
    if joined:
        yield joined


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later end; None, still firing, is later than any."""
    return None if one is None or other is None else max(one, other)


def _apart(alert: RecordedAlert, start: datetime, end: datetime) -> str:
    length = ((alert.end or end) - alert.start) / (end - start)
    if alert.name in ALWAYS_FIRING or length >= ALWAYS:
        return "fires always"
    return "was firing when the stretch began" if alert.start <= start else ""
