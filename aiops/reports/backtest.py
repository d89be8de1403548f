"""One page of what a replay of the past found: the days as strips, the pages, the alerts, budgets.

Each strip is one day of UTC: above, the incidents (those that page are filled); below, the alerts.
Places across are percent of a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aiops.reports import backtest_words, words
from aiops.reports.axis import Tick, seconds
from aiops.reports.page import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.backtests import Backtest, JudgedAlert, ReplayedIncident

LEAST_WIDTH = 0.35
"""Percent of a day that a bar takes at least, so that five minutes can be seen."""

FACTS = 6
"""Anomalies and causes that are told of a page."""

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Bar:
    """A span on one day's strip; `tone` is its class, `text` what it says when asked."""

    x: float
    width: float
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One day."""

    day: str
    weekday: str
    summary: str
    incidents: tuple[Bar, ...]
    alerts: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class PageView:
    """One page, with all there is to know of it."""

    key: str
    title: str
    when: str
    mark: str
    tone: str
    facts: tuple[tuple[str, str], ...]


def backtest_page(found: Backtest, *, title: str = "What would have paged") -> str:
    """Return a backtest as one HTML page that loads nothing.

    Raises
    ------
    InvalidInput
        If a time has no time zone.
    """
    headline, *told = backtest_words.summary(found)
    return render(
        "backtest_page.html.j2",
        title=title,
        headline=headline,
        told=told,
        source=found.source,
        strips=tuple(_strips(found)),
        hours=tuple(Tick(100 * hour / 24, f"{hour:02}") for hour in range(0, 24, 3)),
        budgets=backtest_words.budget_rows(found),
        pages=tuple(_page(told) for told in found.pages),
        alert_head=backtest_words.ALERT_HEAD,
        alerts=[
            (one.fate, row)
            for one, row in zip(found.alerts, backtest_words.alert_rows(found), strict=True)
        ],
    )


def _strips(found: Backtest) -> Iterator[Strip]:
    first = found.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while first <= found.end:
        begins = first.timestamp()
        incidents = tuple(_bars(begins, (_incident_span(one) for one in found.incidents)))
        alerts = tuple(_bars(begins, (_alert_span(one, found.end) for one in found.alerts)))
        paging = sum(bar.tone != "quiet" for bar in incidents)
        yield Strip(
            day=words.day(begins, short=True),
            weekday=f"{first:%a}",
            summary=f"{words.plural(paging, 'page')} of {words.plural(len(incidents), 'incident')}, "
            f"{words.plural(len(alerts), 'alert')}",
            incidents=incidents,
            alerts=alerts,
        )
        first += timedelta(days=1)


def _bars(begins: float, spans: Iterator[tuple[datetime, datetime, str, str]]) -> Iterator[Bar]:
    """Return the spans that touch the day that begins then, cut to it."""
    for start, end, tone, text in spans:
        left = max(seconds(start) - begins, 0.0)
        right = min(seconds(end) - begins, float(_DAY_S))
        if left < _DAY_S and right >= 0 and right >= left:
            width = max(100 * (right - left) / _DAY_S, LEAST_WIDTH)
            yield Bar(round(min(100 * left / _DAY_S, 100 - width), 3), round(width, 3), tone, text)


def _incident_span(told: ReplayedIncident) -> tuple[datetime, datetime, str, str]:
    tone = "quiet" if told.paged is None else "page" if told.alerts else "page alone"
    begins = told.paged or told.incident.opened
    text = f"{told.incident.id}, {backtest_words.moment(begins)}: {told.incident.title}"
    return told.incident.opened, told.closed, tone, text


def _alert_span(one: JudgedAlert, end: datetime) -> tuple[datetime, datetime, str, str]:
    alert = one.alert
    name = f"{alert.name} of {alert.service}" if alert.service else alert.name
    text = f"{name}, {backtest_words.moment(alert.start)}: {backtest_words.fate(one)}"
    return alert.start, alert.end or end, one.fate, text


def _page(told: ReplayedIncident) -> PageView:
    paged = told.paged or told.incident.opened
    return PageView(
        key=f"page-{told.incident.id}",
        title=told.incident.title,
        when=f"{told.incident.id}: {words.day(seconds(paged))}, {words.clock(seconds(paged))} UTC",
        mark="has an alert" if told.alerts else "no alert: new or false",
        tone="right" if told.alerts else "abstained",
        facts=tuple((name, text) for name, text in _facts(told) if text),
    )


def _facts(told: ReplayedIncident) -> Iterator[tuple[str, str]]:
    ranking, anomalies = told.incident.rankings[-1], told.incident.anomalies
    yield "alerts", ", ".join(dict.fromkeys(told.alerts))
    yield "strength", f"{told.strength:.2f}"
    yield "lasted", words.duration((told.closed - told.incident.opened).total_seconds())
    yield "blamed", backtest_words.blamed(told) or "nobody"
    yield "suspects", ", ".join(one.service for one in ranking.services[:FACTS] if one.score > 0)
    more = f" and {len(anomalies) - FACTS} more" if len(anomalies) > FACTS else ""
    yield "strange", ", ".join(str(one.series) for one in anomalies[:FACTS]) + more
