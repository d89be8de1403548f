"""Incidents come back equal, history is never rewritten, and readers never wait."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.store import Store
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
    Place,
    Ranking,
    ServiceScore,
    StepRun,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAUSES = (Cause("db", "cpu", 0.7), Cause("web", "latency", 0.3))
FIRST = Ranking(CAUSES, (ServiceScore("db", 0.7), ServiceScore("web", 0.3)), confidence=0.8)
UNSURE = Ranking(CAUSES, abstained=True)
RUN = GuideRun("Service degraded", Outcome.REFUSED, NOW, NOW)


def incident(number=1, **fields):
    opened = fields.pop("opened", NOW + timedelta(minutes=number))
    return Incident(f"i-{number}", opened, IncidentState.OPEN, "cart is slow", **fields)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "aiops.db"


@pytest.fixture
def store(path):
    with Store(path) as store:
        yield store


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_an_incident_comes_back_after_the_store_was_closed(path):
    kept = incident(rankings=(FIRST, UNSURE), guide_runs=(RUN,), chaos_run="c-1")
    with Store(path) as store:
        store.save(kept)
    with Store(f"sqlite:///{path}") as store:
        assert store.incident("i-1") == kept


def test_columns_beside_the_documents_can_be_queried(store, path):
    fields = {"chaos_run": "c-1", "acknowledged_by": "ada"}
    store.save(incident(rankings=(FIRST, UNSURE), guide_runs=(RUN,), **fields))
    found = rows(path, "SELECT id, opened, state, title, chaos_run, acknowledged_by FROM incidents")
    opened = "2026-01-01T00:01:00.000000+00:00"
    assert found == [("i-1", opened, "open", "cart is slow", "c-1", "ada")]
    found = rows(path, "SELECT version, blamed, confidence, abstained FROM rankings")
    assert found == [(1, "db", 0.8, 0), (2, None, 0.0, 1)]
    found = rows(path, "SELECT number, guide, outcome FROM guide_runs")
    assert found == [(1, "Service degraded", "refused")]


def test_a_ranking_of_series_alone_blames_the_service_of_its_first(store, path):
    store.save(incident(rankings=(Ranking(CAUSES), Ranking(()))))
    assert rows(path, "SELECT blamed FROM rankings") == [("db",), (None,)]


def test_nothing_is_kept_twice_as_a_document(store, path):
    store.save(incident(rankings=(FIRST,), guide_runs=(RUN,)))
    [(document,)] = rows(path, "SELECT document FROM incidents")
    assert json.loads(document).keys().isdisjoint({"rankings", "guide_runs"})


def test_saving_again_updates_the_incident_and_appends_to_its_history(store):
    store.save(incident(rankings=(FIRST,)))
    later = incident(rankings=(FIRST, UNSURE), guide_runs=(RUN,), acknowledged_by="ada")
    later = replace(later, state=IncidentState.MITIGATED, title="cart was slow")
    for _ in range(2):
        store.save(later)
        assert store.incidents() == [later]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("ranking 1", {"rankings": (replace(FIRST, confidence=0.9), UNSURE)}),
        ("ranking 1", {"rankings": (UNSURE, FIRST)}),
        ("ranking 2", {"rankings": (FIRST,)}),
        ("ranking 1", {"rankings": ()}),
        ("guide run 1", {"guide_runs": (replace(RUN, outcome=Outcome.SUCCEEDED),)}),
        ("guide run 1", {"guide_runs": ()}),
    ],
)
def test_history_is_never_rewritten(store, name, changed):
    kept = incident(rankings=(FIRST, UNSURE), guide_runs=(RUN,))
    store.save(kept)
    with pytest.raises(InvalidInput, match=f"{name} of incident 'i-1' is kept and differs"):
        store.save(replace(kept, title="other", **changed))
    assert store.incident("i-1") == kept


def test_an_incident_is_kept_whole_or_not_at_all(store):
    broken = replace(FIRST, confidence=float("nan"))
    with pytest.raises(InvalidInput, match=r"ranking 2 of incident 'i-1'\.confidence is nan"):
        store.save(incident(rankings=(FIRST, broken)))
    assert store.incidents() == []


def test_opened_needs_a_time_zone(store):
    with pytest.raises(InvalidInput, match="opened has no time zone"):
        store.save(incident(opened=datetime(2026, 1, 1)))  # noqa: DTZ001  that is the mistake


def test_the_newest_come_first_whatever_their_time_zone(store):
    east = timezone(timedelta(hours=5))
    first = incident(1, opened=datetime(2026, 1, 1, 4, 0, tzinfo=east))
    second = incident(2, opened=datetime(2026, 1, 1, 0, 0, tzinfo=UTC))
    third = incident(3, opened=datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
    for each in (second, third, first):
        store.save(each)
    assert store.incidents() == [third, second, first]
    assert store.incidents(limit=2) == [third, second]


def test_each_incident_gets_its_own_history(store):
    kept = [incident(n, rankings=(FIRST, UNSURE)[: n % 3], guide_runs=(RUN,) * n) for n in range(4)]
    for each in kept:
        store.save(each)
    assert store.incidents() == kept[::-1]


def test_a_limit_below_one_is_refused(store):
    with pytest.raises(InvalidInput, match="a limit of 0 incidents shows nothing"):
        store.incidents(limit=0)


def test_an_unknown_id_comes_with_the_nearest(store):
    with pytest.raises(InvalidInput, match="no incident has the id 'i-7'; the store is empty"):
        store.incident("i-7")
    store.save(incident(1))
    store.save(incident(77))
    for ask in (store.incident, store.places, lambda name: store.add_places(name, [])):
        with pytest.raises(InvalidInput, match="no incident has the id 'i-7'; did you mean 'i-77'"):
            ask("i-7")


def test_places_come_back_by_run_and_ranker(store):
    store.save(incident(1))
    store.save(incident(2))
    places = [
        Place("r1", "a", 1.5, 9, "db"),
        Place("r1", "b", None, 9, None),
        Place("r2", "a", 2.0, 9, "x"),
    ]
    store.add_places("i-1", places[::-1])
    assert store.places("i-1") == places
    assert store.places("i-2") == []


def test_a_place_may_be_told_twice_but_not_changed(store):
    place = Place("r", "a", 1.0, 9, "db")
    store.save(incident())
    for places in ([place], [place], [place, place]):
        store.add_places("i-1", places)
    other = Place("r", "b", 1.0, 9, "db")
    with pytest.raises(InvalidInput, match="'a' in run 'r' already has another place"):
        store.add_places("i-1", [other, replace(place, place=2.0)])
    assert store.places("i-1") == [place]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_place_is_a_number_or_none(store, number):
    store.save(incident())
    with pytest.raises(InvalidInput, match=r"the place of 'a' in run 'r' is (nan|inf); use None"):
        store.add_places("i-1", [Place("r", "a", number, 9, "db")])


def test_another_process_reads_while_one_writes(store, path):
    store.save(incident(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE incidents SET state = 'resolved'")
        writer.execute("DELETE FROM incidents")
        with Store(path) as reader:
            assert reader.incidents() == [incident(1)]
            assert reader.incident("i-1") == incident(1)
        writer.execute("ROLLBACK")
    with Store(path) as reader:
        store.save(incident(2))
        assert reader.incidents() == [incident(2), incident(1)]


def test_a_store_that_may_only_be_read_is_read(store, path):
    store.save(incident())
    with Store(f"sqlite:///file:{path}?mode=ro&uri=true") as reader:
        assert reader.incidents() == [incident()]
        with pytest.raises(InvalidInput, match="may only be read"):
            reader.save(incident(2))


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_text("no database " * 100)
    with pytest.raises(InvalidInput, match="is not an SQLite database"):
        Store(path)
    assert path.read_text() == "no database " * 100


def records():
    """Return a strategy for incidents with everything in them that JSON could spoil."""
    when = st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2))  # noqa: DTZ001  naive by contract
    score = st.floats(allow_nan=False, allow_infinity=False)
    words = st.text(max_size=8)
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | score | words,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
        max_leaves=4,
    )
    evidence = st.builds(Evidence, words, st.none() | score)
    cause = st.builds(Cause, words, words, score, some(evidence))
    series = st.builds(MetricId, words, words)
    ranking = st.builds(
        Ranking,
        causes=some(cause),
        edges=some(st.builds(CausalEdge, series, series, score, score, words)),
        services=some(st.builds(ServiceScore, words, score)),
        confidence=st.floats(0, 1),
        onset=st.none() | when,
    )
    output = st.dictionaries(words, json_values, max_size=2)
    step = st.builds(
        StepRun, words, st.sampled_from(Outcome), when, when, words, output, st.none() | words
    )
    return st.builds(
        Incident,
        words,
        when,
        st.sampled_from(IncidentState),
        words,
        anomalies=some(st.builds(Anomaly, words, words, when, when, score, words)),
        rankings=some(ranking),
        guide_runs=some(
            st.builds(GuideRun, words, st.sampled_from(Outcome), when, when, some(step))
        ),
        chaos_run=st.none() | words,
        acknowledged_by=st.none() | words,
    )


def some(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


@settings(deadline=None, max_examples=30)
@given(kept=st.lists(records(), max_size=3, unique_by=lambda each: each.id))
def test_what_is_saved_comes_back_equal(tmp_path_factory, kept):
    with Store(tmp_path_factory.mktemp("store") / "aiops.db") as store:
        for each in kept:
            store.save(each)
        assert [store.incident(each.id) for each in kept] == kept
        newest = sorted(kept, key=lambda each: (each.opened, each.id), reverse=True)
        assert store.incidents() == newest
