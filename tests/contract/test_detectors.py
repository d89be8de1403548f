"""What every exported detector promises, whatever its formula.

A detector is any exported class with an ``update``; a new one is held to this file by being
exported. What only one of them promises is tested beside it, in tests/unit/detectors.
"""

import copy
import inspect
import timeit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import detectors
from aiops.types import Detector, InvalidInput, InvalidMetrics

EXPORTED = [
    exported
    for exported in (getattr(detectors, name) for name in detectors.__all__)
    if inspect.isclass(exported) and hasattr(exported, "update")
]
ROWS, PAST = 90, 70
FRAME_SEEDS = st.integers(0, 2**16)


def metrics(seed=0, rows=ROWS):
    """Noise in eighths (so that sums are exact), two dead series, and gaps."""
    rng = np.random.default_rng(seed)
    values = np.round(8 * rng.normal(100, 3, (rows, 6))) / 8
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, 4] = 7.0
    values[:, 5] = np.nan
    columns = pd.MultiIndex.from_product(
        [["cart", "db", "web"], ["cpu", "latency"]], names=("service", "metric")
    )
    index = pd.date_range("2026-11-22", periods=rows, freq="min", tz="UTC")
    return pd.DataFrame(values, index=index, columns=columns)


def streamed(detector, frame):
    return pd.DataFrame([detector.update(row) for _, row in frame.iterrows()])


@pytest.fixture(params=EXPORTED, ids=lambda exported: exported.__name__)
def kind(request):
    return request.param


@pytest.fixture(params=["fresh", "fitted", "half warm"])
def detector(kind, request):
    """A detector in each of the states in which one may be met."""
    if request.param == "fitted":
        return kind().fit(metrics(seed=99))
    detector = kind()
    if request.param == "half warm":
        streamed(detector, metrics(seed=98, rows=20))
    return detector


def test_there_are_detectors_to_test():
    assert {exported.__name__ for exported in EXPORTED} >= {"RobustZ", "EWMA"}


def test_it_is_a_detector(kind):
    assert isinstance(kind(), Detector)


def test_fit_returns_the_detector_and_says_what_it_saw(kind):
    detector = kind()
    assert detector.fit(metrics(), None) is detector
    assert detector.n_features_in_ == 6
    assert detector.feature_names_in_.tolist()[:2] == ["cart/cpu", "cart/latency"]


@settings(deadline=None, max_examples=5)
@given(seed=FRAME_SEEDS)
@pytest.mark.parametrize("kind", EXPORTED)
def test_the_stream_equals_the_batch_exactly(kind, seed):
    frame = metrics(seed)
    pd.testing.assert_frame_equal(
        streamed(kind(), frame), kind().anomaly_score(frame), check_exact=True, check_freq=False
    )


def test_the_stream_equals_the_batch_from_any_state(detector):
    frame = metrics(1)
    batch = detector.anomaly_score(frame)
    pd.testing.assert_frame_equal(
        streamed(detector, frame), batch, check_exact=True, check_freq=False
    )


def test_batch_after_stream_continues_where_the_stream_stopped(detector):
    frame = metrics(1)
    whole = detector.anomaly_score(frame)
    streamed(detector, frame.iloc[:30])
    pd.testing.assert_frame_equal(
        detector.anomaly_score(frame.iloc[30:]), whole.iloc[30:], check_exact=True
    )


