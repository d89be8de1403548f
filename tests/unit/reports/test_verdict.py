import pytest

from aiops.reports.verdict import gauge, ranked_services, truth, verdict
from aiops.types import Cause, Evidence, Ranking, RootCause, ServiceScore


def test_the_blamed_service_and_its_first_evidence_make_a_sentence(make_ranking):
    assert verdict(make_ranking()).sentence == (
        "db is most likely to blame (confidence 0.71): cpu rose to 9 times its normal spread"
    )


def test_without_evidence_the_sentence_ends_at_the_confidence(make_ranking):
    ranking = make_ranking(causes=(Cause("db", "cpu", 1.0),))
    assert verdict(ranking).sentence == "db is most likely to blame (confidence 0.71)"


def test_the_evidence_is_that_of_the_blamed_service_even_if_another_series_leads(make_ranking):
    ranking = make_ranking(services=(ServiceScore("web", 0.6), ServiceScore("db", 0.4)))
    assert verdict(ranking).sentence == (
        "web is most likely to blame (confidence 0.71): latency_seconds followed"
    )


def test_an_abstaining_ranker_blames_nobody(make_ranking):
    said = verdict(make_ranking(abstained=True, confidence=0.12))
    assert said.blamed is None
    assert said.sentence.startswith("Nobody is blamed: ")
    assert "by chance" in said.sentence


def test_an_empty_ranking_blames_nobody(make_ranking):
    said = verdict(make_ranking(causes=(), services=()))
    assert said.sentence == "Nobody is blamed: the ranker found no candidate"


def test_services_follow_from_the_series_where_none_are_given(make_ranking):
    assert ranked_services(make_ranking(services=())) == ["db", "web"]


@pytest.mark.parametrize(
    ("service", "abstained", "mark", "text"),
    [
        ("db", False, "right", "db was the true cause (cpu)"),
        ("web", False, "wrong", "the true cause was web (cpu), ranked 2nd of 2"),
        ("cart", False, "wrong", "the true cause was cart (cpu), which the ranking left out"),
        ("db", True, "abstained", "the true cause was db (cpu), ranked 1st of 2"),
    ],
)
def test_the_verdict_is_marked_against_the_truth(
    make_investigation, service, abstained, mark, text
):
    found = truth(
        make_investigation(
            case={"root_cause": RootCause(service)}, ranking={"abstained": abstained}
        )
    )
    assert found is not None
    assert (found.mark, found.text) == (mark, text)


@pytest.mark.parametrize(("abstained", "mark"), [(True, "right"), (False, "wrong")])
@pytest.mark.parametrize("fault", [None, "none"])
def test_in_a_healthy_window_only_abstaining_is_right(make_investigation, abstained, mark, fault):
    found = truth(
        make_investigation(
            case={"root_cause": None, "fault": fault}, ranking={"abstained": abstained}
        )
    )
    assert found is not None
    assert found.mark == mark


@pytest.mark.parametrize("unknown", [{"inject_time": None}, {"fault": "latency"}])
def test_an_unlabelled_case_has_no_truth(make_investigation, unknown):
    assert truth(make_investigation(case={"root_cause": None, **unknown})) is None


@pytest.mark.parametrize(
    ("confidence", "needle"), [(0.0, 0), (0.5, 50), (1.0, 100), (7.0, 100), (-1.0, 0)]
)
def test_the_needle_stays_on_the_gauge(confidence, needle):
    assert gauge(confidence).needle == needle


def test_a_confidence_that_is_no_number_counts_as_none(make_ranking):
    assert verdict(make_ranking(confidence=float("nan"))).confidence == 0


def test_a_series_about_calls_speaks_against_the_callee(make_ranking):
    seen_from_web = Cause("web", "edge_to_db_p50", 0.9, (Evidence("rose"),), callee="db")
    own = Cause("db", "memory", 0.1, (Evidence("fell"),))
    ranking = make_ranking(causes=(seen_from_web, own), services=(ServiceScore("db", 1.0),))
    assert verdict(ranking).sentence.endswith(": web/edge_to_db_p50 rose")


def test_the_reason_of_the_ranking_is_told_where_nobody_is_blamed():
    ranking = Ranking(
        causes=(), services=(ServiceScore("db", 1.0),), abstained=True, reason="users felt nothing"
    )
    assert verdict(ranking).sentence == "Nobody is blamed: users felt nothing"
