"""Which alert belongs to which page, and what that makes of it."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.backtests import RecordedAlert, Tally
from aiops.proving.backtest.matching import LATE, Match, Page, match, tally

START = datetime(2026, 3, 2, tzinfo=UTC)
LEAD = timedelta(minutes=30)


def minute(count):
    return START + timedelta(minutes=count)


def alert(start, end, name="Slow"):
    return RecordedAlert(name, "web", minute(start), None if end is None else minute(end))


def page(at, until):
    return Page(minute(at), minute(until))


def fates(alerts, pages):
    return [one.fate for one in match(alerts, pages, LEAD)]


@pytest.mark.parametrize(
    ("at", "until", "fate"),
    [
        (90, 120, "led"),
        (100, 120, "led"),  # at the same tick
        (70, 101, "led"),
        (69, 120, "folded"),  # open for too long to be about it
        (60, 99, "missed"),  # over before
        (101, 130, "matched"),
        (115, 130, "matched"),  # a little after it ended
        (116, 130, "missed"),
    ],
)
def test_when_it_pages_decides(at, until, fate):
    assert fates([alert(100, 110)], [page(at, until)]) == [fate]
    assert timedelta(minutes=5) == LATE


def test_an_alert_that_still_fires_can_be_matched_at_any_time():
    assert fates([alert(100, None)], [page(900, 910)]) == ["matched"]


def test_the_first_alert_of_a_page_is_led_and_the_others_are_folded():
    alerts = [alert(100, 110), alert(105, 120, "Errors"), alert(500, 510)]
    found = match(alerts, [page(95, 130)], LEAD)
    assert found == (Match("led", 0), Match("folded", 0), Match("missed"))
    assert tally(found, 1) == Tally(1, 1, 0, 1, 1, 0)


def test_pages_without_an_alert_are_counted():
    found = match([alert(100, 110)], [page(10, 20), page(95, 130)], LEAD)
    assert tally(found, 2) == Tally(2, 1, 0, 0, 0, 1)


def test_nothing_is_nothing():
    assert match([], [], LEAD) == ()
    assert tally((), 0) == Tally(0, 0, 0, 0, 0, 0)


spans = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=12)


@given(alerts=spans, pages=spans)
@settings(deadline=None, max_examples=60)
def test_every_alert_has_one_fate_and_every_page_one_first_alert(alerts, pages):
    recorded = [alert(first, first + length) for first, length in sorted(alerts)]
    told = [page(first, first + length) for first, length in sorted(pages)]
    found = match(recorded, told, LEAD)
    counted = tally(found, len(told))
    assert counted.led + counted.matched + counted.folded + counted.missed == len(recorded)
    assert 0 <= counted.unexplained <= counted.pages == len(told)
    firsts = [one.page for one in found if one.fate in {"led", "matched"}]
    assert len(set(firsts)) == len(firsts)
    assert all(value >= 0 for value in astuple(counted))
