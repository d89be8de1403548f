"""Records survive as JSON exactly, or are refused with the place of what would be lost."""

from datetime import UTC, datetime

import numpy as np
import pytest

from aiops.store.documents import GUIDE_RUN, INCIDENT, RANKING
from aiops.types import (
    Anomaly,
    CausalEdge,
    Cause,
    Evidence,
    GuideRun,
    Incident,
    IncidentState,
    InvalidInput,
    MetricId,
    Outcome,
    Ranking,
    StepRun,
)

NOW = datetime(2026, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)


def guide_run(output):
    return GuideRun(
        "g",
        Outcome.SUCCEEDED,
        NOW,
        NOW,
        (StepRun("s", Outcome.SUCCEEDED, NOW, NOW, output=output),),
    )


def test_types_come_back_and_not_only_values():
    edge = CausalEdge(MetricId("db", "cpu"), MetricId("web", "latency"), 0.5, 10.0, "granger")
    back = RANKING.read(RANKING.write(Ranking(causes=(), edges=(edge,), onset=NOW), "r"))
    assert isinstance(back.edges[0].cause, MetricId)
    assert back.edges[0].cause.service == "db"
    assert isinstance(back.edges, tuple)
    assert back.onset == NOW
    assert back.onset.utcoffset().total_seconds() == 0
    run = GUIDE_RUN.read(GUIDE_RUN.write(guide_run({"a": 1}), "g"))
    assert run.outcome is Outcome.SUCCEEDED


def test_numbers_of_numpy_are_kept_as_numbers():
    ranking = Ranking(causes=(Cause("db", "cpu", np.float64(0.1)),))
    assert RANKING.read(RANKING.write(ranking, "r")) == ranking
    run = guide_run({"cpu": np.float64(0.1)})
    assert GUIDE_RUN.read(GUIDE_RUN.write(run, "g")) == run


def test_an_incident_leaves_out_what_lives_in_other_tables():
    text = INCIDENT.write(Incident("i", NOW, IncidentState.OPEN, "t"), "incident 'i'")
    assert "rankings" not in text
    assert "guide_runs" not in text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), np.nan])
def test_numbers_that_are_none_are_refused_with_their_place(number):
    anomaly = Anomaly("db", "cpu", NOW, NOW, number, "ewma")
    incident = Incident("i", NOW, IncidentState.OPEN, "t", anomalies=(anomaly,))
    with pytest.raises(InvalidInput, match=r"x\.anomalies\[0\]\.score is (nan|inf|-inf), which"):
        INCIDENT.write(incident, "x")
    ranking = Ranking(causes=(Cause("db", "cpu", 1.0, (Evidence("e", number),)),))
    with pytest.raises(InvalidInput, match=r"x\.causes\[0\]\.evidence\[0\]\.value is"):
        RANKING.write(ranking, "x")
    with pytest.raises(InvalidInput, match=r"x\.steps\[0\]\.output\.a\[1\]\.b is"):
        GUIDE_RUN.write(guide_run({"a": [0, {"b": number}]}), "x")


@pytest.mark.parametrize("value", [(1, 2), NOW, {1: 2}, {1, 2}, b"x"])
def test_values_that_would_come_back_as_others_are_refused(value):
    with pytest.raises(InvalidInput, match="x holds values that JSON does not give back"):
        GUIDE_RUN.write(guide_run({"a": value}), "x")


@pytest.mark.parametrize("value", [object(), "\ud800", np.int64(3)])
def test_values_that_json_cannot_hold_are_refused_in_one_line(value):
    with pytest.raises(InvalidInput, match="x cannot be kept as JSON") as error:
        GUIDE_RUN.write(guide_run({"a": value}), "x")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "causes", [[Cause("db", "cpu", 1.0)], (Cause("db", "cpu", "high"),), ("db",)]
)
def test_records_that_break_their_own_types_are_refused_in_one_line(causes):
    with pytest.raises(InvalidInput, match="x cannot be kept as JSON") as error:
        RANKING.write(Ranking(causes=causes), "x")
    assert "\n" not in str(error.value)
