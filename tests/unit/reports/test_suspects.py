import math

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.reports.suspects import MAX_SERIES_OF_FIRST, MAX_SERVICES, share, suspects
from aiops.types import Cause, Evidence, RootCause, ServiceScore


def test_services_come_best_first_with_series_and_evidence(make_investigation):
    first, second = suspects(make_investigation())
    assert (first.place, first.service, first.bar, first.blamed) == (1, "db", 100.0, True)
    assert (second.place, second.service, second.bar, second.blamed) == (2, "web", 25.0, False)
    (series,) = first.series
    (reason,) = series.reasons
    assert (series.metric, reason.text, reason.value) == (
        "cpu",
        "rose to 9 times its normal spread.",
        "9",
    )


def test_evidence_without_a_number_shows_none(make_investigation):
    assert suspects(make_investigation())[1].series[0].reasons[0].value == ""


def test_the_true_cause_is_marked(make_investigation):
    found = suspects(make_investigation(case={"root_cause": RootCause("web")}))
    assert [suspect.guilty for suspect in found] == [False, True]


def test_nobody_is_marked_as_blamed_when_the_ranker_abstains(make_investigation):
    found = suspects(make_investigation(ranking={"abstained": True}))
    assert not any(suspect.blamed for suspect in found)


def test_services_are_derived_where_only_series_are_ranked(make_investigation):
    found = suspects(make_investigation(ranking={"services": ()}))
    assert [(suspect.service, suspect.score) for suspect in found] == [
        ("db", "0.80"),
        ("web", "0.20"),
    ]


def test_long_rankings_are_cut(make_investigation):
    causes = tuple(Cause(f"s{n // 5}", f"m{n}", 1 / (n + 1)) for n in range(60))
    services = tuple(ServiceScore(f"s{n}", 1 / (n + 1)) for n in range(12))
    found = suspects(make_investigation(ranking={"causes": causes, "services": services}))
    assert len(found) == MAX_SERVICES
    assert [len(suspect.series) for suspect in found] == [MAX_SERIES_OF_FIRST, 1, 1, 1, 1]


def test_scores_that_are_no_numbers_draw_no_bar(make_investigation):
    services = (ServiceScore("db", math.inf), ServiceScore("web", math.nan))
    found = suspects(make_investigation(ranking={"services": services}))
    assert [suspect.bar for suspect in found] == [0.0, 0.0]


def test_evidence_numbers_that_are_no_numbers_are_said(make_investigation):
    causes = (Cause("db", "cpu", 1.0, (Evidence("odd", math.nan), Evidence("huge", math.inf))),)
    found = suspects(make_investigation(ranking={"causes": causes}))
    assert [reason.value for reason in found[0].series[0].reasons] == ["no value", "∞"]


@given(st.floats(), st.floats())
@settings(deadline=None, max_examples=100)
def test_a_share_is_always_between_0_and_100(score, best):
    assert 0 <= share(score, best) <= 100


def test_a_reason_carries_its_query_and_a_link_to_the_prometheus_of_the_case(make_investigation):
    cause = Cause("db", "cpu", 0.8, (Evidence("rose", 9.0, 'cpu{service="db"}'), Evidence("plain")))
    for system, linked in (("http://127.0.0.1:9090", True), ("shop", False)):
        found = suspects(make_investigation(ranking={"causes": (cause,)}, case={"system": system}))
        cited, plain = found[0].series[0].reasons
        assert cited.query == 'cpu{service="db"}'
        assert cited.link.startswith("http://127.0.0.1:9090/graph?g0.expr=cpu%7B") is linked
        assert (plain.query, plain.link) == ("", "")
