"""The call graph as data: merged, and held against the services that have metrics."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.callgraph import CallGraph, Edge, Stranger, merged
from aiops.collectors.port import CallsSource

NAMES = st.sampled_from(["web", "cart", "stock", "mail"])
GRAPHS = st.lists(st.builds(Edge, NAMES, NAMES, st.sampled_from(["file", "metric"]))).map(
    lambda edges: CallGraph(tuple(edges))
)


@settings(deadline=None, max_examples=50)
@given(GRAPHS, GRAPHS)
def test_merging_forgets_no_edge_no_source_and_not_the_order(one, other):
    both = merged(one, other)
    assert both == merged(other, one)
    assert set(both.edges) == {*one.edges, *other.edges}
    assert len(both.edges) == len(set(both.edges))
    assert both.names == one.names | other.names
    assert sum(map(len, both.sources().values())) == len(both.edges)


@settings(deadline=None, max_examples=50)
@given(GRAPHS, st.sets(NAMES))
def test_coverage_missing_and_strangers_divide_the_names(graph, services):
    missing = graph.missing(services)
    strangers = {one.name for one in graph.strangers(services)}
    assert set(missing) == services - graph.names
    assert strangers == graph.names - services
    if services:
        assert round(graph.coverage(services) * len(services)) == len(services) - len(missing)


def test_a_call_that_was_seen_twice_is_one_call_with_two_sources():
    graph = CallGraph((Edge("web", "cart", "b"), Edge("web", "cart", "a")))
    assert graph.topology == (("web", "cart"),)
    assert graph.sources() == {("web", "cart"): ("a", "b")}


def test_notes_are_kept_once():
    assert merged(CallGraph(notes=("a", "b")), CallGraph(notes=("b",))).notes == ("a", "b")


def test_without_services_nothing_is_covered():
    assert CallGraph((Edge("web", "cart", "a"),)).coverage([]) == 0


def test_a_stranger_comes_with_the_service_that_is_written_like_it():
    graph = CallGraph((Edge("ingress", "chekout", "file"),))
    assert graph.strangers(["checkout", "web"]) == (
        Stranger("chekout", "checkout"),
        Stranger("ingress", None),
    )


def test_it_is_a_source_of_calls_as_the_port_says():
    assert isinstance(CallGraph(), CallsSource)