def test_scoring_changes_neither_the_detector_nor_the_frame(detector):
    frame = metrics(2)
    before, state = frame.copy(deep=True), dict(vars(detector))
    first = detector.anomaly_score(frame)
    detector.score_samples(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert vars(detector).keys() == state.keys()
    assert all(vars(detector)[name] is value for name, value in state.items())
    # The same arrays, and still the same numbers in them.
    pd.testing.assert_frame_equal(detector.anomaly_score(frame), first, check_exact=True)


@pytest.mark.parametrize("size", [60, -60])
def test_a_planted_spike_is_the_strangest_sample(detector, size):
    frame = metrics(3)
    frame.iloc[80, 2] = 100 + size
    scores = detector.anomaly_score(frame)
    assert scores.max().idxmax() == ("db", "cpu")
    assert scores[("db", "cpu")].idxmax() == frame.index[80]


def test_score_samples_has_scikit_learns_sign_and_shape(detector):
    frame = metrics(3)
    frame.iloc[80, 2] = 160
    scores = detector.score_samples(frame)
    assert scores.shape == (ROWS,)
    assert np.nanargmin(scores) == 80
    np.testing.assert_array_equal(-scores, detector.anomaly_score(frame).max(axis=1))


def test_scores_are_finite_and_never_negative_and_keep_the_labels(detector):
    frame = metrics(4)
    frame.iloc[80] *= 1e9
    scores = detector.anomaly_score(frame)
    assert scores.index.equals(frame.index)
    assert scores.columns.equals(frame.columns)
    assert (scores.dtypes == np.float64).all()
    present = scores.to_numpy()[scores.notna()]
    assert np.isfinite(present).all()
    assert (present >= 0).all()


def test_a_missing_sample_scores_nan_and_only_there_once_warm(kind):
    detector = kind().fit(metrics(99))
    frame = metrics(5)
    live = frame.columns[:4]
    scores = detector.anomaly_score(frame)
    pd.testing.assert_frame_equal(scores[live].isna(), frame[live].isna())


def test_a_dead_series_scores_zero_or_nothing_and_its_first_move_is_finite(kind):
    detector = kind().fit(metrics(99))
    frame = metrics(6)
    assert (detector.anomaly_score(frame)[("web", "cpu")] == 0).all()
    assert detector.anomaly_score(frame)[("web", "latency")].isna().all()
    frame.iloc[80, 4] = 7.5
    assert 0 < detector.anomaly_score(frame).iloc[80, 4] < np.inf


def test_nothing_is_scored_while_warming_up(kind):
    assert kind().anomaly_score(metrics(7, rows=30)).isna().all(axis=None)


def test_the_order_of_the_columns_does_not_matter(detector):
    frame = metrics(8)
    order = [3, 0, 5, 1, 4, 2]
    plain = detector.anomaly_score(frame)
    moved = copy.deepcopy(detector).anomaly_score(frame.iloc[:, order])
    pd.testing.assert_frame_equal(moved, plain.iloc[:, order], check_exact=True)
    pd.testing.assert_series_equal(
        copy.deepcopy(detector).update(frame.iloc[0, order]),
        detector.update(frame.iloc[0]).iloc[order],
        check_exact=True,
    )


@settings(deadline=None, max_examples=10)
@given(
    seed=FRAME_SEEDS,
    scale=st.floats(1e-9, 1e9),
    shift=st.integers(-500, 500),
)
@pytest.mark.parametrize("kind", EXPORTED)
@pytest.mark.parametrize("fitted", [False, True])
def test_unit_and_zero_do_not_matter(kind, fitted, seed, scale, shift):
    frame, past = metrics(seed), metrics(seed + 1)
    frame.iloc[80:, 4] = 9.0  # a constant that moves must stay at the cap in every unit

    def scores_of(change):
        detector = kind()
        return (detector.fit(change(past)) if fitted else detector).anomaly_score(change(frame))

    changed = scores_of(lambda f: (f + shift) * scale)
    pd.testing.assert_frame_equal(changed, scores_of(lambda f: f), rtol=1e-7, atol=1e-7)


def test_clone_is_a_fresh_detector_with_the_same_parameters(detector):
    twin = clone(detector)
    assert type(twin) is type(detector)
    assert twin.get_params() == detector.get_params()
    assert vars(twin) == twin.get_params()


def test_parameters_are_stored_unchanged_and_can_be_set(kind):
    odd = {name: object() for name in kind().get_params()}
    assert kind(**odd).get_params() == odd
    assert kind().set_params(**odd).get_params() == odd
    with pytest.raises(InvalidInput, match=r"no parameter 'nonsense'; it has .*warmup"):
        kind().set_params(nonsense=1)


def test_repr_can_be_read_back(kind):
    namespace = {kind.__name__: kind}
    assert eval(repr(kind()), namespace).get_params() == kind().get_params()  # noqa: S307  own text


def test_plain_frames_of_whole_numbers_keep_their_labels(kind):
    frame = pd.DataFrame({"cpu": np.arange(100) % 7, 3: np.arange(100) % 5})
    scores = kind().anomaly_score(frame)
    assert list(scores.columns) == ["cpu", 3]
    assert scores.index.equals(frame.index)
    as_float = kind().anomaly_score(frame.astype(float))
    pd.testing.assert_frame_equal(scores, as_float, check_exact=True)
    np.testing.assert_array_equal(streamed(kind(), frame), scores)


def test_an_array_gives_a_frame_with_numbered_columns(kind):
    values = metrics(9).to_numpy()
    scores = kind().fit(values[:PAST]).anomaly_score(values[PAST:])
    assert list(scores.columns) == list(range(6))
    assert list(scores.index) == list(range(ROWS - PAST))
    framed = kind().fit(metrics(9).iloc[:PAST]).anomaly_score(metrics(9).iloc[PAST:])
    np.testing.assert_array_equal(scores, framed)


def test_update_keeps_labels_and_name(detector):
    row = metrics(10).iloc[0]
    scores = detector.update(row)
    assert scores.index.equals(row.index)
    assert scores.name == row.name


@pytest.mark.parametrize("speed", ["batch", "stream"])
def test_an_unknown_or_missing_column_is_named(kind, speed):
    detector = kind().fit(metrics())

    def score(frame):
        return detector.anomaly_score(frame) if speed == "batch" else streamed(detector, frame)

    stranger = metrics()
    stranger[("new", "cpu")] = 1.0
    with pytest.raises(InvalidMetrics, match="new/cpu is unknown"):
        score(stranger)
    with pytest.raises(InvalidMetrics, match="db/latency is missing"):
        score(metrics().drop(columns=[("db", "latency")]))
    with pytest.raises(InvalidMetrics, match=r"cart/cpu \(and 1 more\) is missing"):
        score(metrics().drop(columns="cart"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (pd.Series({"a": np.inf}), "'a' is infinite"),
        (pd.Series({"a": "1"}), "not numbers"),
        (pd.Series({"a": True}), "not numbers"),
        (pd.Series({"a": 1j}), "not numbers"),
        (pd.Series([1.0, 2.0], index=["a", "a"]), "a/value occurs twice"),
        ({"a": 1.0}, "not dict"),
    ],
)
def test_an_impossible_row_is_refused(kind, row, said):
    with pytest.raises(InvalidMetrics, match=said):
        kind().update(row)


def test_a_row_of_a_thousand_series_takes_less_than_a_millisecond(kind):
    past = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 1000)))
    detector, row = kind().fit(past), past.iloc[0]
    assert min(timeit.repeat(lambda: detector.update(row), number=1, repeat=50)) < 1e-3


def test_an_illegal_frame_is_refused(kind):
    frame = metrics()
    frame.iloc[4, 1] = np.inf
    for deed in (kind().fit, kind().anomaly_score, kind().score_samples):
        with pytest.raises(InvalidMetrics, match="cart/latency is infinite"):
            deed(frame)


def test_a_refused_row_leaves_no_trace(kind):
    detector, frame = kind().fit(metrics()), metrics(11)
    expected = detector.anomaly_score(frame)
    with pytest.raises(InvalidMetrics):
        detector.update(frame.iloc[0].iloc[:3])
    pd.testing.assert_frame_equal(detector.anomaly_score(frame), expected, check_exact=True)
