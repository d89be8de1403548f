import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidInput
from detectors import EWMA
from tests import naive

SAMPLES = st.one_of(st.integers(-9, 9).map(float), st.just(np.nan))


@settings(deadline=None, max_examples=60)
@given(st.lists(SAMPLES, min_size=5, max_size=40), st.sampled_from([0.05, 0.3, 0.9]))
def test_agrees_with_the_slow_twin(samples, alpha):
    frame = pd.DataFrame({"a": samples, "varies": np.arange(float(len(samples)))})
    scores = EWMA(alpha=alpha, warmup=4, cap=20).anomaly_score(frame)["a"]
    expected = naive.ewma_scores(samples, alpha, 4, 20)
    # Where the past is constant but for a faded sample, the two divide rounding by rounding.
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-6)


def test_before_the_memory_is_full_the_state_is_the_plain_mean_and_variance():
    samples = np.array([4.0, 8.0, 6.0, 1.0, 5.0])
    detector = EWMA(alpha=0.01).fit(pd.DataFrame({"a": samples}))
    assert detector.mean_.item() == pytest.approx(samples.mean())
    assert detector.var_.item() == pytest.approx(samples.var())
    assert detector.count_.tolist() == [5]


def test_it_follows_a_lasting_shift_where_the_first_sample_after_it_was_strange():
    frame = pd.DataFrame({"a": [0.0, 1.0] * 50 + [50.0, 51.0] * 100})
    scores = EWMA(alpha=0.1).anomaly_score(frame)["a"]
    assert scores[100] > 50
    assert scores.iloc[-1] < 2


def test_the_score_is_taken_before_the_sample_is_learned():
    past = pd.DataFrame({"a": [0.0, 1.0] * 40})
    first, second = (
        EWMA(alpha=0.01).fit(past).anomaly_score(pd.DataFrame({"a": [size, 0.0, 1.0]}))["a"][0]
        for size in (10.5, 20.5)
    )
    assert (first, second) == (pytest.approx(20), pytest.approx(40))


def test_a_late_series_warms_up_on_its_own():
    frame = pd.DataFrame({"late": [np.nan] * 50 + [1.0, 2.0] * 25, "varies": np.arange(100.0)})
    scores = EWMA(warmup=20).anomaly_score(frame)
    assert scores["late"].first_valid_index() == 70
    assert scores["varies"].first_valid_index() == 20


def test_a_missing_sample_leaves_no_trace():
    samples = [1.0, 3.0, 2.0, 4.0, 1.0, 7.0, 2.0, 9.0]
    gappy = [1.0, 3.0, np.nan, 2.0, 4.0, np.nan, np.nan, 1.0, 7.0, 2.0, 9.0]
    detector = EWMA(warmup=3)
    whole = detector.anomaly_score(pd.DataFrame({"a": samples}))["a"]
    holed = detector.anomaly_score(pd.DataFrame({"a": gappy}))["a"]
    present = ~np.isnan(gappy)
    np.testing.assert_array_equal(holed[present], whole)
    assert holed[~present].isna().all()


def test_a_constant_past_scores_zero_on_it_and_the_cap_off_it():
    frame = pd.DataFrame({"replicas": [0.1] * 61 + [0.2]})
    scores = EWMA(cap=250).anomaly_score(frame)["replicas"]
    assert scores[60:].tolist() == [0, 250]


@pytest.mark.parametrize("alpha", [0, 1, -0.1, np.nan])
def test_an_impossible_alpha_is_refused(alpha):
    with pytest.raises(InvalidInput, match="alpha"):
        EWMA(alpha=alpha).fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))


@pytest.mark.parametrize("params", [{"warmup": 1}, {"cap": -1}])
def test_other_impossible_parameters_are_refused(params):
    with pytest.raises(InvalidInput, match=next(iter(params))):
        EWMA(**params).fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
