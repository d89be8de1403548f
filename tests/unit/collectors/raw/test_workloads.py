"""Workloads do not know the names of their pods, and a rolling update moves no sum."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus.series import Grid, RawSeries
from aiops.collectors.raw.rates import Windows, rate
from aiops.collectors.raw.samples import Block
from aiops.collectors.raw.workloads import INSTANCE_LEVELS, sum_by, to_workloads
from aiops.types import InvalidInput

INDEX = pd.date_range("2026-01-05", periods=3, freq="15s", tz="UTC")
NAN = float("nan")


def instances(columns):
    names = pd.MultiIndex.from_tuples(list(columns), names=INSTANCE_LEVELS)
    return pd.DataFrame(np.array(list(columns.values())).T, index=INDEX, columns=names)


CART = {
    ("cart", "a", "cpu"): [1.0, 1.0, NAN],
    ("cart", "b", "cpu"): [2.0, NAN, NAN],
    ("cart", "a", "ratio"): [0.5, 0.5, 0.5],
    ("cart", "b", "ratio"): [1.0, NAN, 0.0],
    ("db", "x", "cpu"): [5.0, 6.0, 7.0],
    ("db", "x", "connections"): [5.0, 6.0, 7.0],
}


def test_sum_highest_and_spread_over_the_instances_that_are_there():
    found = to_workloads(instances(CART), averaged=["ratio"])
    expected = {
        ("cart", "cpu"): [3.0, 1.0, NAN],
        ("cart", "cpu_max"): [2.0, 1.0, NAN],
        ("cart", "cpu_spread"): [1.0, 0.0, NAN],
        ("cart", "ratio"): [0.75, 0.5, 0.25],
        ("cart", "ratio_max"): [1.0, 0.5, 0.5],
        ("cart", "ratio_spread"): [0.5, 0.0, 0.5],
        ("db", "connections"): [5.0, 6.0, 7.0],
        ("db", "cpu"): [5.0, 6.0, 7.0],
        ("db", "cpu_max"): [5.0, 6.0, 7.0],
        ("db", "cpu_spread"): [0.0, 0.0, 0.0],
    }
    assert list(found.columns) == list(expected)
    np.testing.assert_array_equal(found.to_numpy(), np.array(list(expected.values())).T)


@settings(deadline=None, max_examples=30)
@given(st.permutations(list(CART)), st.permutations("abx"))
def test_neither_the_order_nor_the_names_of_instances_matter(order, names):
    renamed = dict(zip("abx", names, strict=True))
    shuffled = {
        (service, renamed[instance], metric): CART[service, instance, metric]
        for service, instance, metric in order
    }
    pd.testing.assert_frame_equal(
        to_workloads(instances(shuffled)), to_workloads(instances(CART)), rtol=1e-12
    )


def test_a_part_of_a_window_counts_for_the_sum_alone():
    frame = instances(
        {("cart", pod, "cpu"): [value] * 3 for pod, value in zip("ab", (1.0, 3.0), strict=True)}
    )
    whole = pd.DataFrame(
        [[True, True], [False, True], [False, False]], index=INDEX, columns=frame.columns
    )
    found = to_workloads(frame, whole=whole)
    assert found["cart", "cpu"].tolist() == [4.0, 4.0, 4.0]
    np.testing.assert_array_equal(found["cart", "cpu_max"], [3.0, 3.0, NAN])
    np.testing.assert_array_equal(found["cart", "cpu_spread"], [2.0, 0.0, NAN])


def test_what_would_bear_a_taken_name_is_refused():
    frame = instances(CART | {("db", "x", "cpu_max"): [1.0, 1.0, 1.0]})
    with pytest.raises(InvalidInput, match="'cpu_max' bears the name"):
        to_workloads(frame)


def test_other_columns_are_refused():
    frame = pd.DataFrame({("cart", "cpu"): [1.0]})
    with pytest.raises(InvalidInput, match="must have the levels"):
        to_workloads(frame)


def test_sum_by_leaves_out_what_is_not_there():
    labels = [{"service": "a", "pod": "1"}, {"service": "a", "pod": "2"}, {"pod": "3"}]
    names, values = sum_by(labels, np.array([[1.0, NAN], [2.0, NAN], [4.0, 8.0]]), ["service"])
    assert names == ({}, {"service": "a"})
    np.testing.assert_array_equal(values, [[4.0, 8.0], [3.0, NAN]])


PODS, EVERY_S, WINDOW_S, LOAD = 30, 15, 60, 300.0


def rolled(surge, per_batch_s, offsets):
    """Return scrapes and births of pods that are replaced in batches under a constant load."""
    replaced = {pod: 600 + per_batch_s * (pod // surge) for pod in range(PODS)}
    series, births = [], []
    for generation in "old", "new":
        for pod in range(PODS):
            start = 0 if generation == "old" else replaced[pod]
            stop = replaced[pod] if generation == "old" else 1800
            first = start + (offsets[pod] - start) % EVERY_S
            times = np.arange(first, stop, EVERY_S)
            counted = (times - start + (1000 if generation == "old" else 0)) * LOAD / PODS
            series.append(RawSeries({"pod": f"{generation}{pod}"}, times * 1000, counted))
            births.append(1000 * start if generation == "new" else None)
    return Block.of(series), births


def worst(block):
    """Return how far the sum of rates is ever from the true load, as a share of it."""
    sums = np.nansum(rate(block, Grid(300_000, 15_000, 90), WINDOW_S), axis=0)
    return abs(sums / LOAD - 1).max()


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 4),
    st.integers(10, 40),
    st.lists(st.integers(0, EVERY_S - 1), min_size=PODS, max_size=PODS),
)
def test_rolling_thirty_pods_leaves_the_sum_of_rates_where_it_was(surge, per_batch_s, offsets):
    block, births = rolled(surge, per_batch_s, offsets)
    assert worst(block.born(births)) < 0.2


def test_a_known_birth_makes_the_dip_of_a_fast_roll_smaller():
    noise = np.random.default_rng(0)
    rolls = [rolled(8, 10, noise.integers(0, EVERY_S, PODS)) for _ in range(10)]
    with_births = np.mean([worst(block.born(births)) for block, births in rolls])
    without = np.mean([worst(block) for block, _ in rolls])
    assert with_births < 0.75 * without


def test_a_roll_does_not_move_the_spread():
    block, births = rolled(4, 30, [0] * PODS)
    grid = Grid(300_000, 15_000, 90)
    windows = Windows.over(block.born(births), grid, WINDOW_S)
    columns = pd.MultiIndex.from_tuples(
        [("cart", each["pod"], "cpu") for each in block.labels], names=INSTANCE_LEVELS
    )
    frame = pd.DataFrame(windows.increase().T / WINDOW_S, index=grid.index, columns=columns)
    whole = pd.DataFrame(windows.whole().T, index=grid.index, columns=columns)
    assert to_workloads(frame, whole=whole)["cart", "cpu_spread"].max() < 1e-9 * LOAD
    assert to_workloads(frame)["cart", "cpu_spread"].max() > 0.5 * LOAD / PODS
