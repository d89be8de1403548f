import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aiops.types import InvalidInput, InvalidMetrics, NotEnoughData
from detectors import ChangePoints, change_points
from tests import naive

SAMPLES = st.one_of(st.integers(-20, 20).map(float), st.just(np.nan))
# Whole samples and powers of two: the arithmetic of the invariances is then exact.
BLOCKS = hnp.arrays(
    float, st.tuples(st.integers(8, 30), st.integers(1, 6)), elements=SAMPLES, fill=st.nothing()
)


def noise(rng, rows, columns, phi=0.0):
    """First-order autoregression with unit variance."""
    values = rng.normal(size=(rows + 50, columns))
    for row in range(1, len(values)):
        values[row] = phi * values[row - 1] + np.sqrt(1 - phi**2) * values[row]
    return values[50:]


def row_of(found):
    return int(found.best.timestamp())


@settings(deadline=None, max_examples=60)
@given(BLOCKS)
def test_agrees_with_least_squares_one_split_at_a_time(values):
    frame = pd.DataFrame(values)
    assume((frame.max() > frame.min()).any())
    verdict = naive.change_verdict(values, 3, 2)
    found = change_points(frame, min_before=3, min_after=2, top=len(verdict))
    assert len(found.times) == len(verdict)
    best = max(verdict.values())
    shares = {split: np.exp(gain - best) for split, gain in verdict.items()}
    expected = [shares[int(time.timestamp())] / sum(shares.values()) for time in found.times]
    np.testing.assert_allclose(found.weights, expected, rtol=1e-5, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(BLOCKS, st.randoms(use_true_random=False))
def test_unit_zero_and_order_of_the_series_do_not_matter(values, random):
    frame = pd.DataFrame(values)
    assume((frame.max() > frame.min()).any())
    order = random.sample(list(frame.columns), frame.shape[1])
    scale = [2.0 ** random.randint(-20, 20) for _ in order]
    moved = (frame + [random.randint(-1000, 1000) for _ in order]) * scale
    plain, changed = (change_points(f, min_before=3, min_after=2) for f in (frame, moved[order]))
    assert plain.times == changed.times
    np.testing.assert_allclose(plain.weights, changed.weights, rtol=1e-9)


@settings(deadline=None, max_examples=40)
@given(BLOCKS, st.integers(1, 9))
def test_weights_sum_to_one_from_the_best_down(values, top):
    frame = pd.DataFrame(values)
    assume((frame.max() > frame.min()).any())
    found = change_points(frame, min_before=3, min_after=2, top=top)
    assert len(found.times) == len(found.weights) == min(top, len(frame) - 4)
    assert sum(found.weights) == pytest.approx(1)
    assert list(found.weights) == sorted(found.weights, reverse=True)
    assert found.best == found.times[0]


@pytest.mark.parametrize("split", [12, 60, 117])
@pytest.mark.parametrize("phi", [0.0, 0.8])
def test_a_shift_of_a_few_series_is_found_wherever_it_is(split, phi):
    values = noise(np.random.default_rng(5), 120, 60, phi)
    values[split:, :4] += 6
    assert abs(row_of(change_points(pd.DataFrame(values))) - split) <= 1


def test_lone_outliers_do_not_draw_it():
    rng = np.random.default_rng(1)
    values = noise(rng, 120, 60)
    values[70:, :5] += 4
    for _ in range(30):
        values[rng.integers(120), rng.integers(60)] += rng.uniform(20, 60)
    assert row_of(change_points(pd.DataFrame(values))) == 70


def test_a_slow_wave_does_not_hide_a_late_jump():
    rng = np.random.default_rng(2)
    rows = np.arange(200)[:, None]
    values = 3 * np.sin(rows / 200 * 2 * np.pi + rng.uniform(0, 6, 40)) + 0.3 * noise(rng, 200, 40)
    values[196:, :6] += 8
    assert row_of(change_points(pd.DataFrame(values))) == 196


def test_gaps_and_dead_series_are_borne():
    rng = np.random.default_rng(3)
    values = noise(rng, 80, 20)
    values[75:, :4] += 9
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:, 18] = np.nan
    values[:, 19] = 1.0
    assert row_of(change_points(pd.DataFrame(values))) == 75


def test_an_array_is_read_as_a_plain_frame():
    values = noise(np.random.default_rng(4), 40, 5)
    assert change_points(values) == change_points(pd.DataFrame(values))


def test_too_few_rows_for_any_split():
    frame = pd.DataFrame({"a": np.arange(12.0)})
    with pytest.raises(NotEnoughData, match=r"12 rows .* at least 13"):
        change_points(frame)
    assert len(change_points(frame, min_before=9).times) == 1


@pytest.mark.parametrize("name", ["min_before", "min_after", "top"])
def test_counts_start_at_one(name):
    with pytest.raises(InvalidInput, match=name):
        change_points(pd.DataFrame({"a": np.arange(30.0)}), **{name: 0})


def test_an_illegal_frame_is_refused():
    with pytest.raises(InvalidMetrics, match="infinite"):
        change_points(pd.DataFrame({"a": [np.inf] + [1.0] * 30}))


def test_the_result_is_frozen():
    found = ChangePoints(times=(), weights=())
    with pytest.raises(AttributeError):
        found.times = ()
