"""Recorded alerts made ready to be judged: one per rule, service and time, the constant ones apart."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.backtests import RecordedAlert
from aiops.collectors.inventory.families import display_name
from aiops.collectors.labels.rules import HOST, WORKLOAD, Source
from aiops.settings import Labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aiops.clients.prometheus import Alert

ALWAYS_FIRING = frozenset({"Watchdog", "DeadMansSwitch", "DeadMansSnitch", "InfoInhibitor"})
"""Alerts that mean that all is well, by the names that are common."""

ALWAYS = 0.9
"""Share of the stretch beyond which an alert says nothing about any moment of it."""

FLAP = timedelta(minutes=5)
"""An alert that fires again within this time did not really stop."""

_ALSO = (Source("pod", WORKLOAD), Source("node"), Source("instance", HOST))
"""What tells of whom an alert is, where that is a service that is watched."""


def gathered(
    alerts: Sequence[Alert],
    start: datetime,
    end: datetime,
    *,
    labels: Labels | None = None,
    known: Collection[str] = (),
) -> tuple[RecordedAlert, ...]:
    """Return one alert for each rule, service and time, in order of time.

    An alert that always fires, or was firing when the stretch began, is marked: nobody can say
    whether it was led. Of `alerts` those that lie outside of `start` to `end` are left out.

    Parameters
    ----------
    labels : Labels, optional
        Which labels name a service; the defaults when left out.
    known : collection of str
        The services that are watched.
    """
    rule = labels or Labels()
    spans: dict[tuple[str, str | None], list[Alert]] = defaultdict(list)
    for one in sorted(alerts, key=lambda one: one.start):
        if start <= one.start <= end:
            spans[one.name, service_of(one.labels, rule, known)].append(one)
    merged = [
        found for (name, service), of in spans.items() for found in _merged(name, service, of)
    ]
    judged = [replace(one, apart=_apart(one, start, end)) for one in merged]
    return tuple(sorted(judged, key=lambda one: (one.start, one.name, one.service or "")))


def service_of(
    labels: Mapping[str, str], rule: Labels | None = None, known: Collection[str] = ()
) -> str | None:
    """Return the service that the labels of an alert name, by the name that it has in frames.

    An alert does not say of which metric it is; so of all that its labels may name, the first that
    is watched is taken, be it a host or what a pod belongs to, and else the first.

    Examples
    --------
    >>> service_of({"job": "node", "service": "cart"})
    'cart'
    >>> service_of({"job": "node", "instance": "db:9100"}, known={"db"})
    'db'
    """
    chosen = rule or Labels()
    namespace = labels.get(chosen.namespace)
    said = [labels[name] for name in chosen.service if labels.get(name)]
    found = (
        re.fullmatch(each.pattern, labels[each.label]) for each in _ALSO if labels.get(each.label)
    )
    names = [*said, *(one[1] for one in found if one)]
    watched = (
        named
        for name in names
        for named in (display_name(name, namespace), display_name(name))
        if named in known
    )
    return next(watched, display_name(said[0]) if said else None)


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
