"""Samples in any order, of any series, against a dictionary that the last writer wins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus.series import Grid, RawSeries, align
from aiops.collectors.raw.samples import STALE, Block, is_stale
from aiops.types import InvalidInput
from tests import naive_prometheus

VALUES = st.sampled_from([0.0, 1.0, 2.5, math.nan, math.inf, STALE])
PIECES = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.tuples(st.integers(0, 30), VALUES), max_size=12)),
    max_size=6,
)


def raw(pod, samples):
    times = np.array([time for time, _ in samples], dtype=np.int64)
    return RawSeries({"pod": pod}, times, np.array([value for _, value in samples], float))


def bits(values):
    return np.asarray(values, float).view(np.uint64).tolist()


@settings(deadline=None, max_examples=100)
@given(PIECES)
def test_a_block_is_what_a_dictionary_of_the_last_written_is(pieces):
    block = Block.of([raw(pod, samples) for pod, samples in pieces])
    for row, labels in enumerate(block.labels):
        mine = [
            ([time for time, _ in samples], [value for _, value in samples])
            for pod, samples in pieces
            if pod == labels["pod"]
        ]
        times, values = naive_prometheus.in_order(mine)
        here = slice(*block.bounds[row : row + 2])
        assert block.times[here].tolist() == times
        assert bits(block.values[here]) == bits(values)
    assert len(block.times) + block.repeated == sum(len(samples) for _, samples in pieces)


def test_what_the_rules_mended_is_counted():
    block = Block.of([raw("a", [(5, 1.0), (3, 2.0), (4, 2.5), (5, 3.0)]), raw("b", [(1, 0.0)])])
    assert (block.late, block.repeated) == (2, 1)
    assert block.values.tolist() == [2.0, 2.5, 3.0, 0.0]


def test_stale_markers_are_no_part_of_a_range_and_other_nan_are():
    block = Block.of([raw("a", [(1, 1.0), (2, STALE), (3, math.nan)]), raw("b", [(1, STALE)])])
    assert block.scraped().times.tolist() == [1, 3]
    assert block.scraped().bounds.tolist() == [0, 2, 2]
    assert is_stale(block.values).tolist() == [False, True, False, True]


@settings(deadline=None, max_examples=60)
@given(PIECES, st.integers(1, 12), st.integers(1, 7))
def test_newest_is_what_a_plain_selector_gives(pieces, lookback_ms, step):
    block = Block.of([raw(pod, samples) for pod, samples in pieces])
    grid = Grid(5, step, 5)
    found = block.newest(grid, lookback_ms / 1000)
    for row, labels in enumerate(block.labels):
        here = slice(*block.bounds[row : row + 2])
        series = RawSeries(labels, block.times[here], block.values[here])
        np.testing.assert_array_equal(found[row], align(series, grid, lookback_ms / 1000))
        twin = [
            naive_prometheus.newest(series.times, series.samples, at, lookback_ms)
            for at in grid.times
        ]
        np.testing.assert_array_equal(found[row], np.array(twin, float))


def test_no_series_at_all_is_a_legal_block():
    block = Block.of([])
    assert block.newest(Grid(0, 1, 3), 1.0).shape == (0, 3)
    assert Block.of([raw("a", [])]).newest(Grid(0, 1, 2), 1.0).shape == (1, 2)


def test_a_birth_is_a_zero_before_the_first_sample():
    block = Block.of([raw(pod, [(10, 4.0), (20, 6.0)]) for pod in "abc"] + [raw("d", [])])
    born = block.born([7, None, 10, 3])
    assert born.times.tolist() == [7, 10, 20, 10, 20, 10, 20]
    assert born.values.tolist() == [0.0, 4.0, 6.0, 4.0, 6.0, 4.0, 6.0]
    assert born.bounds.tolist() == [0, 3, 5, 7, 7]


def test_times_and_values_must_go_together():
    with pytest.raises(InvalidInput, match="2 times and 1 values"):
        Block.of([RawSeries({"pod": "a"}, np.array([1, 2]), np.array([1.0]))])
