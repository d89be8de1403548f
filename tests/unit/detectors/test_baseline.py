import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detectors.baseline import center_and_scale, distance
from tests import naive

SAMPLES = st.one_of(st.integers(-50, 50).map(float), st.just(np.nan))
BLOCKS = hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30), elements=SAMPLES)


@settings(deadline=None, max_examples=60)
@given(BLOCKS)
def test_agrees_with_the_slow_twin(values):
    center, scale = center_and_scale(values, 1e-3)
    expected = np.array([naive.robust_baseline(column.tolist(), 1e-3) for column in values.T]).T
    np.testing.assert_allclose([center, scale], expected, rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(BLOCKS)
def test_the_layout_in_memory_does_not_matter(values):
    by_row = center_and_scale(np.ascontiguousarray(values))
    by_column = center_and_scale(np.asfortranarray(values))
    np.testing.assert_array_equal(by_row, by_column)


@pytest.mark.parametrize("level", [0.1, 1 / 3, 1e300, -7.3e-12])
def test_a_constant_series_has_scale_zero_exactly(level):
    center, scale = center_and_scale(np.full((61, 1), level))
    assert (center.item(), scale.item()) == (level, 0.0)


def test_the_mad_of_normal_noise_becomes_its_standard_deviation():
    noise = np.random.default_rng(0).normal(5, 2, (100_000, 1))
    assert center_and_scale(noise)[1].item() == pytest.approx(2, rel=0.02)


def test_one_wild_sample_moves_neither_centre_nor_scale_far():
    calm = np.arange(101.0)[:, None] % 7
    wild = calm.copy()
    wild[50] = 60
    assert center_and_scale(wild)[0] == center_and_scale(calm)[0]
    assert center_and_scale(wild)[1] < 2 * center_and_scale(calm)[1]


def test_ties_leave_the_standard_deviation_in_charge():
    mostly_zero = np.zeros((100, 1))
    mostly_zero[:4] = 1
    assert center_and_scale(mostly_zero)[1].item() == pytest.approx(0.3 * np.sqrt(0.04 * 0.96))


def test_the_floor_is_a_share_of_the_range():
    values = np.array([[0.0], [0.0], [10.0]])
    assert center_and_scale(values, floor=0.9)[1].item() == 9.0


def test_huge_samples_do_not_overflow():
    _, scale = center_and_scale(np.array([[-1e300], [0.0], [1e300]]))
    assert np.isfinite(scale).all()


def test_distance_is_capped_and_zero_at_the_centre():
    deviation = np.array([0.0, 4.0, -4.0, 1e-9, np.nan])
    scale = np.array([0.0, 2.0, 0.01, 0.0, 1.0])
    np.testing.assert_array_equal(distance(deviation, scale, 100.0), [0, 2, 100, 100, np.nan])
