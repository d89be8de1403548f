"""Counters of pods that come and go, seen late and seldom, under a load that never changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus.series import Grid, RawSeries
from aiops.collectors.kubernetes.evening import evened
from aiops.collectors.raw.rates import rate
from aiops.collectors.raw.samples import Block

EVERY_S, WINDOW_S, END_S, PODS = 5, 60, 800, 30


def raw(pod, times, values):
    return RawSeries({"instance": pod}, np.array(times, np.int64), np.array(values, float))


def sight(*seconds):
    return np.array(seconds, np.int64) * 1000


def even(times, values, seen):
    (found,) = evened(Block.of([raw("a", times, values)]), {"a": sight(*seen)})
    return (found.times // 1000).tolist(), found.samples.tolist()


def test_between_samples_a_counter_rises_evenly_and_after_the_last_at_its_last_pace():
    times, values = even([0, 10_000, 20_000], [0.0, 10.0, 30.0], [5, 15, 25, 30, 35])
    assert times == [0, 5, 15, 25, 30]  # 35 is farther than 1.1 times the distance
    assert values == [0.0, 5.0, 20.0, 40.0, 50.0]


def test_a_counter_that_begins_again_loses_nothing():
    times, values = even([0, 10_000, 20_000], [50.0, 60.0, 10.0], [0, 10, 15, 20])
    assert times == [0, 10, 15, 20]
    assert values == [50.0, 60.0, 65.0, 70.0]


def test_one_sample_is_left_as_it_is():
    assert even([7000], [3.0], [10]) == ([7], [3.0])


def rolled(surge, per_batch_s, seed):
    """Return the sum of the rates of pods of which each is busy with 1, through a roll of all."""
    noise = np.random.default_rng(seed)
    series, births, seen = [], [], {}
    for pod in range(PODS):
        turn = 300 + per_batch_s * (pod // surge)
        for name, begin, end in ((f"old-{pod}", 0, turn), (f"new-{pod}", turn, END_S)):
            looks = np.arange(begin + noise.uniform(0, 12), end, 12.0)
            series.append(raw(name, looks * 1000, looks - begin))
            births.append(begin * 1000)
            seen[name] = sight(*range(-(-begin // EVERY_S) * EVERY_S, end, EVERY_S))
    even = Block.of(evened(Block.of(series).born(births), seen))
    return np.nansum(rate(even, Grid(100_000, 10_000, (END_S - 100) // 10), WINDOW_S), axis=0)


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 8), st.integers(10, 30), st.integers(0, 2**32 - 1))
def test_rolling_thirty_pods_moves_the_sum_of_rates_by_a_tenth_at_most(surge, per_batch_s, seed):
    assert rolled(surge, per_batch_s, seed) == pytest.approx(PODS, rel=0.1)


def test_rolling_all_at_once_moves_it_by_a_fifth_at_most():
    assert rolled(PODS, 10, 0) == pytest.approx(PODS, rel=0.2)
