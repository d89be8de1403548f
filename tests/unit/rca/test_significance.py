"""Whether somebody is blamed at all, and how sure of whom."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rca.significance import MIN_EFFECT, confidence, p_value, worth_blaming

PAST = hnp.arrays(
    float,
    st.tuples(st.integers(2, 15), st.integers(1, 4)),
    elements=st.integers(0, 64).map(lambda n: n / 32),
)


def after(past, now):
    """Return `past` windows with one more in which the first service shows `now`."""
    last = np.zeros(past.shape[1])
    last[0] = now
    return np.vstack([past, last])


class TestPValue:
    @settings(deadline=None, max_examples=80)
    @given(PAST, st.lists(st.floats(0, 50), min_size=2, max_size=8))
    def test_falls_with_the_strength_after_the_onset(self, past, strengths):
        found = [p_value(after(past, strength)) for strength in sorted(strengths)]
        assert found == sorted(found, reverse=True)
        assert all(0 <= p <= 0.5 for p in found)
        assert all(type(p) is float for p in found)

    def test_falls_strictly_beyond_the_median_where_the_past_varies(self):
        past = np.array([[0.0], [0.1], [0.2], [0.3], [0.4]])
        found = [p_value(after(past, now)) for now in (0.2, 0.3, 0.5, 1.0, 3.0)]
        assert found[0] == 0.5
        assert all(later < earlier for earlier, later in pairwise(found))

    def test_is_the_formula(self):
        past = np.array([[0.0], [1.0], [2.0], [3.0], [6.0]])
        assert p_value(after(past, 7.0)) == pytest.approx(0.5 * np.exp(-(7 - 2) / 2.5))

    def test_compares_the_worst_service_with_the_worst_of_each_window(self):
        past = np.array([[0.0, 3.0], [3.0, 0.0], [3.0, 3.0], [4.0, 0.0]])
        assert p_value(after(past, 3.0)) == 0.5

    def test_a_past_that_never_stirred_makes_any_stir_unlikely(self):
        assert p_value(after(np.zeros((6, 2)), 0.1)) == 0.0
        assert p_value(after(np.zeros((6, 2)), 0.0)) == 0.5

    def test_of_exchangeable_windows_few_are_called_strange(self):
        rng = np.random.default_rng(0)
        found = np.array([p_value(rng.exponential(size=(21, 1))) for _ in range(2000)])
        assert (found <= 0.05).mean() == pytest.approx(0.05, abs=0.03)


class TestWorthBlaming:
    CALM = np.linspace(0, 0.01, 20)[:, None]
    RESTLESS = np.linspace(0, 3, 20)[:, None]

    def test_needs_both_a_large_and_an_unlikely_effect(self):
        assert worth_blaming(after(self.CALM, 2 * MIN_EFFECT), level=0.05)
        assert not worth_blaming(after(self.CALM, 0.9 * MIN_EFFECT), level=0.05)
        assert p_value(after(self.CALM, 0.9 * MIN_EFFECT)) < 1e-9
        assert not worth_blaming(after(self.RESTLESS, 2 * MIN_EFFECT), level=0.05)

    def test_the_level_decides_what_is_unlikely(self):
        strength = after(self.RESTLESS, 4.0)
        p = p_value(strength)
        assert 0.01 < p < 0.2
        assert worth_blaming(strength, level=p)
        assert not worth_blaming(strength, level=0.99 * p)


class TestConfidence:
    @pytest.mark.parametrize(
        ("scores", "p", "expected"),
        [
            ([0.0, 1.0, 0.0], 0.0, 1.0),
            ([0.5, 0.5], 0.0, 0.5),
            ([0.1, 0.6, 0.3], 0.1, 0.9 * 2 / 3),
            ([1.0], 0.25, 0.75),
            ([0.0, 0.0], 0.0, 0.0),
            ([], 0.0, 0.0),
        ],
    )
    def test_is_the_lead_times_the_chance_that_anything_happened(self, scores, p, expected):
        found = confidence(np.array(scores), p)
        assert found == pytest.approx(expected)
        assert type(found) is float
