"""Strangeness after an onset: how it is measured, and what it must not depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aiops.types import NotEnoughData
from rca.strangeness import CAP, MIN_BEFORE, VANISHED_Z, measure
from tests import naive

ROWS, SPLIT = 100, 80
GAPPY = hnp.arrays(
    float,
    st.tuples(st.integers(MIN_BEFORE + 1, 60), st.integers(1, 3)),
    elements=st.one_of(st.integers(-20, 20).map(float), st.just(np.nan)),
)


def noise(seed=0, series=1, rows=ROWS):
    return np.random.default_rng(seed).normal(size=(rows, series))


def one(samples, split=SPLIT):
    return measure(np.asarray(samples, dtype=float)[:, None], split)


@settings(deadline=None, max_examples=60)
@given(GAPPY, st.data())
def test_sizes_and_excess_agree_with_the_slow_twin(values, data):
    split = data.draw(st.integers(MIN_BEFORE, len(values) - 1))
    strange = measure(values, split)
    for column, z in enumerate(strange.z.T):
        sizes = naive.window_sizes(z.tolist(), split)
        if strange.vanished[column]:
            sizes[-1] = max(sizes[-1], VANISHED_Z)
        usual = naive.quantile(sizes[:-1], 0.95)
        excess = [max(np.log((1 + size) / (1 + usual)), 0) for size in sizes]
        np.testing.assert_allclose(strange.size[:, column], sizes, rtol=1e-9)
        np.testing.assert_allclose(strange.excess[:, column], excess, rtol=1e-9, atol=1e-9)


def test_z_counts_in_spreads_of_the_rows_before():
    before = np.arange(41) % 5 - 2.0  # median 0, median deviation 1, tails at 2
    strange = one([*before, 3.0, -6.0], split=41)
    assert strange.split == 41
    assert strange.z[-2:, 0].tolist() == pytest.approx([3 / 1.4826, -6 / 1.4826])


@pytest.mark.parametrize("shift", [6.0, -6.0])
def test_a_rise_is_as_strange_as_a_fall(shift):
    values = noise()
    values[SPLIT:] += shift
    assert 4 < measure(values, SPLIT).size[-1, 0] < 9
    np.testing.assert_allclose(measure(values, SPLIT).excess, measure(-values, SPLIT).excess)


def test_more_is_stranger_up_to_the_cap():
    def excess(shift):
        values = noise()
        values[SPLIT:] += shift
        return float(measure(values, SPLIT).excess[-1, 0])

    found = [excess(shift) for shift in (0, 2, 4, 8, 16, 100, 1e9)]
    assert found == sorted(found)
    assert found[0] < 0.5 < found[2]
    assert found[-1] <= np.log1p(CAP)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 999),
    scale=st.one_of(st.floats(1e-9, 1e9), st.integers(-30, 30).map(lambda e: 2.0**e)),
    zero=st.floats(-100, 100),
)
def test_the_unit_and_the_zero_do_not_matter(seed, scale, zero):
    values = noise(seed, series=3)
    values[:SPLIT, 1] = 0.25  # constant, then alive
    values[SPLIT:, 2] += 5
    values[seed % ROWS, 2] = np.nan
    plain, changed = measure(values, SPLIT), measure((values + zero) * scale, SPLIT)
    np.testing.assert_allclose(changed.z, plain.z, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(changed.excess, plain.excess, rtol=1e-7, atol=1e-7)


def test_one_wild_sample_in_a_long_window_does_not_decide():
    values = noise()
    values[SPLIT + 3] = 1e6
    assert measure(values, SPLIT).size[-1, 0] < 3


def test_a_restless_series_has_to_be_more_restless_than_usual():
    calm, restless = noise(1)[:, 0], noise(1)[:, 0]
    calm[SPLIT:] += 8
    restless[SPLIT:] += 8
    for start in (5, 25, 45, 65):
        restless[start : start + 8] += 8
    excess = measure(np.column_stack([calm, restless]), SPLIT).excess[-1]
    assert excess[0] > 1 > 3 * excess[1]


def test_a_constant_that_moves_is_at_the_cap_and_one_that_rests_is_not_strange():
    moves, rests = np.full(ROWS, 7.0), np.full(ROWS, 0.1)
    moves[SPLIT:] = 7.001
    strange = measure(np.column_stack([moves, rests]), SPLIT)
    assert strange.size[-1].tolist() == [CAP, 0.0]
    assert strange.excess[-1, 1] == 0.0


class TestMissing:
    def test_a_series_that_is_gone_has_vanished(self):
        values = noise()
        values[SPLIT:] = np.nan
        strange = measure(values, SPLIT)
        assert strange.vanished.tolist() == [True]
        assert strange.size[-1, 0] == VANISHED_Z
        assert strange.excess[-1, 0] > 1

    def test_what_dies_at_the_onset_may_be_reported_a_few_rows_more(self):
        values = noise()
        values[SPLIT + 4 :] = np.nan
        assert measure(values, SPLIT).vanished.all()

    def test_a_last_cry_counts_for_more_than_the_silence(self):
        values = noise()
        values[SPLIT : SPLIT + 4] = 20.0
        values[SPLIT + 4 :] = np.nan
        assert measure(values, SPLIT).size[-1, 0] > VANISHED_Z

    @pytest.mark.parametrize("row", [0, 12, 19])
    def test_who_comes_back_has_not_vanished(self, row):
        values = noise()
        values[SPLIT:] = np.nan
        values[SPLIT + row] = 0.0
        assert measure(values, SPLIT).vanished.all() == (row == 0)

    def test_who_was_often_away_has_not_vanished(self):
        values = noise()
        values[:SPLIT:5] = np.nan
        values[SPLIT:] = np.nan
        strange = measure(values, SPLIT)
        assert not strange.vanished.any()
        assert strange.excess[-1, 0] == 0.0

    @pytest.mark.parametrize("known", [0, MIN_BEFORE - 1])
    def test_a_series_without_a_past_is_not_judged(self, known):
        values = noise()
        values[: SPLIT - known] = np.nan
        values[SPLIT:] = 1e6
        strange = measure(values, SPLIT)
        assert (strange.size == 0).all()
        assert (strange.excess == 0).all()

    def test_gaps_stay_gaps_in_z_and_do_no_harm(self):
        values = noise()
        values[SPLIT:] += 6
        whole = float(measure(values, SPLIT).size[-1, 0])
        values[::7] = np.nan
        strange = measure(values, SPLIT)
        np.testing.assert_array_equal(np.isnan(strange.z), np.isnan(values))
        assert strange.size[-1, 0] == pytest.approx(whole, rel=0.3)


@pytest.mark.parametrize(("rows", "split"), [(20, 7), (20, 0), (20, 20), (8, 8)])
def test_too_little_on_one_side_is_refused_with_the_numbers(rows, split):
    said = f"{split} rows lie before the onset and {rows - split}"
    with pytest.raises(NotEnoughData, match=said):
        measure(noise(rows=rows), split)


def test_the_least_that_is_enough():
    strange = measure(noise(rows=MIN_BEFORE + 1), MIN_BEFORE)
    assert np.isfinite(strange.excess).all()
    assert len(strange.size) > 2


def test_the_samples_are_left_as_they_were():
    values = noise()
    copy = values.copy()
    measure(values, SPLIT)
    np.testing.assert_array_equal(values, copy)
