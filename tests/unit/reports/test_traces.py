import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.reports.traces import BOX_HEIGHT, MAX_POINTS, downsample, draw, path

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=300).map(
    np.array
)


@given(values=VALUES, limit=st.integers(2, 50))
@settings(deadline=None, max_examples=200)
def test_downsampling_keeps_the_extremes_in_order_within_the_limit(values, limit):
    kept = downsample(values, limit)
    assert len(kept) <= max(limit, 1)
    assert (np.diff(kept) > 0).all()
    if not np.isnan(values).all():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)


@given(values=VALUES, limit=st.integers(2, 50))
@settings(deadline=None, max_examples=100)
def test_every_bucket_keeps_its_own_extremes(values, limit):
    kept = values[downsample(values, limit)]
    if len(values) > limit:
        for run in np.array_split(values, limit // 2):
            if not np.isnan(run).all():
                assert {np.nanmin(run), np.nanmax(run)} <= set(kept)


def test_a_single_peak_among_many_samples_stays():
    values = np.zeros(100_000)
    values[77_777] = 5.0
    assert 77_777 in downsample(values)


def test_a_long_gap_stays_a_gap():
    values = np.arange(4000.0)
    values[1000:2000] = np.nan
    assert draw(np.linspace(0, 100, 4000), values, "").path.count("M") == 2


def test_short_series_are_drawn_as_they_are():
    assert downsample(np.arange(MAX_POINTS * 1.0)).tolist() == list(range(MAX_POINTS))


def test_missing_values_break_the_line():
    x, y = np.arange(5.0), np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    assert path(x, y) == "M0 1L1 2M3 4L4 5"


def test_a_lone_value_is_a_dot():
    assert path(np.arange(3.0), np.array([np.nan, 2.0, np.nan])) == "M1 2h0"


def test_the_highest_value_is_on_top_and_all_are_within_the_box():
    trace = draw(np.array([0.0, 50.0, 100.0]), np.array([1.0, 3.0, 2.0]), "s")
    heights = [height for height in trace.y if height is not None]
    assert heights.index(min(heights)) == 1
    assert heights.index(max(heights)) == 0
    assert 0 < min(heights) < max(heights) < BOX_HEIGHT
    assert (trace.highest, trace.lowest) == ("3\u202fs", "1\u202fs")


def test_a_constant_runs_through_the_middle_and_is_labelled_once():
    trace = draw(np.array([0.0, 100.0]), np.array([7.0, 7.0]), "")
    assert set(trace.y) == {BOX_HEIGHT / 2}
    assert (trace.highest, trace.lowest) == ("7", "")


def test_a_series_without_values_has_no_line():
    trace = draw(np.array([0.0, 100.0]), np.array([np.nan, np.nan]), "")
    assert (trace.path, trace.highest, trace.lowest) == ("", "no data", "")
    assert trace.y == (None, None)


@pytest.mark.parametrize("values", [[1e300, -1e300, 5.0], [1e-300, 2e-300, 3e-300]])
def test_extreme_magnitudes_leave_the_path_legal(values):
    trace = draw(np.array([0.0, 50.0, 100.0]), np.array(values), "")
    assert re.fullmatch(r"M[\d. ]+(L[\d. ]+)+", trace.path)
