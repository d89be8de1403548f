"""Every line of evidence with the PromQL behind it."""

import pytest

from aiops.pipeline.citing import both, cite
from aiops.types import CausalEdge, Cause, Evidence, MetricId, Ranking

DB, WEB = MetricId("db", "cpu"), MetricId("web", "latency_p95")
QUERIES = {DB: 'sum(rate(cpu{service="db"}[1m]))', WEB: "max(latency)"}


def ranking(*lines, series=DB, edges=()):
    return Ranking(causes=(Cause(*series, 1.0, tuple(lines)),), edges=tuple(edges))


def queries_of(cited):
    return [line.query for cause in cited.causes for line in cause.evidence]


def test_what_a_line_says_of_its_series_is_cited_by_the_query_of_that_series():
    lines = Evidence("rose from 1 to 9", 8.0), Evidence("it measures calls to web")
    assert queries_of(cite(ranking(*lines), QUERIES)) == [QUERIES[DB]] * 2


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("granger", "its past predicts web/latency_p95 15 s later"),
        ("topology", "web calls it and is strange too"),
    ],
)
def test_what_a_line_says_of_two_series_is_cited_by_both(source, text):
    edge = CausalEdge(DB, WEB, 0.4, 15.0, source)
    plain, following = Evidence("rose", 3.0), Evidence(text, 0.4)
    first, second = queries_of(cite(ranking(plain, following, edges=[edge]), QUERIES))
    assert first == QUERIES[DB]
    assert second == both(DB, WEB, QUERIES)
    assert QUERIES[DB] in second
    assert QUERIES[WEB] in second


def test_an_edge_of_the_same_weight_to_another_service_is_not_taken_for_it():
    edges = [CausalEdge(DB, MetricId(name, "cpu"), 0.4, 0.0, "topology") for name in ("a1", "web")]
    known = {**QUERIES, MetricId("web", "cpu"): "w", MetricId("a1", "cpu"): "a"}
    [query] = queries_of(
        cite(ranking(Evidence("web calls it and is strange too", 0.4), edges=edges), known)
    )
    assert "web/cpu" in query


@pytest.mark.parametrize(
    ("text", "service", "metric"),
    [
        ("its past predicts web/latency_p95 15 s later", "web", "latency_p95"),
        ("its past predicts web-2/cpu 15 s later", "web-2", "cpu"),
        ("web-2 calls it and is strange too", "web-2", "cpu"),
        ("web calls it and is strange too", "web", "cpu"),
    ],
)
def test_of_edges_of_one_weight_the_one_that_is_named_is_taken(text, service, metric):
    others = [("web", "cpu"), ("web", "latency"), ("web", "latency_p95"), ("web-2", "cpu")]
    edges = [CausalEdge(DB, MetricId(*name), 1.0, 15.0, "granger") for name in others]
    known = {DB: "db", **{MetricId(*name): "/".join(name) for name in others}}
    [query] = queries_of(cite(ranking(Evidence(text, 1.0), edges=edges), known))
    assert query == both(DB, MetricId(service, metric), known)


def test_a_series_from_elsewhere_has_no_query_and_neither_has_a_pair_with_it():
    log = MetricId("db", "log_error_rate")
    edge = CausalEdge(DB, log, 0.4, 0.0, "granger")
    lines = Evidence("rose", 3.0), Evidence(f"its past predicts {log}", 0.4)
    assert queries_of(cite(ranking(*lines, series=log), QUERIES)) == ["", ""]
    assert queries_of(cite(ranking(*lines, edges=[edge]), QUERIES)) == [QUERIES[DB], ""]


def test_a_line_that_cites_already_keeps_its_query():
    assert queries_of(cite(ranking(Evidence("rose", 1.0, "own")), QUERIES)) == ["own"]


def test_without_queries_the_ranking_stays_as_it_is():
    plain = ranking(Evidence("rose", 1.0))
    assert cite(plain, {}) is plain


def test_names_that_promql_would_read_are_escaped():
    odd = MetricId('a"b\\c$1\n', "cpu")
    query = both(odd, WEB, {**QUERIES, odd: "x"})
    assert r'"aiops_column", "a\"b\\c$$1\n/cpu", "", ""' in query
