import timeit
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aiops.types import Anomaly, InvalidInput, InvalidMetrics
from detectors import Threshold
from tests import naive

START = datetime(2026, 11, 22, tzinfo=UTC)
SCORES = st.one_of(st.integers(0, 9).map(float), st.just(np.nan))


def frame_of(values):
    """Scores of series s0, s1, … every minute from `START`."""
    columns = pd.MultiIndex.from_tuples(
        [(f"s{i}", "value") for i in range(values.shape[1])], names=("service", "metric")
    )
    index = pd.date_range(START, periods=len(values), freq="min")
    return pd.DataFrame(values, index=index, columns=columns)


def spans(scores, **params):
    """(first, last, peak) of every anomaly in one series."""
    found = Threshold(**params).decide(frame_of(np.array(scores, dtype=float)[:, None]))
    minute = timedelta(minutes=1)
    return [((a.start - START) // minute, (a.end - START) // minute, a.score) for a in found]


@settings(deadline=None, max_examples=200)
@given(
    hnp.arrays(
        float, st.tuples(st.integers(0, 25), st.integers(1, 4)), elements=SCORES, fill=st.nothing()
    ),
    st.integers(1, 4),
    st.sampled_from([0.3, 0.5, 1.0]),
)
def test_agrees_with_the_state_machine(values, min_points, release):
    frame = frame_of(values)
    found = Threshold(level=6, min_points=min_points, release=release).decide(frame, detector="d")
    expected = [
        Anomaly(f"s{i}", "value", frame.index[first], frame.index[last], peak, "d")
        for i in range(values.shape[1])
        for first, last, peak in naive.hysteresis(values[:, i].tolist(), 6, min_points, release)
    ]
    assert list(found) == sorted(expected, key=lambda a: (a.start, -a.score, a.series))


def test_it_opens_only_when_held_and_starts_at_the_first_sample():
    assert spans([0, 7, 7, 0, 7, 8, 7, 0], level=6, min_points=3) == [(4, 6, 8)]


def test_a_middling_score_breaks_the_opening_run_but_keeps_an_anomaly_open():
    assert spans([7, 4, 7, 7, 4, 4, 9, 2], level=6, min_points=2, release=0.5) == [(2, 6, 9)]


def test_exactly_the_level_opens_and_exactly_the_release_keeps_open():
    assert spans([6, 3, 2.99], level=6, min_points=1, release=0.5) == [(0, 1, 6)]


def test_what_is_open_ends_with_the_series():
    assert spans([0, 7, 7], level=6, min_points=2) == [(1, 2, 7)]


def test_a_missing_score_says_nothing():
    nan = np.nan
    assert spans([7, nan, 7, 0], level=6, min_points=2) == [(0, 2, 7)]
    assert spans([7, 7, nan, 9, nan, nan], level=6, min_points=2) == [(0, 3, 9)]
    assert spans([nan, nan, nan], level=6, min_points=1) == []


def test_runs_do_not_leak_from_one_series_into_the_next():
    values = np.zeros((4, 2))
    values[2:, 0] = values[:2, 1] = 9
    found = Threshold(min_points=2).decide(frame_of(values))
    assert [(a.service, a.start.minute, a.end.minute) for a in found] == [
        ("s1", 0, 1),
        ("s0", 2, 3),
    ]


def test_the_order_is_by_start_then_by_score_from_the_top():
    values = np.array([[0, 7, 9, 8, 8], [7, 7, 9, 8, 8]], dtype=float)
    found = Threshold(min_points=1).decide(frame_of(values))
    assert [a.service for a in found] == ["s2", "s3", "s4", "s1", "s0"]


def test_the_anomaly_says_what_it_is():
    [found] = Threshold(min_points=1).decide(frame_of(np.array([[9.0]])), detector="robust_z")
    assert found == Anomaly("s0", "value", START, START, 9.0, "robust_z")
    assert type(found.start) is datetime
    assert type(found.score) is float


def test_plain_frames_are_read_as_seconds():
    [found] = Threshold(min_points=1).decide(pd.DataFrame({"cpu": [0.0, 9.0]}))
    assert (str(found.series), found.start.timestamp()) == ("cpu/value", 1.0)


def test_nanoseconds_do_not_warn():
    index = pd.DatetimeIndex([pd.Timestamp(1, unit="ns", tz="UTC")])
    [found] = Threshold(min_points=1).decide(pd.DataFrame({"cpu": [9.0]}, index=index))
    assert found.start == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.slow
def test_two_million_scores_take_less_than_half_a_second():
    frame = frame_of(np.random.default_rng(0).exponential(1.0, (10_000, 200)))
    assert min(timeit.repeat(lambda: Threshold().decide(frame), number=1, repeat=5)) < 0.5


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (pd.Index([1.0, 2.0]), "no UTC times"),
        (pd.date_range("2026-11-22", periods=2), "no UTC times"),
        (pd.date_range("2026-11-22", periods=2, tz="Europe/Berlin"), "no UTC times"),
        (pd.date_range("2026-11-22", periods=2, tz="UTC")[::-1], "not sorted"),
    ],
)
def test_an_index_that_is_no_time_is_refused(index, said):
    with pytest.raises(InvalidMetrics, match=said):
        Threshold().decide(pd.DataFrame({"cpu": [9.0, 9.0]}, index=index))


@pytest.mark.parametrize(
    "params",
    [
        {"level": 0},
        {"level": np.nan},
        {"min_points": 0},
        {"min_points": 1.5},
        {"release": 0},
        {"release": 1.01},
    ],
)
def test_impossible_parameters_are_refused(params):
    with pytest.raises(InvalidInput, match=next(iter(params))):
        Threshold(**params)
