"""The window around the moment at which something was noticed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.window import FEWEST_ROWS, ROWS, Window
from aiops.types import InvalidInput

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_most_of_it_lies_before_the_moment():
    window = Window.around(NOON, HOUR, now=NOON + HOUR)
    assert (NOON - window.start, window.end - NOON) == (0.75 * HOUR, 0.25 * HOUR)


def test_what_is_not_over_yet_is_read_before_it():
    window = Window.around(NOON, HOUR, now=NOON)
    assert (window.start, window.end, window.noticed) == (NOON - HOUR, NOON, NOON)


def test_a_clock_that_is_a_little_ahead_means_now():
    window = Window.around(NOON + timedelta(seconds=30), HOUR, now=NOON)
    assert window.noticed == window.end == NOON


def test_the_future_is_refused():
    with pytest.raises(InvalidInput, match=r"2026-11-22T13:00:00.00:00 lies in the future; it is"):
        Window.around(NOON + HOUR, HOUR, now=NOON)


@pytest.mark.parametrize(
    ("length", "scrape_s", "step_s"),
    [
        (HOUR, 15, 15),
        (HOUR, 1, 15),
        (HOUR, 60, 60),
        (HOUR, 40, 60),
        (timedelta(minutes=3), 2, 2),
        (timedelta(minutes=3), 1, 1),
        (timedelta(hours=6), 15, 120),
        (timedelta(days=1), 15, 600),
        (timedelta(days=30), 15, 10_800),
    ],
)
def test_the_step_is_a_round_number_and_no_finer_than_the_scrapes(length, scrape_s, step_s):
    assert Window.around(NOON, length, now=NOON).step_s(scrape_s) == step_s


@settings(deadline=None, max_examples=50)
@given(st.integers(60, 90 * 86_400), st.floats(0.5, 120))
def test_a_window_never_has_more_rows_than_it_should(seconds, scrape_s):
    window = Window.around(NOON, timedelta(seconds=seconds), now=NOON)
    step_s = window.step_s(scrape_s)
    assert step_s >= scrape_s
    assert seconds / step_s <= ROWS


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 86_400), st.integers(30, 7200), st.sampled_from([1.0, 5.0, 15.0]))
def test_both_ends_are_whole_steps_of_the_clock(later, seconds, step_s):
    moment = NOON + timedelta(seconds=later + 0.3)
    window = Window.around(moment, timedelta(seconds=seconds * step_s), now=moment + HOUR)
    grid = window.on_grid(step_s)
    assert grid.start.timestamp() % step_s == grid.end.timestamp() % step_s == 0
    assert grid.start <= window.start
    assert grid.start <= grid.noticed <= grid.end <= window.end


def test_a_window_of_few_rows_is_refused_and_says_how_long_it_must_be():
    window = Window.around(NOON, timedelta(minutes=2), now=NOON)
    with pytest.raises(InvalidInput, match=f"make it at least {FEWEST_ROWS * 60:g} s"):
        window.on_grid(60.0)
