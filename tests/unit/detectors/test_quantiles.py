import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detectors.quantiles import nan_quantile
from tests import naive

SAMPLES = st.one_of(st.floats(-1e6, 1e6), st.just(np.nan))
BLOCKS = hnp.arrays(float, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=SAMPLES)


@settings(deadline=None, max_examples=80)
@given(BLOCKS, st.floats(0, 1))
def test_agrees_with_the_slow_twin(values, q):
    expected = [naive.quantile(column.tolist(), q) for column in values.T]
    np.testing.assert_allclose(nan_quantile(values, q), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.filterwarnings("ignore:All-NaN slice encountered")
@settings(deadline=None, max_examples=80)
@given(BLOCKS, st.floats(0, 1), st.sampled_from([0, 1, -1]))
def test_agrees_with_numpy_along_every_axis(values, q, axis):
    expected = np.nanquantile(values, q, axis=axis)
    np.testing.assert_allclose(nan_quantile(values, q, axis=axis), expected, rtol=1e-12, atol=1e-9)


def test_takes_any_number_of_dimensions():
    values = np.random.default_rng(0).normal(size=(3, 4, 5))
    values[0, 1, 2] = np.nan
    for axis in range(3):
        np.testing.assert_allclose(
            nan_quantile(values, 0.9, axis=axis), np.nanquantile(values, 0.9, axis=axis)
        )


def test_the_ends_are_least_and_most_exactly():
    values = np.array([[0.1, 5.0], [0.3, np.nan], [0.2, -7.0]])
    assert nan_quantile(values, 0.0).tolist() == [0.1, -7.0]
    assert nan_quantile(values, 1.0).tolist() == [0.3, 5.0]


def test_an_empty_column_is_nan_without_a_word():
    assert np.isnan(nan_quantile(np.full((4, 1), np.nan), 0.5)).all()


def test_the_input_is_left_as_it_was():
    values = np.array([[3.0], [1.0], [2.0]])
    nan_quantile(values, 0.5)
    assert values.ravel().tolist() == [3.0, 1.0, 2.0]
