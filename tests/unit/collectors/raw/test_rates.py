"""Rates of many series at once against one loop per window."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus.series import Grid, RawSeries
from aiops.collectors.raw.rates import Dialect, Windows, increase, rate
from aiops.collectors.raw.samples import STALE, Block
from aiops.types import InvalidInput
from tests import naive_prometheus

VALUES = st.one_of(st.floats(0, 1e6), st.sampled_from([0.0, -1.0, 1e12, math.nan, math.inf, STALE]))
SERIES = st.lists(
    st.dictionaries(st.integers(0, 120), VALUES, max_size=20).map(lambda d: sorted(d.items())),
    max_size=4,
)


def block_of(series):
    return Block.of(
        RawSeries(
            {"pod": str(row)},
            np.array([time * 1000 for time, _ in samples], dtype=np.int64),
            np.array([value for _, value in samples], float),
        )
        for row, samples in enumerate(series)
    )


def counter(slope, start=0, stop=300, every=15, at=0.0):
    return [(second, at + slope * (second - start)) for second in range(start, stop, every)]


@settings(deadline=None, max_examples=150)
@given(SERIES, st.integers(1, 60), st.sampled_from(Dialect))
def test_every_window_is_what_its_loop_says(series, window, dialect):
    grid = Grid(20_000, 5_000, 25)
    found = increase(block_of(series), grid, window, dialect)
    for row, samples in enumerate(series):
        times, values = [1000 * time for time, _ in samples], [value for _, value in samples]
        v3 = dialect is Dialect.V3
        with np.errstate(all="ignore"):
            twin = [
                naive_prometheus.increase(times, values, at, window * 1000, v3=v3)
                for at in grid.times
            ]
        expected = np.array([math.nan if value is None else value for value in twin])
        most = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        np.testing.assert_allclose(found[row], expected, rtol=1e-12, atol=1e-14 * most)


@given(st.floats(0.001, 1e6), st.sampled_from(Dialect))
def test_a_steady_counter_has_its_slope_as_rate(slope, dialect):
    grid = Grid(120_000, 15_000, 10)
    steady = block_of([counter(slope, at=1e9 * slope)])
    np.testing.assert_allclose(rate(steady, grid, 60.0, dialect), slope, rtol=1e-4)


def test_a_reset_loses_nothing_but_what_nobody_saw():
    grid = Grid(285_000, 1_000, 1)
    reset = counter(2.0, 0, 150, at=100.0) + counter(2.0, 150, 300)
    found = increase(block_of([reset]), grid, 285.0, Dialect.V2)
    assert found[0, 0] == pytest.approx(2 * 270)  # 15 s of 285 lie between the two


def test_a_window_starts_with_the_sample_at_its_start_in_the_old_dialect_alone():
    two = block_of([[(0, 1.0), (60, 4.0)]])
    at_60 = Grid(60_000, 1_000, 1)
    assert rate(two, at_60, 60.0, Dialect.V2)[0, 0] == pytest.approx(3 / 60)
    assert np.isnan(rate(two, at_60, 60.0, Dialect.V3)[0, 0])


def test_a_window_is_whole_unless_the_series_was_born_or_died_in_it():
    grid = Grid(60_000, 60_000, 5)
    series = [counter(1.0, 0, 400), counter(1.0, 150, 400), counter(1.0, 0, 200), []]
    whole = Windows.over(block_of(series), grid, 60.0).whole()
    assert whole.tolist() == [
        [True, True, True, True, True],
        [False, False, False, True, True],
        [True, True, True, False, False],
        [False, False, False, False, False],
    ]


def test_a_reset_in_a_big_neighbour_moves_no_digit_of_a_small_counter():
    small = [(second, second * 1e-9) for second in range(0, 60, 15)]
    big = [(second, 1e15 * (1 + second % 2)) for second in range(0, 60, 5)]
    grid = Grid(45_000, 1_000, 1)
    alone = rate(block_of([small]), grid, 45.0)
    assert rate(block_of([big, small]), grid, 45.0)[1] == alone[0]


def test_a_window_needs_a_length():
    with pytest.raises(InvalidInput, match="too short"):
        rate(block_of([]), Grid(0, 1, 1), 0.0)
