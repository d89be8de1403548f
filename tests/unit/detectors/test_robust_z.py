import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidInput
from detectors import RobustZ
from tests import naive

SAMPLES = st.one_of(st.integers(-9, 9).map(float), st.just(np.nan))


@settings(deadline=None, max_examples=60)
@given(st.lists(SAMPLES, min_size=9, max_size=40), st.integers(3, 12))
def test_agrees_with_the_slow_twin(samples, warmup):
    frame = pd.DataFrame({"a": samples, "varies": np.arange(float(len(samples)))})
    scores = RobustZ(warmup=warmup, cap=50).anomaly_score(frame)["a"]
    baseline = naive.robust_baseline(samples[:warmup], 1e-3)
    late = [naive.capped_distance(x, *baseline, 50) for x in samples[warmup:]]
    expected = ([np.nan] * warmup + late)[: len(samples)]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_a_constant_baseline_scores_zero_on_it_and_the_cap_off_it():
    frame = pd.DataFrame({"replicas": [3.0] * 60 + [3.0, 4.0, 2.999, 3.0]})
    scores = RobustZ(cap=250).anomaly_score(frame)["replicas"]
    assert scores[60:].tolist() == [0, 250, 250, 0]


def test_a_series_without_a_sample_in_the_baseline_stays_unknown():
    frame = pd.DataFrame({"late": [np.nan] * 60 + [5.0] * 4, "varies": np.arange(64.0)})
    assert RobustZ().anomaly_score(frame)["late"].isna().all()


def test_fit_takes_every_row_whatever_the_warmup_and_forgets_the_rest():
    detector = RobustZ(warmup=1000)
    detector.update(pd.Series({"a": 99.0}))
    detector.fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    assert detector.center_.tolist() == [2.0]
    assert detector.scale_.tolist() == [1.4826]
    fresh = pd.DataFrame({"a": [2.0, 2.0, 2 + 2 * 1.4826]})
    assert detector.anomaly_score(fresh)["a"].tolist() == pytest.approx([0, 0, 2])


def test_the_baseline_does_not_follow_the_stream():
    detector = RobustZ().fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    for _ in range(100):
        last = detector.update(pd.Series({"a": 9.0}))
    assert last["a"] == pytest.approx(7 / 1.4826)


def test_rows_of_the_warmup_may_be_reused_by_the_caller():
    row = pd.Series({"a": 1.0})
    detector = RobustZ(warmup=3)
    for sample in (1.0, 2.0, 3.0):
        row["a"] = sample
        detector.update(row)
    assert detector.center_.tolist() == [2.0]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"warmup": 2}, "warmup"),
        ({"warmup": 60.0}, "warmup"),
        ({"warmup": True}, "warmup"),
        ({"floor": 0}, "floor"),
        ({"floor": 1}, "floor"),
        ({"cap": 0}, "cap"),
        ({"cap": np.inf}, "cap"),
        ({"cap": np.nan}, "cap"),
    ],
)
def test_impossible_parameters_are_refused_when_used(params, said):
    detector = RobustZ(**params)
    with pytest.raises(InvalidInput, match=said):
        detector.fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    with pytest.raises(InvalidInput, match=said):
        detector.update(pd.Series({"a": 1.0}))
