"""A window of which people know no more than when something was noticed."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from aiops import datasets
from aiops.pipeline.noticing import (
    NOTICED,
    investigate_noticed,
    noticed_at,
    strangest_symptom,
    with_notice,
)
from aiops.settings import Settings
from aiops.types import Case, Event, InvalidInput, MetricId, NotEnoughData

ROWS, ROW = 240, 180
INDEX = pd.date_range("2026-11-22 12:00", periods=ROWS, freq="15s", tz="UTC", unit="us")
ONSET = INDEX[ROW].to_pydatetime()
NOTICED_AT = ONSET + timedelta(minutes=3)
SERVICES = ("cart", "db", "web")
CALLS = (("web", "cart"), ("web", "db"))


def metrics(row=ROW, *, felt=True):
    """A system whose `db` is busy from `row` on, which its users feel or not."""
    noise = np.random.default_rng(7)
    columns = {}
    for name in SERVICES:
        columns[name, "latency_p95"] = noise.normal(0.2, 0.01, ROWS)
        columns[name, "error_ratio"] = np.abs(noise.normal(0, 0.0005, ROWS))
        columns[name, "cpu"] = noise.normal(1, 0.05, ROWS)
    columns["db", "cpu"][row:] *= 4
    if felt:
        columns["db", "latency_p95"][row:] *= 5
        columns["web", "latency_p95"][row:] *= 2
    frame = pd.DataFrame(columns, index=INDEX.rename("time"))
    return frame.rename_axis(columns=["service", "metric"]).sort_index(axis=1)


def case(**changes):
    facts = {"id": "c", "metrics": metrics(), "topology": CALLS}
    return Case(**(facts | changes))


def look(one, **options):
    return investigate_noticed(one, settings=Settings(), noticed=NOTICED_AT, **options)


class TestVerdict:
    def test_what_broke_near_the_moment_is_blamed(self):
        found = look(case())
        assert found.ranking.services[0].service == "db"
        assert not found.ranking.abstained
        assert abs(found.onset - ONSET) <= timedelta(seconds=30)
        assert {one.service for one in found.anomalies} == {"db", "web"}

    def test_without_a_symptom_nobody_is_blamed_and_what_changed_is_told(self):
        found = look(case(metrics=metrics(felt=False)))
        assert found.ranking.abstained
        assert "users feel" in found.ranking.reason
        assert found.ranking.causes[0].series == MetricId("db", "cpu")

    def test_what_broke_at_another_time_is_not_blamed_but_told(self):
        found = look(case(metrics=metrics(row=60)))
        assert found.ranking.abstained
        assert "12:15" in found.ranking.reason
        assert "look there" in found.ranking.reason

    def test_lines_cite_the_queries_of_the_case(self):
        queries = {MetricId(*name): f"q({'/'.join(name)})" for name in metrics().columns}
        ranking = look(case(queries=queries)).ranking
        lines = [line for cause in ranking.causes for line in cause.evidence]
        assert all(line.query for line in lines)
        assert ranking.causes[0].evidence[0].query == queries[ranking.causes[0].series]

    def test_a_trigger_goes_before_the_cases_own(self):
        own, given = MetricId("web", "latency_p95"), MetricId("db", "latency_p95")
        assert look(case(trigger=own)).case.trigger == own
        assert look(case(trigger=own), trigger=given).case.trigger == given

    def test_a_moment_outside_the_window_is_refused(self):
        late = INDEX[-1].to_pydatetime() + timedelta(hours=1)
        with pytest.raises(NotEnoughData, match="outside the metrics"):
            investigate_noticed(case(), settings=Settings(), noticed=late)


class TestNotice:
    def test_is_kept_in_the_case_and_comes_back_from_its_folder(self, tmp_path):
        kept = with_notice(case(trigger=MetricId("web", "cpu")), NOTICED_AT)
        read = datasets.load(datasets.save(kept, tmp_path / "c"))
        assert noticed_at(read) == NOTICED_AT
        assert read.events == kept.events
        assert read.events[0].service == "web"
        assert look(read).ranking == look(kept).ranking

    def test_there_is_one_and_events_stay_in_order(self):
        deploy = Event(ONSET, "deploy", "db", "v2")
        twice = with_notice(with_notice(case(events=(deploy,)), NOTICED_AT), INDEX[3])
        assert [event.kind for event in twice.events] == [NOTICED, "deploy"]
        assert noticed_at(twice) == INDEX[3]

    def test_a_labelled_case_has_none(self):
        assert noticed_at(case(inject_time=ONSET)) is None


class TestStrangestSymptom:
    def test_is_what_users_feel_most_not_what_moved_most(self):
        wild = metrics()
        wild.loc[wild.index >= ONSET, ("db", "cpu")] = 900.0
        assert strangest_symptom(wild, "db", NOTICED_AT) == ("db", "latency_p95")

    def test_a_service_without_symptoms_gives_what_it_has(self):
        plain = metrics().drop(columns=[("db", "latency_p95"), ("db", "error_ratio")])
        assert strangest_symptom(plain, "db", NOTICED_AT) == ("db", "cpu")

    def test_an_unknown_service_is_answered_with_the_nearest(self):
        with pytest.raises(InvalidInput, match="'crat'; the nearest is 'cart'"):
            strangest_symptom(metrics(), "crat", NOTICED_AT)
