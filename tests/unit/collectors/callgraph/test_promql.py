"""Calls that metrics name, asked of a real Prometheus."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.clients.prometheus import PrometheusClient
from aiops.collectors.callgraph import collect_calls, detect, from_promql
from aiops.errors import InvalidInput
from aiops.settings import Calls, LabelRule, Labels, Settings
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = needs_prometheus

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = START + timedelta(hours=1)
EARLY, LATE = (START, START + timedelta(minutes=20)), (END - timedelta(minutes=20), END)
SERVICES = ("web", "cart", "stock", "mail", "old")


def series(name, during=(START, END), **labels):
    first, last = (int(moment.timestamp() * 1000) for moment in during)
    times = np.arange(first - 60_000, last + 1, 60_000, dtype=np.int64)
    return {"__name__": name, **labels}, times, np.ones(len(times))


def mesh(caller, callee, **labels):
    return series(
        "istio_requests_total", source_workload=caller, destination_workload=callee, **labels
    )


WRITTEN = [
    mesh("web", "cart", reporter="source"),
    mesh("web", "cart", reporter="destination"),
    mesh("unknown", "web"),
    mesh("web", "web"),
    series("response_total", direction="outbound", deployment="cart", dst_deployment="stock"),
    series("response_total", direction="inbound", deployment="cart", dst_deployment="mail"),
    series("traces_service_graph_request_total", client="web", server="postgres"),
    mesh("pay", "bank", source_workload_namespace="a", destination_workload_namespace="b"),
    series("pay_calls_total", service="pay", namespace="b", callee="bank"),
    series("shop_calls_total", service="web", callee="mail", code="200"),
    series("shop_calls_total", service="web", callee="elsewhere", code="200"),
    series("shop_seconds_bucket", service="stock", callee="mail", le="1"),
    series("shop_seconds_count", app="stock", callee="cart"),
    series("mine", client="web", server="cart"),
    series("mine", EARLY, client="old", server="cart"),
    series("mine", LATE, client="web", server="stock"),
    series("mine", client="web"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with (
        prometheus_server(tmp_path_factory.mktemp("prometheus")) as server,
        PrometheusClient(server.url) as client,
    ):
        server.write(WRITTEN)
        yield client


def test_well_known_metrics_are_found_without_being_told(client):
    assert detect(client, END).sources() == {
        ("web", "cart"): ("metric istio_requests_total",),
        ("cart", "stock"): ("metric response_total",),
        ("pay", "bank"): ("metric istio_requests_total",),
        ("web", "postgres"): ("metric traces_service_graph_request_total",),
    }


def test_a_clients_own_counter_counts_where_both_ends_are_services(client):
    graph = detect(client, END, services=SERVICES)
    assert graph.sources().items() >= {
        (("web", "mail"), ("metric shop_calls_total, label callee",)),
        (("stock", "cart"), ("metric shop_seconds_count, label callee",)),
    }
    assert ("web", "elsewhere") not in graph.topology
    assert ("stock", "mail") not in graph.topology, "a bucket is not asked for"


def test_services_of_one_name_are_told_apart_by_their_namespace(client):
    graph = detect(client, END, services=("pay.a", "pay.b", "bank.a", "bank.b"))
    assert {("pay.a", "bank.b"), ("pay.b", "bank.b")} <= set(graph.topology)


def test_whose_a_series_is_follows_the_rules_of_the_settings(client):
    rule = LabelRule(match="shop_seconds", service="app", pattern="sto(c)k")
    labels = Labels(service=("service",), rules=(rule,))
    graph = detect(client, END, services=(*SERVICES, "c"), labels=labels)
    assert {("web", "mail"), ("c", "cart")} <= set(graph.topology)
    assert ("stock", "cart") not in graph.topology


def test_detection_asks_one_query_at_each_end_of_the_window(client, monkeypatch):
    asked = []
    query = client.query
    monkeypatch.setattr(client, "query", lambda *words: asked.append(words) or query(*words))
    detect(client, END, services=SERVICES)
    assert [at for _, at in asked] == [START, END]
    assert len({query for query, _ in asked}) == 1


def test_a_query_names_the_calls_of_the_whole_window(client):
    graph = from_promql(client, Calls(query="mine"), END)
    assert graph.topology == (("old", "cart"), ("web", "cart"), ("web", "stock"))
    assert {edge.source for edge in graph.edges} == {"query mine"}
    later = from_promql(client, Calls(query="mine"), END, 600)
    assert later.topology == (("web", "cart"), ("web", "stock"))


def test_a_query_without_a_result_is_a_note(client):
    graph = from_promql(client, Calls(query="nothing_like_it"), END)
    assert (graph.edges, graph.notes) == (
        (),
        ("the query for calls has no result: nothing_like_it",),
    )


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (Calls(query="sum by (client, server) ("), "parse error"),
        (
            Calls(query="sum by (client, server) (mine)", caller="source"),
            "both labels 'source' and 'server'; its labels are: client, server",
        ),
    ],
)
def test_a_query_that_names_no_calls_is_refused(client, calls, words):
    with pytest.raises(InvalidInput) as refusal:
        from_promql(client, calls, END)
    assert words in str(refusal.value)


def test_what_the_settings_name_is_merged_and_nothing_else_is_searched(client, tmp_path):
    (tmp_path / "calls.csv").write_text("caller,callee\nweb,cart\nweb,bank\n")
    calls = Calls(query="mine", file=tmp_path / "calls.csv")
    graph = collect_calls(client, Settings(calls=calls), END, services=SERVICES)
    assert graph.topology == (("old", "cart"), ("web", "bank"), ("web", "cart"), ("web", "stock"))
    assert len(graph.sources()["web", "cart"]) == 2


def test_where_the_settings_name_nothing_the_metrics_are_searched(client):
    graph = collect_calls(client, Settings(), END, services=SERVICES)
    assert {("web", "cart"), ("web", "mail"), ("stock", "cart")} <= set(graph.topology)
