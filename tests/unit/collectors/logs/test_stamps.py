"""Written times become the same moments that the standard library makes of them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.logs.stamps import NO_TIME, Clock, moments
from aiops.errors import InvalidInput

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001  a wall clock
BERLIN = ZoneInfo("Europe/Berlin")


def nanoseconds(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def read(clock=Clock(), **parts):  # noqa: B008  it is frozen
    return int(moments({name: pa.array([text]) for name, text in parts.items()}, clock)[0])


def split(moment):
    names = ("year", "month", "day", "hour", "minute", "second")
    return {name: str(getattr(moment, name)) for name in names}


@settings(deadline=None, max_examples=60)
@given(moment=MOMENTS, minutes=st.integers(-14 * 60, 14 * 60), colon=st.booleans())
def test_a_stamp_with_a_zone_is_the_moment_it_says(moment, minutes, colon):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    zone = moment.strftime("%z")
    zone = f"{zone[:3]}:{zone[3:]}" if colon else zone
    stamp, fraction = f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment.microsecond:06d}"
    assert read(stamp=stamp, fraction=fraction, zone=zone) == nanoseconds(moment)


@settings(deadline=None, max_examples=60)
@given(moment=MOMENTS)
def test_parts_and_stamp_and_epoch_agree(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert read(stamp=f"{moment:%Y/%m/%dT%H:%M:%S}") == nanoseconds(moment)
    assert read(**split(moment)) == nanoseconds(moment)
    assert read(**{**split(moment), "month": f"{moment:%b}"}) == nanoseconds(moment)


@settings(deadline=None, max_examples=60)
@given(moment=MOMENTS)
def test_a_time_without_a_zone_is_of_the_clock_s(moment):
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=BERLIN)
    skipped = local.astimezone(UTC).astimezone(BERLIN).replace(tzinfo=None) != moment
    if not skipped:
        clock = Clock("Europe/Berlin")
        assert read(clock, stamp=f"{moment:%Y-%m-%d %H:%M:%S}", zone="") == nanoseconds(local)


def test_an_hour_that_occurs_twice_is_its_first_run_and_a_skipped_one_ends_the_gap():
    clock = Clock("Europe/Berlin")
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read(clock, stamp="2026-10-25 02:30:00") == nanoseconds(twice)
    after_gap = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert read(clock, stamp="2026-03-29 02:30:00") == nanoseconds(after_gap)


@settings(deadline=None, max_examples=60)
@given(moment=MOMENTS, days=st.integers(-180, 180))
def test_a_missing_year_is_that_of_the_nearest_such_day(moment, days):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    clock = Clock(near=nanoseconds(moment + timedelta(days=days)))
    parts = {name: text for name, text in split(moment).items() if name != "year"}
    assert read(clock, **parts) == nanoseconds(moment)


def test_a_29th_of_february_needs_a_year_that_has_one():
    clock = Clock(near=nanoseconds(datetime(2025, 2, 1, tzinfo=UTC)))
    parts = {"month": "Feb", "day": "29", "hour": "1", "minute": "2", "second": "3"}
    assert read(clock, **parts) == nanoseconds(datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("epoch", "fraction"),
    [
        ("1795356300", "25"),
        ("1795356300250", ""),
        ("1795356300250000", ""),
        ("1795356300250000000", ""),
    ],
)
def test_the_digits_of_an_epoch_tell_its_unit(epoch, fraction):
    assert read(epoch=epoch, fraction=fraction) == 1_795_356_300_250_000_000


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-02-29 00:00:00",
        "2026-13-01 00:00:00",
        "2026-00-10 00:00:00",
        "2026-06-31 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 00:60:00",
        "0000-01-01 00:00:00",
        "9999-01-01 00:00:00",
    ],
)
def test_what_is_no_moment_has_no_time(stamp):
    assert read(stamp=stamp) == NO_TIME


def test_noon_and_midnight_in_halves_of_a_day():
    day = {"year": "2026", "month": "Nov", "day": "22", "minute": "5", "second": "0"}
    hours = [read(**day, hour="12", half=half) for half in ("AM", "PM")]
    assert hours == [nanoseconds(datetime(2026, 11, 22, hour, 5, tzinfo=UTC)) for hour in (0, 12)]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "CEST"])
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises(InvalidInput, match="no time zone"):
        Clock(zone)
