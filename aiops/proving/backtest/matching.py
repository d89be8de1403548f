"""Which alert belongs to which page: led, matched, folded or missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.backtests import Fate, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aiops.backtests import RecordedAlert

LATE = timedelta(minutes=5)
"""How long after an alert has ended a page is still about it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody is told at `at`, and it is over at `until`."""

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one alert, and the number of the page it belongs to."""

    fate: Fate
    page: int | None = None


def match(
    alerts: Sequence[RecordedAlert], pages: Sequence[Page], lead: timedelta
) -> tuple[Match, ...]:
    """Return what became of each alert, in their order.

    An alert belongs to the earliest page that covers it: one that is open when the alert begins,
    or that comes while it fires or at most `LATE` after it. The first alert of a page is led if
    the page came at most `lead` earlier, or matched; the others, and one that fires in a page that
    is far older, are folded into it.

    Parameters
    ----------
    alerts : sequence of RecordedAlert
        In order of their start.
    pages : sequence of Page
        In order of their moment.
    """
    taken: set[int] = set()
    found = []
    for alert in alerts:
        number = next((n for n, page in enumerate(pages) if _covers(page, alert)), None)
        if number is None:
            found.append(Match("missed"))
            continue
        found.append(Match(_fate(alert, pages[number], lead, first=number not in taken), number))
        taken.add(number)
    return tuple(found)


def tally(matches: Sequence[Match], pages: int) -> Tally:
    """Count the fates, and the pages that no alert belongs to."""
    fates = [one.fate for one in matches]
    explained = {one.page for one in matches if one.page is not None}
    return Tally(
        pages=pages,
        led=fates.count("led"),
        matched=fates.count("matched"),
        folded=fates.count("folded"),
        missed=fates.count("missed"),
        unexplained=pages - len(explained),
    )


def _covers(page: Page, alert: RecordedAlert) -> bool:
    stands = page.at <= alert.start <= page.until
    comes = alert.start < page.at and (alert.end is None or page.at <= alert.end + LATE)
    return stands or comes


def _fate(alert: RecordedAlert, page: Page, lead: timedelta, *, first: bool) -> Fate:
    if not first or page.at < alert.start - lead:
        return "folded"
    return "led" if page.at <= alert.start else "matched"
