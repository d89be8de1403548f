"""Hours of the week."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.files.windows import DAYS, Window

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "offset", "inside"),
    [
        ("Mon-Fri 09:00-16:00", timedelta(hours=9), True),
        ("Mon-Fri 09:00-16:00", timedelta(hours=16), False),
        ("Mon-Fri 09:00-16:00", timedelta(days=5, hours=10), False),
        ("Fri-Mon 00:00-24:00", timedelta(days=6, hours=23), True),
        ("Fri-Mon 00:00-24:00", timedelta(days=1), False),
        ("Mon 22:00-04:00", timedelta(hours=23), True),
        ("Mon 22:00-04:00", timedelta(days=1, hours=3), True),
        ("Mon 22:00-04:00", timedelta(hours=3), False),
        ("Tue,Sat 10:00-11:00", timedelta(days=5, hours=10), True),
    ],
)
def test_a_moment_lies_inside_or_outside(text, offset, inside):
    assert Window.parse(text).holds(MONDAY + offset) is inside


def test_hours_are_utc_whatever_the_clock_says():
    berlin = timezone(timedelta(hours=1))
    assert not Window.parse("Mon 09:00-10:00").holds(datetime(2026, 11, 23, 9, 30, tzinfo=berlin))


@given(minute=st.integers(0, 7 * 24 * 60 - 1), start=st.integers(0, 23), length=st.integers(1, 23))
@settings(deadline=None, max_examples=100)
def test_a_daily_window_and_its_complement_share_the_week(minute, start, length):
    end = (start + length) % 24
    inside = Window.parse(f"Mon-Sun {start:02}:00-{end:02}:00")
    outside = Window.parse(f"Mon-Sun {end:02}:00-{start:02}:00")
    moment = MONDAY + timedelta(minutes=minute)
    assert inside.holds(moment) != outside.holds(moment)


@pytest.mark.parametrize(
    "bad", ["", "Mon", "09:00-16:00", "Mon 9:00-16:00", "Mon 09:00-09:00", "Moon 09:00-10:00"]
)
def test_anything_else_is_refused(bad):
    with pytest.raises(ValueError, match="no window"):
        Window.parse(bad)


def test_the_days_are_those_of_python():
    assert [(MONDAY + timedelta(days=day)).strftime("%a") for day in range(7)] == list(DAYS)
