"""Durations are read as people write them, and written so that they are read the same."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.files.durations import LONGEST_S, duration_text, seconds


@given(milliseconds=st.integers(0, int(LONGEST_S) * 1000))
@settings(deadline=None, max_examples=200)
def test_what_is_written_is_read_again(milliseconds):
    assert seconds(duration_text(milliseconds / 1000)) == milliseconds / 1000


@given(number=st.integers(0, 80), unit=st.sampled_from(["ms", "s", "m", "h"]))
@settings(deadline=None, max_examples=50)
def test_a_unit_is_a_factor(number, unit):
    factor = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]
    if number * factor <= LONGEST_S:
        assert math.isclose(seconds(f"{number}{unit}"), number * factor, abs_tol=1e-9)


@pytest.mark.parametrize(
    "bad", ["", "5 m", "-5s", "5d", "s", "1e3s", "٣s", -1, True, None, math.nan, [5], "5s\n"]
)
def test_anything_else_is_refused(bad):
    with pytest.raises(ValueError, match="no duration"):
        seconds(bad)


@pytest.mark.parametrize("long", ["25h", "999999999h", 1e300, math.inf])
def test_nothing_is_longer_than_a_day(long):
    with pytest.raises(ValueError, match="longer than a day"):
        seconds(long)
