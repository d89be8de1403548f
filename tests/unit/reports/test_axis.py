from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.reports.axis import MAX_TICKS, MIN_BEFORE, Axis, first_shown, seconds
from aiops.types import InvalidInput


def axis(start=0.0, end=100.0, step=10.0):
    return Axis(start, end, step, first_row=0)


def test_places_are_percent_of_the_axis():
    assert [axis().place(moment) for moment in (0, 50, 100, -10)] == [0, 50, 100, -10]


def test_a_span_of_one_sample_is_a_step_wide_and_centred_on_it():
    assert axis().span(50, 50) == (45.0, 10.0)


def test_a_span_is_cut_to_the_axis():
    assert axis().span(-500, 5) == (0.0, 10.0)
    assert axis().span(95, 500) == (90.0, 10.0)


@pytest.mark.parametrize("span", [(-50, -20), (120, 150)])
def test_a_span_out_of_sight_is_none(span):
    assert axis().span(*span) is None


@given(
    start=st.floats(0, 2e9),
    length=st.floats(2, 1e9),
)
@settings(deadline=None, max_examples=100)
def test_ticks_are_few_ordered_and_on_the_axis(start, length):
    places = [tick.x for tick in axis(start, start + length).ticks()]
    assert 0 < len(places) <= MAX_TICKS
    assert places == sorted(places)
    assert all(-0.01 <= place <= 100.01 for place in places)


def test_ticks_stand_at_round_times_and_midnight_is_a_date():
    day = 86_400
    labels = [tick.label for tick in axis(day - 7_000, day + 7_000).ticks()]
    assert labels == ["23:00", "2 Jan", "01:00"]


def test_short_axes_have_ticks_to_the_second():
    assert [tick.label for tick in axis(30, 60).ticks()] == [
        "00:00:30",
        "00:00:40",
        "00:00:50",
        "00:01:00",
    ]


def test_a_long_calm_prologue_is_left_out():
    times = np.arange(0.0, 1000.0)
    assert first_shown(times, onset=990) == 990 - MIN_BEFORE
    assert first_shown(times, onset=950) == 950 - 4 * 50
    assert first_shown(times, onset=10) == 0


@pytest.mark.parametrize("onset", [None, -5.0, 5000.0])
def test_without_an_onset_in_sight_everything_is_shown(onset):
    assert first_shown(np.arange(0.0, 1000.0), onset) == 0


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(InvalidInput, match="no time zone"):
        seconds(datetime(2026, 3, 1, 12))  # noqa: DTZ001  that is the point


def test_moments_are_seconds_since_1970():
    assert seconds(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400
