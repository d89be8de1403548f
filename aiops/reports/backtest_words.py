"""A backtest in words and rows, as the terminal and the page both print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.reports import words
from aiops.reports.axis import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aiops.backtests import Backtest, JudgedAlert, ReplayedIncident, Tally

BUDGET_HEAD = (
    *("pages/day asked", "pages/day", "led", "matched", "folded", "missed", "no alert"),
    *("z-score: led", "matched", "folded", "missed"),
    *("chance: led", "matched", "folded", "missed"),
)
PAGE_HEAD = ("paged", "symptom", "services", "strength", "lasted", "blamed", "alerts")
ALERT_HEAD = ("fired", "alert", "service", "what became of it", "lead")


def headline(found: Backtest) -> str:
    """Say in one sentence what it would have been like."""
    pages = words.plural(len(found.pages), "page")
    head = f"{pages} in {words.duration(found.days * 86_400)}"
    if not found.alerts:
        return f"{head}; no alert was recorded that they could be held against."
    fates = ", ".join(
        f"{found.count(fate)} {fate}" for fate in ("led", "matched", "folded", "missed")
    )
    return f"{head}; of {words.plural(len(found.alerts), 'alert')}: {fates}."


def summary(found: Backtest) -> Iterator[str]:
    """Say what was replayed, and what the figures can be trusted for, line by line."""
    yield headline(found)
    yield (
        f"{found.ticks:,} ticks of {words.duration(found.step_s)} over "
        f"{words.plural(found.services, 'service')}, {words.plural(found.series, 'series')}, "
        f"from {moment(found.start)} to {moment(found.end)} UTC; "
        f"{words.plural(len(found.incidents), 'incident')}, of which those of strength "
        f"{found.level:.2f} and more page."
    )
    if found.blind:
        yield (
            f"In {words.plural(found.blind, 'tick')} too much was missing at once to decide "
            "anything."
        )
    yield trust(found)
    if found.budget * found.days < 1:
        yield (
            f"{found.budget:g} pages a day are less than one in "
            f"{words.duration(found.days * 86_400)}; one is allowed all the same."
        )
    if found.apart:
        names = ", ".join(sorted({f"{one.name} ({one.apart})" for one in found.apart}))
        yield f"Set apart: {names}."
    yield from found.notes


def trust(found: Backtest) -> str:
    """Say that the level was chosen on what it is judged by, and what it does elsewhere."""
    flattered = "The level was chosen on this very stretch, which flatters it."
    held = found.held_out
    if held is None:
        return f"{flattered} The stretch is too short to choose on one half and count on the other."
    ours = held.ours
    return (
        f"{flattered} Chosen on the first half ({held.level:.2f}), it gives "
        f"{ours.pages / held.days:.1f} pages a day in the second: "
        f"{ours.led:g} led, {ours.matched:g} matched, {ours.folded:g} folded, "
        f"{ours.missed:g} missed, {ours.unexplained:g} pages without an alert."
    )


def budget_rows(found: Backtest) -> list[tuple[str, ...]]:
    """Return what each budget buys, the same number of pages by z-score and by chance beside it."""
    return [
        (
            "all" if row.budget is None else f"{row.budget:g}",
            f"{row.ours.pages / found.days:.1f}",
            *_fates(row.ours),
            f"{row.ours.unexplained:g}",
            *_fates(row.naive),
            *_fates(row.chance),
        )
        for row in found.table
    ]


def page_rows(found: Backtest) -> list[tuple[str, ...]]:
    """Return the incidents that would have paged."""
    return [
        (
            moment(told.paged or told.incident.opened),
            told.incident.title,
            str(len({one.service for one in told.incident.anomalies})),
            f"{told.strength:.2f}",
            words.duration((told.closed - told.incident.opened).total_seconds()),
            blamed(told) or "nobody",
            ", ".join(dict.fromkeys(told.alerts)) or "none: new or false",
        )
        for told in found.pages
    ]


def alert_rows(found: Backtest) -> list[tuple[str, ...]]:
    """Return the alerts and what became of them."""
    return [
        (
            moment(one.alert.start),
            one.alert.name,
            one.alert.service or "",
            fate(one),
            "" if one.lead_s is None else words.offset(one.lead_s),
        )
        for one in found.alerts
    ]


def fate(one: JudgedAlert) -> str:
    """Say what became of an alert, and to which incident it belongs."""
    if one.incident is None:
        return one.fate
    other = ", which does not name its service" if one.named is False else ""
    return f"{one.fate} by {one.incident}{other}"


def blamed(told: ReplayedIncident) -> str | None:
    """Return the service that is blamed; None where nobody is."""
    ranking = told.incident.rankings[-1]
    return None if ranking.abstained or not ranking.services else ranking.services[0].service


def moment(at: datetime) -> str:
    """Write day and minute, in UTC.

    >>> from datetime import UTC, datetime
    >>> moment(datetime(2026, 11, 2, 14, 5, tzinfo=UTC))
    '2 Nov 14:05'
    """
    return f"{words.day(seconds(at), short=True)} {words.clock(seconds(at), to='min')}"


def _fates(tally: Tally) -> tuple[str, str, str, str]:
    counts = (tally.led, tally.matched, tally.folded, tally.missed)
    first, second, third, fourth = (f"{count:.3g}" for count in counts)
    return first, second, third, fourth
