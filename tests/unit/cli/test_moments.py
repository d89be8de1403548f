"""Moments and spans as people type them."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.cli.moments import moment, span
from aiops.types import InvalidInput

NOW = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)


@pytest.fixture
def berlin(monkeypatch):
    """Let this machine stand in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("15min", 900), ("1h", 3600), ("1h30m", 5400), ("1.5h", 5400),
     ("14d", 14 * 86_400), (" 2h ", 7200)],
)  # fmt: skip
def test_a_span(text, seconds):
    assert span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "1", "-1h", "0s", "1 week", "1h and more", "9999999h"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(InvalidInput, match="no length of time; write it as"):
        span(text)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(0, 30), st.integers(0, 90), st.integers(1, 90))
def test_the_parts_of_a_span_add_up(days, hours, minutes, seconds):
    told = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert span(f"{days}d{hours}h{minutes}m{seconds}s") == told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("-10m", NOW - timedelta(minutes=10)),
        ("- 1h30m", NOW - timedelta(minutes=90)),
        ("10m ago", NOW - timedelta(minutes=10)),
        ("2026-11-22T14:05:00Z", datetime(2026, 11, 22, 14, 5, tzinfo=UTC)),
        ("2026-11-22 15:05+01:00", datetime(2026, 11, 22, 14, 5, tzinfo=UTC)),
    ],
)
def test_a_moment(text, expected):
    read = moment(text, now=NOW)
    assert read == expected
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15:05", datetime(2026, 11, 22, 14, 5, tzinfo=UTC)),
        ("15:20", NOW),
        ("15:21", datetime(2026, 11, 21, 14, 21, tzinfo=UTC)),
        ("3:07:30", datetime(2026, 11, 22, 2, 7, 30, tzinfo=UTC)),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_a_time_of_day_is_this_machines_and_the_last_that_was(text, expected):
    assert moment(text, now=NOW) == expected


@pytest.mark.usefixtures("berlin")
def test_yesterday_may_have_had_another_offset():
    monday = datetime(2026, 10, 26, 0, 30, tzinfo=UTC)
    assert moment("23:00", now=monday) == datetime(2026, 10, 25, 22, tzinfo=UTC)
    sunday = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment("23:00", now=sunday) == datetime(2026, 10, 24, 21, tzinfo=UTC)


@pytest.mark.usefixtures("berlin")
def test_a_date_without_a_zone_comes_back_with_this_machines_and_with_utc():
    with pytest.raises(InvalidInput) as refused:
        moment("2026-11-22T14:05:00", now=NOW)
    assert "2026-11-22T14:05:00+01:00" in str(refused.value)
    assert "2026-11-22T14:05:00+00:00" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "14:60", "14:5", "0001-01-01T00:00+05:00"]
)
def test_what_is_no_moment_is_refused_in_one_line(text):
    with pytest.raises(InvalidInput, match="is no time"):
        moment(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("02:30", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),  # it came twice: the later one
        ("02:50", datetime(2026, 10, 25, 0, 50, tzinfo=UTC)),  # only the first is over
        ("03:10", datetime(2026, 10, 24, 1, 10, tzinfo=UTC)),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_an_hour_that_comes_twice(text, expected):
    assert moment(text, now=datetime(2026, 10, 25, 1, 40, tzinfo=UTC)) == expected


@pytest.mark.usefixtures("berlin")
def test_an_hour_that_was_skipped_is_yesterdays():
    now = datetime(2026, 3, 29, 8, tzinfo=UTC)
    assert moment("02:30", now=now) == datetime(2026, 3, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["-999999d", "999999d ago", "0001-01-01T00:00:00Z", "1970-01-01"])
def test_a_moment_before_any_sample_is_refused(text):
    with pytest.raises(InvalidInput, match=r"check the (unit|year)"):
        moment(text, now=NOW)


def test_a_span_longer_than_anybody_keeps_samples_is_refused():
    with pytest.raises(InvalidInput, match="check the unit"):
        span("999999d")
