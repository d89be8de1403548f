"""What every ranker promises, whatever its method.

A new ranker is held to this file by its entry in `rca.RANKERS`. What only one of them promises
is tested beside it, in tests/unit/rca.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidInput, InvalidMetrics, MetricId, NotEnoughData, Ranker, Ranking
from rca import RANKERS

ROWS, SPLIT = 60, 45
START = datetime(2026, 1, 1, tzinfo=UTC)
ONSET = START + timedelta(minutes=SPLIT)
CALLS = (("web", "cart"), ("cart", "db"))
CALIBRATED = [name for name in RANKERS if name not in {"random", "max_z"}]
"""Those that judge a series by its own past, and need one."""


@pytest.fixture(params=RANKERS)
def ranker(request):
    return RANKERS[request.param]()


def metrics(seed=0, rows=ROWS):
    """Three services, four series each: one breaks, one vanishes, one is dead, one has gaps."""
    rng = np.random.default_rng(seed)
    columns = pd.MultiIndex.from_product(
        [["cart", "db", "web"], ["cpu", "edge_to_db", "errors", "latency"]],
        names=["service", "metric"],
    )
    frame = pd.DataFrame(
        rng.normal(100, 3, (rows, 12)),
        index=pd.date_range(START, periods=rows, freq="60s"),
        columns=columns,
    )
    frame.loc[ONSET:, ("db", "cpu")] += 40
    frame.loc[ONSET:, ("cart", "cpu")] = np.nan
    frame["cart", "errors"] = 0.0
    frame["db", "errors"] = np.nan
    frame.loc[frame.index[::4], ("web", "latency")] = np.nan
    return frame


def check(ranking, frame):
    """Assert what holds of every ranking of `frame`."""
    assert isinstance(ranking, Ranking)
    assert {cause.series for cause in ranking.causes} == set(frame.columns)
    assert len(ranking.causes) == frame.shape[1]
    services = [entry.service for entry in ranking.services]
    assert sorted(services) == sorted(set(frame.columns.get_level_values("service")))
    for scores in ([c.score for c in ranking.causes], [s.score for s in ranking.services]):
        assert all(type(score) is float for score in scores)
        assert all(0 <= score < np.inf for score in scores)
        assert scores == sorted(scores, reverse=True)
    assert type(ranking.confidence) is float
    assert 0 <= ranking.confidence <= 1
    assert type(ranking.abstained) is bool
    assert type(ranking.onset) is datetime
    assert ranking.onset in frame.index
    for edge in ranking.edges:
        assert {edge.cause, edge.effect} <= set(frame.columns)
        assert edge.cause != edge.effect
        assert edge.weight >= 0
        assert edge.lag_s >= 0
    json.dumps(asdict(ranking), default=datetime.isoformat, allow_nan=False)


def test_it_is_a_ranker(ranker):
    assert isinstance(ranker, Ranker)


@pytest.mark.parametrize("onset", [ONSET, None])
@pytest.mark.parametrize("trigger", [None, MetricId("web", "latency"), MetricId("x", "unheard")])
@pytest.mark.parametrize("topology", [(), CALLS, (("x", "y"), ("web", "z"), ("db", "db"))])
def test_every_service_and_series_is_ranked_once(ranker, onset, trigger, topology):
    frame = metrics()
    check(ranker.rank(frame, onset=onset, trigger=trigger, topology=topology), frame)


def test_the_onset_that_is_told_is_the_onset(ranker):
    assert ranker.rank(metrics(), onset=ONSET).onset == ONSET


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**16), order=st.permutations(range(12)), told=st.booleans())
@pytest.mark.parametrize("name", RANKERS)
def test_the_order_of_the_columns_does_not_matter(name, seed, order, told):
    frame, onset = metrics(seed), ONSET if told else None
    plain = RANKERS[name]().rank(frame, onset=onset, topology=CALLS)
    moved = RANKERS[name]().rank(frame.iloc[:, order], onset=onset, topology=CALLS)
    assert moved == plain


def test_the_order_and_the_kind_of_the_calls_do_not_matter(ranker):
    plain = ranker.rank(metrics(), onset=ONSET, topology=CALLS)
    moved = ranker.rank(metrics(), onset=ONSET, topology=[list(call) for call in CALLS[::-1]])
    assert moved.services == plain.services
    assert moved.causes == plain.causes


@pytest.mark.parametrize("onset", [ONSET, None])
def test_ranking_again_says_the_same_and_changes_nothing(ranker, onset):
    frame = metrics()
    copy, state = frame.copy(deep=True), dict(vars(ranker))
    first = ranker.rank(frame, onset=onset, topology=CALLS)
    assert ranker.rank(frame, onset=onset, topology=CALLS) == first
    assert type(ranker)(**state).rank(frame, onset=onset, topology=CALLS) == first
    pd.testing.assert_frame_equal(frame, copy, check_exact=True)
    assert vars(ranker) == state


@pytest.mark.parametrize("onset", [datetime.fromtimestamp(SPLIT, UTC), None])
def test_a_plain_numeric_frame_is_enough(ranker, onset):
    frame = pd.DataFrame({"cpu": np.arange(ROWS) % 7, "value": np.arange(ROWS) % 5, 3: 1.5})
    frame.loc[SPLIT:, "cpu"] += 50
    ranking = ranker.rank(frame, onset=onset)
    assert set(ranking.by_service()) == {"cpu", "value", "3"}
    assert {cause.metric for cause in ranking.causes} == {"value"}


def test_one_series_is_enough(ranker):
    frame = metrics()[[("db", "cpu")]]
    for onset in (ONSET, None):
        check(ranker.rank(frame, onset=onset), frame)


def test_hostile_names_are_only_names(ranker):
    frame = metrics().rename(columns={"db": "<b>(db", "edge_to_db": "edge_to_<b>(db\\"})
    check(ranker.rank(frame, onset=ONSET, topology=[("web", "<b>(db")]), frame)


def test_an_illegal_frame_is_refused(ranker):
    infinite = metrics()
    infinite.iloc[3, 1] = np.inf
    with pytest.raises(InvalidMetrics, match="cart/edge_to_db is infinite"):
        ranker.rank(infinite, onset=ONSET)
    with pytest.raises(InvalidMetrics, match="no time zone"):
        ranker.rank(metrics().tz_localize(None), onset=ONSET)
    with pytest.raises(InvalidMetrics, match="no usable column"):
        ranker.rank(metrics()[["cart"]].loc[:, [("cart", "errors")]], onset=ONSET)


def test_an_onset_without_a_zone_is_refused(ranker):
    with pytest.raises(InvalidInput, match="no time zone"):
        ranker.rank(metrics(), onset=ONSET.replace(tzinfo=None))


@pytest.mark.parametrize("name", [name for name in RANKERS if name != "random"])
@pytest.mark.parametrize("minutes", [-1, 0, ROWS])
def test_an_onset_with_nothing_before_or_after_it_is_refused(name, minutes):
    with pytest.raises(NotEnoughData):
        RANKERS[name]().rank(metrics(), onset=START + timedelta(minutes=minutes))


@pytest.mark.parametrize("name", CALIBRATED)
@pytest.mark.parametrize("onset", [START + timedelta(minutes=5), None])
def test_a_window_too_short_to_know_what_is_usual_is_refused(name, onset):
    with pytest.raises(NotEnoughData):
        RANKERS[name]().rank(metrics(rows=8), onset=onset)


@pytest.mark.parametrize("name", [name for name in RANKERS if name != "random"])
def test_the_one_that_broke_is_blamed(name):
    frame = metrics(1)[[("cart", "latency"), ("db", "cpu"), ("web", "cpu")]]
    ranking = RANKERS[name]().rank(frame, onset=ONSET)
    assert ranking.causes[0].series == ("db", "cpu")
    assert ranking.services[0].service == "db"
    assert not ranking.abstained
    assert ranking.causes[0].evidence
