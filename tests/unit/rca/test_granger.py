"""All pairs in one solve, against one regression per pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import NotEnoughData
from rca.granger import linear_granger
from tests import naive

LAGS = 3
SEEDS = st.integers(0, 9999)


def wandering(seed, rows=300, series=5, links=()):
    """Return stationary series of unit variance; each link (cause, effect, lag) acts with 0.7."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, series))
    for row in range(LAGS, rows):
        values[row] += 0.4 * values[row - 1]
        for cause, effect, lag in links:
            values[row, effect] += 0.7 * values[row - lag, cause]
    return (values - values.mean(axis=0)) / values.std(axis=0)


LINKS = ((0, 1, 1), (1, 2, 2), (0, 3, 3))


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.integers(1, 4))
def test_agrees_with_a_regression_per_pair(seed, lags):
    values = wandering(seed, links=LINKS)
    found = linear_granger(values, lags=lags)
    gain, p_value = naive.granger(values, lags)
    np.testing.assert_allclose(found.gain, gain, rtol=1e-2, atol=1e-3)  # the ridge is the rest
    clear = (p_value < 1e-6) | (p_value > 0.05)
    np.testing.assert_array_equal((found.p_value < 1e-3)[clear], (p_value < 1e-3)[clear])
    np.testing.assert_allclose(found.p_value, p_value, rtol=0.2, atol=0.02)


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_finds_the_links_their_direction_and_their_lag(seed):
    found = linear_granger(wandering(seed, links=LINKS), lags=LAGS)
    for cause, effect, lag in LINKS:
        assert found.p_value[cause, effect] < 1e-6
        assert found.gain[cause, effect] > 3 * found.gain[effect, cause]
        assert found.lag[cause, effect] == lag


def test_independent_series_are_rarely_linked():
    p_values = [linear_granger(wandering(seed), lags=LAGS).p_value for seed in range(40)]
    off_diagonal = np.array(p_values)[:, ~np.eye(5, dtype=bool)]
    assert (off_diagonal < 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_the_diagonal_says_nothing():
    found = linear_granger(wandering(0, links=LINKS))
    assert (np.diag(found.gain) == 0).all()
    assert (np.diag(found.p_value) == 1).all()


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.sampled_from(["zero", "constant", "twin", "missing", "ramp", "spike"]))
def test_awkward_series_give_finite_answers_within_bounds(seed, kind):
    values = wandering(seed, rows=60, links=LINKS)
    values[:, 2] = {
        "zero": 0.0,
        "constant": 0.1,
        "twin": values[:, 0],
        "missing": np.nan,
        "ramp": np.linspace(-2, 2, 60),
        "spike": np.eye(60)[30],
    }[kind]
    found = linear_granger(values, lags=LAGS)
    for share in (found.gain, found.p_value):
        assert ((share >= 0) & (share <= 1)).all()
    assert ((found.lag >= 1) & (found.lag <= LAGS)).all()
    if kind in {"zero", "constant", "missing"}:
        assert found.gain[2].max() < 1e-6
        assert found.gain[:, 2].max() == 0
        assert found.p_value[2].min() > 0.99


def test_a_copy_adds_nothing_to_the_original():
    values = wandering(0, series=2)
    values[:, 1] = values[:, 0]
    assert linear_granger(values).gain.max() < 1e-2


def test_what_its_own_past_explains_needs_no_cause():
    time = np.arange(200)
    wave = np.sqrt(2) * np.sin(2 * np.pi * time / 40)
    values = np.column_stack([wave, np.roll(wave, 3), wandering(0, rows=200, series=1)[:, 0]])
    assert linear_granger(values).gain[:, :2].max() == 0


def test_gaps_count_as_the_centre():
    values = wandering(0, links=LINKS)
    filled = values.copy()
    values[::11] = np.nan
    filled[::11] = 0.0
    np.testing.assert_array_equal(linear_granger(values).gain, linear_granger(filled).gain)


@pytest.mark.parametrize("lags", [1, 2, 3])
def test_needs_one_degree_of_freedom(lags):
    enough = 3 * lags + 2
    assert np.isfinite(linear_granger(wandering(0, rows=enough), lags=lags).p_value).all()
    with pytest.raises(NotEnoughData, match=f"too few for {lags} lags; give {enough} or more"):
        linear_granger(wandering(0, rows=enough - 1), lags=lags)
