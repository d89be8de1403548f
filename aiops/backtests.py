"""What a replay of the past found: data that crosses from the proving room to the reports.

Nothing here computes; see `aiops.proving.backtest`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from aiops.types import Incident

SCHEMA = "aiops.backtest/v1"

SHOWN = 10
"""Anomalies and causes of an incident that are told."""

Fate = Literal["led", "matched", "folded", "missed"]
"""What became of an alert. Led: an incident paged before it fired and was open when it did.
Matched: one paged while it fired, or shortly after. Folded: it belongs to an incident that has an
alert already, so that two alerts are one page. Missed: no incident."""


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """An alert that the system's own rules raised; all series of one rule and service at one time.

    Attributes
    ----------
    service : str or None
        What its labels name.
    end : datetime or None
        None while it still fired.
    series : int
        How many series of ``ALERTS`` are in it.
    apart : str
        Why it is not judged; empty where it is.
    """

    name: str
    service: str | None
    start: datetime
    end: datetime | None
    series: int = 1
    apart: str = ""


@dataclass(frozen=True, slots=True)
class JudgedAlert:
    """An alert, what became of it, and which incident it belongs to.

    `lead_s` is by how much the incident paged before the alert fired, negative if after;
    `named` says whether the incident holds a strange series of the alert's service, None where the
    alert names none.
    """

    alert: RecordedAlert
    fate: Fate
    incident: str | None = None
    lead_s: float | None = None
    named: bool | None = None


@dataclass(frozen=True)
class ReplayedIncident:
    """An incident that would have been opened.

    Attributes
    ----------
    incident : Incident
        Its ranking is there if it paged.
    strength : float
        How strong it was at its peak.
    paged : datetime or None
        When it became strong enough to page; None if it never did.
    closed : datetime
        When it was over, or the stretch was.
    alerts : tuple of str
        The names of the alerts that belong to it.
    """

    incident: Incident
    strength: float
    paged: datetime | None
    closed: datetime
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pages there are, and what became of the alerts; means may be fractions.

    `unexplained` counts the pages to which no alert belongs: new findings or false alarms, nobody
    knows.
    """

    pages: float
    led: float
    matched: float
    folded: float
    missed: float
    unexplained: float


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """What a number of pages a day buys.

    Attributes
    ----------
    budget : float or None
        Pages a day; None for every incident there is.
    level : float
        The strength from which an incident pages.
    ours, naive, chance : Tally
        The tick; a plain z-score with as many pages; as many pages at random moments.
    """

    budget: float | None
    level: float
    ours: Tally
    naive: Tally
    chance: Tally


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The level chosen on the first half of the stretch, and what it does in the second."""

    level: float
    days: float
    ours: Tally


@dataclass(frozen=True)
class Backtest:
    """The whole result.

    Attributes
    ----------
    source : str
        Where the metrics are from.
    ticks, blind : int
        How often was decided, and how often too much was missing to decide.
    services, series : int
        How many were watched.
    budget : float
        The pages a day that were asked for.
    level : float
        The strength from which an incident pages at that budget, chosen on the stretch itself.
    incidents : tuple of ReplayedIncident
        All of them, in order of time.
    alerts : tuple of JudgedAlert
        In order of time.
    apart : tuple of RecordedAlert
        Those that are not judged, and why.
    table : tuple of BudgetRow
        What other budgets would buy.
    held_out : HeldOut or None
        None where the stretch is too short to be halved.
    notes : tuple of str
        What could not be read, and other things to know.
    """

    source: str
    start: datetime
    end: datetime
    step_s: float
    ticks: int
    blind: int
    services: int
    series: int
    budget: float
    level: float
    incidents: tuple[ReplayedIncident, ...]
    alerts: tuple[JudgedAlert, ...]
    apart: tuple[RecordedAlert, ...]
    table: tuple[BudgetRow, ...]
    held_out: HeldOut | None
    notes: tuple[str, ...] = ()

    @property
    def days(self) -> float:
        """The length of the stretch."""
        return (self.end - self.start).total_seconds() / 86_400

    @property
    def pages(self) -> tuple[ReplayedIncident, ...]:
        """The incidents that would have paged."""
        return tuple(one for one in self.incidents if one.paged is not None)

    def count(self, fate: Fate) -> int:
        """Return how many alerts had this fate."""
        return sum(one.fate == fate for one in self.alerts)

    def document(self) -> dict[str, Any]:
        """Return what machines want of it, ready for JSON: no date, no tuple."""
        kept = [one for one in fields(self) if one.name != "incidents"]
        plain = {one.name: _plain(getattr(self, one.name)) for one in kept}
        incidents = [_summary(one) for one in self.incidents]
        return {"schema": SCHEMA, "days": self.days} | plain | {"incidents": incidents}


def _summary(told: ReplayedIncident) -> dict[str, Any]:
    """Return an incident without its graph and without the causes that nobody looks at."""
    ranking = told.incident.rankings[-1]
    return {
        "id": told.incident.id,
        "title": told.incident.title,
        "opened": told.incident.opened.isoformat(),
        "paged": _plain(told.paged),
        "closed": told.closed.isoformat(),
        "strength": told.strength,
        "alerts": list(told.alerts),
        "anomalies": [_plain(one) for one in told.incident.anomalies[:SHOWN]],
        "blames": None
        if ranking.abstained or not ranking.services
        else ranking.services[0].service,
        "confidence": ranking.confidence,
        "causes": [_plain(one) for one in ranking.top(SHOWN)],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
