"""The operate loop as pure functions: what is strange since a moment, who is to blame, an incident."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from aiops import pipeline
from aiops.settings import Detection, Ranking, Settings
from aiops.types import (
    Anomaly,
    Case,
    Cause,
    IncidentState,
    InvalidMetrics,
    MetricId,
    NotEnoughData,
    RootCause,
    ServiceScore,
)
from aiops.types import Ranking as Verdict
from detectors import RobustZ, Threshold

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEFAULTS = Settings()
CPU, SLOW, LATENCY = map(MetricId.parse, ("db/cpu", "db/latency", "web/latency"))


def minute(count):
    return START + timedelta(minutes=count)


def frame(values):
    """Rows a minute apart; one column per series."""
    index = pd.date_range(START, periods=len(next(iter(values.values()))), freq="60s", unit="us")
    table = pd.DataFrame(values, index=index, dtype="float64")
    return table.rename_axis(columns=["service", "metric"])


def zigzag(rows, broken=None, by=20.0):
    """0, 1, 0, 1, … and `by` higher from row `broken` on."""
    values = np.arange(rows) % 2.0
    if broken is not None:
        values[broken:] += by
    return values


def detect(metrics, calm_until, **decision):
    settings = Settings(detection=Detection(**decision))
    return pipeline.detect(metrics, calm_until=calm_until, settings=settings)


class TestDetect:
    def test_finds_what_left_its_usual_range_and_when(self):
        metrics = frame({CPU: zigzag(30, broken=22), LATENCY: zigzag(30)})
        [found] = detect(metrics, minute(20))
        assert found.series == CPU
        assert (found.start, found.end) == (minute(22), minute(29))
        assert found.detector == pipeline.DETECTOR
        assert found.score > 6

    def test_a_calm_window_holds_nothing(self):
        assert detect(frame({CPU: zigzag(30), LATENCY: zigzag(30)}), minute(20)) == ()

    def test_what_was_strange_before_is_not_looked_for(self):
        values = zigzag(40)
        values[5:8] += 50
        assert detect(frame({CPU: values}), minute(20)) == ()

    def test_only_the_rows_before_say_what_is_normal(self):
        metrics = frame({CPU: zigzag(60, broken=20)})
        [found] = detect(metrics, minute(20))
        assert (found.start, found.end) == (minute(20), minute(59))

    @pytest.mark.parametrize("moment", [minute(20), minute(19) + timedelta(seconds=1)])
    def test_the_moment_itself_is_looked_at(self, moment):
        [found] = detect(frame({CPU: zigzag(24, broken=20)}), moment)
        assert found.start == minute(20)

    @pytest.mark.parametrize("rows", [1, 2])
    def test_a_window_that_has_only_begun(self, rows):
        metrics = frame({CPU: zigzag(20 + rows, broken=20)})
        assert len(detect(metrics, minute(20), min_points=rows)) == 1

    def test_nothing_has_come_in_since(self):
        assert detect(frame({CPU: zigzag(20)}), minute(20)) == ()

    def test_a_calm_in_which_nothing_moved(self):
        [found] = detect(frame({CPU: np.where(np.arange(30) < 20, 4.0, 5.0)}), minute(20))
        assert found.start == minute(20)

    def test_a_breakdown_after_which_nothing_moves(self):
        metrics = frame({CPU: np.where(np.arange(30) < 20, zigzag(30), 9.0)})
        [found] = detect(metrics, minute(20))
        assert (found.start, found.end) == (minute(20), minute(29))

    def test_the_settings_decide(self):
        metrics = frame({CPU: zigzag(30, broken=27)})
        [found] = detect(metrics, minute(20), min_points=3)
        assert detect(metrics, minute(20), min_points=4) == ()
        assert detect(metrics, minute(20), min_points=1, level=found.score + 1) == ()
        assert len(detect(metrics, minute(20), min_points=1, level=found.score)) == 1

    def test_release_keeps_an_anomaly_open(self):
        values = zigzag(40, broken=20)
        values[25] = 9.0
        assert len(detect(frame({CPU: values}), minute(20), level=20.0, release=0.5)) == 1
        assert len(detect(frame({CPU: values}), minute(20), level=20.0, release=1.0)) == 2

    @run_with(deadline=None, max_examples=30)
    @given(st.integers(3, 37), st.integers(0, 2**32))
    def test_is_the_detector_fitted_on_one_part_and_asked_about_the_other(self, calm, seed):
        values = np.random.default_rng(seed).normal(size=(40, 2))
        values[:, 1] = np.where(np.arange(40) < 30, values[:, 1], 30.0)
        metrics = frame({CPU: values[:, 0], LATENCY: values[:, 1]})
        scores = RobustZ().fit(metrics[:calm]).anomaly_score(metrics[calm:])
        expected = Threshold(level=3.0, min_points=1).decide(scores, detector=pipeline.DETECTOR)
        assert detect(metrics, minute(calm), level=3.0, min_points=1) == expected

    @pytest.mark.parametrize("calm", [0, 2])
    def test_too_little_to_know_what_is_normal(self, calm):
        with pytest.raises(NotEnoughData, match=rf"{calm} rows before 2026-.* give at least 3"):
            detect(frame({CPU: zigzag(30)}), minute(calm))

    def test_the_fewest_rows_that_say_what_is_normal(self):
        assert len(detect(frame({CPU: zigzag(30, broken=3)}), minute(3))) == 1

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda metrics: metrics.tz_localize(None),
            lambda metrics: metrics[::-1],
            lambda metrics: metrics.astype("float32"),
            lambda metrics: metrics.iloc[:2],
        ],
    )
    def test_an_illegal_frame(self, spoil):
        with pytest.raises(InvalidMetrics):
            detect(spoil(frame({CPU: zigzag(30)})), minute(20))


@dataclass
class Asked:
    """A ranker that remembers what it was asked and answers as it was told."""

    answer: Verdict
    questions: list[dict[str, Any]] = field(default_factory=list)

    def rank(self, metrics, *, onset=None, trigger=None, topology=()):
        asked = {"metrics": metrics, "onset": onset, "trigger": trigger, "topology": topology}
        self.questions.append(asked)
        return replace(self.answer, onset=self.answer.onset or onset)


CASE = Case(
    id="c",
    metrics=frame({SLOW: zigzag(40, broken=30, by=60.0), LATENCY: zigzag(40, broken=32, by=8.0)}),
    topology=(("web", "db"),),
    trigger=LATENCY,
    inject_time=minute(5),
    root_cause=RootCause("db"),
)
SILENT = Verdict(causes=())


class TestInvestigate:
    def test_the_ranker_sees_the_case_but_never_its_label(self):
        ranker = Asked(SILENT)
        pipeline.investigate(CASE, settings=DEFAULTS, ranker=ranker)
        [asked] = ranker.questions
        assert asked["metrics"] is CASE.metrics
        assert asked["trigger"] == LATENCY
        assert asked["topology"] == (("web", "db"),)
        assert asked["onset"] is None

    def test_an_onset_and_a_trigger_of_the_callers_choice(self):
        ranker = Asked(SILENT)
        found = pipeline.investigate(
            CASE, settings=DEFAULTS, ranker=ranker, onset=minute(30), trigger=CPU
        )
        assert ranker.questions[0]["onset"] == minute(30)
        assert ranker.questions[0]["trigger"] == CPU
        assert found.case.trigger == CPU
        assert found.case.metrics is CASE.metrics
        assert found.onset == minute(30)

    def test_anomalies_are_looked_for_from_where_the_ranker_judged(self):
        ranker = Asked(replace(SILENT, onset=minute(31)))
        found = pipeline.investigate(CASE, settings=DEFAULTS, ranker=ranker, onset=minute(20))
        assert found.onset == minute(31)
        assert [one.start for one in found.anomalies] == [minute(31), minute(32)]

    def test_a_ranker_without_an_onset_leaves_no_anomalies(self):
        found = pipeline.investigate(CASE, settings=DEFAULTS, ranker=Asked(SILENT))
        assert (found.onset, found.anomalies) == (None, ())
        assert found.ranking == SILENT

    def test_the_default_ranker_finds_the_onset_and_the_cause(self):
        found = pipeline.investigate(CASE, settings=DEFAULTS)
        assert found.onset == minute(30)
        assert found.ranking.services[0].service == "db"
        assert {one.series for one in found.anomalies} == {SLOW, LATENCY}

    def test_a_healthy_window_blames_nobody(self):
        noise = np.random.default_rng(2)
        calm = frame({CPU: noise.normal(size=60), LATENCY: noise.normal(size=60)})
        case = Case(id="healthy", metrics=calm, inject_time=minute(45))
        found = pipeline.investigate(case, settings=DEFAULTS, onset=minute(45))
        assert found.ranking.abstained
        assert found.anomalies == ()

    def test_an_onset_outside_the_window(self):
        with pytest.raises(NotEnoughData, match="outside the metrics"):
            pipeline.investigate(CASE, settings=DEFAULTS, onset=minute(400))

    def test_the_case_is_left_as_it_was(self):
        before = CASE.metrics.copy(deep=True)
        pipeline.investigate(CASE, settings=DEFAULTS, onset=minute(30))
        pd.testing.assert_frame_equal(CASE.metrics, before)


def test_the_settings_describe_the_default_ranker():
    chosen = Ranking(alpha=0.5, trigger_focus=0.1, abstain_above=0.2)
    ranker = pipeline.default_ranker(Settings(ranking=chosen))
    assert (ranker.alpha, ranker.trigger_focus, ranker.abstain_above) == (0.5, 0.1, 0.2)


class TestOpenIncident:
    def anomaly(self, series, start=30):
        return Anomaly(*series, minute(start), minute(39), 9.0, "robust_z")

    def test_holds_what_was_seen_and_who_was_blamed(self):
        anomalies = (self.anomaly(CPU), self.anomaly(LATENCY, 32))
        ranking = Verdict(
            causes=(Cause("db", "cpu", 1.0),), services=(ServiceScore("db", 1.0),), confidence=0.5
        )
        incident = pipeline.open_incident("i-1", anomalies, ranking, opened=minute(33))
        assert incident.id == "i-1"
        assert incident.opened == minute(33)
        assert incident.state is IncidentState.OPEN
        assert incident.anomalies == anomalies
        assert incident.rankings == (ranking,)
        assert incident.guide_runs == ()
        assert incident.chaos_run is None

    @pytest.mark.parametrize(
        ("series", "title"),
        [
            ([CPU], "db/cpu is abnormal"),
            ([CPU, MetricId("db", "memory")], "db/cpu is abnormal"),
            ([CPU, LATENCY], "db/cpu is abnormal (db and 1 more)"),
            ([LATENCY, CPU, CPU, MetricId("x", "y")], "web/latency is abnormal (web and 2 more)"),
        ],
    )
    def test_the_title_names_the_first_and_counts_the_services(self, series, title):
        anomalies = tuple(self.anomaly(one) for one in series)
        incident = pipeline.open_incident("i-1", anomalies, SILENT, opened=minute(33))
        assert incident.title == title
