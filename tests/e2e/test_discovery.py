"""Discovery against a real Prometheus: whose a series is, what the columns are, what they cost.

The law behind it all: what Python says of a series' labels, what one query says of everyone, and
what the query of one service says are the same numbers.
"""

import itertools
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import Metadata, PrometheusClient
from aiops.collectors.discovered import DiscoveredCollector
from aiops.collectors.inventory.families import display_name
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.inventory.taking import Inventory, take_inventory
from aiops.collectors.kinds import SignalKind
from aiops.collectors.labels.scope import Scope, Selection
from aiops.collectors.labels.subjects import subject_of
from aiops.collectors.pull.pulling import pull
from aiops.collectors.signals.planning import golden, plan_signals
from aiops.settings import LabelRule, Labels, Settings
from aiops.types import MetricId, check_metrics
from tests.prometheus_server import HOST, free_port, needs_prometheus, prometheus_server

pytestmark = [pytest.mark.slow, needs_prometheus]

SCRAPE_S = 15
POINTS = 121
END = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = END - timedelta(seconds=(POINTS - 1) * SCRAPE_S)
TIMES = int(START.timestamp() * 1000) + 1000 * SCRAPE_S * np.arange(POINTS)
SHOP = Path(__file__).parents[2] / "examples" / "shop" / "up.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with PrometheusClient(server.url) as made:
        yield made


# The law


VALUES = ("", "cart", "cart-0", "cart-7d9f8b6c5d-x7k2p", "web-x7k2p", 'a"b\\', "a/b", "käse", "x;y")
LABELS = ("service", "app", "job", "pod", "namespace")
PATTERNS = ("(.+)", r"(.+?)(?:-\d+)?", "(?:cart|web)-(.+)", "([a-z]*).*x", r"(.+?)(?:-[a-z\d]+)*")
SERIES = st.dictionaries(st.sampled_from(LABELS), st.sampled_from(VALUES), max_size=5)
RULE = st.builds(
    LabelRule,
    match=st.just("law.*"),
    service=st.sampled_from(LABELS[:4]),
    pattern=st.sampled_from(PATTERNS),
    where=st.sampled_from(["", 'app!="cart"', 'pod=~"|cart.*"']),
)
SETTINGS = st.builds(
    Labels,
    service=st.permutations(LABELS[:3]).map(tuple),
    rules=st.lists(RULE, max_size=2).map(tuple),
)
PUT_TOGETHER = {"sum": sum, "max": max, "avg": np.mean}
numbers = itertools.count()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SETTINGS, st.lists(SERIES, min_size=1, max_size=8), st.sampled_from([*PUT_TOGETHER]))
def test_python_and_both_forms_of_promql_agree_whose_a_series_is(
    server, client, labels, label_sets, how
):
    name = f"law{next(numbers)}"
    unique = {tuple(sorted((n, v) for n, v in each.items() if v)) for each in label_sets}
    listed = [{"__name__": name, **dict(each)} for each in sorted(unique)]
    value = {tuple(each.items()): float(2**place) for place, each in enumerate(listed)}
    now = np.array([int(END.timestamp() * 1000)])
    server.write((each, now, np.array([value[tuple(each.items())]])) for each in listed)

    (family,) = families_of(listed, {}, labels)
    subject = subject_of(name, {label for each in listed for label in each}, labels)
    owned = {}
    for each in listed:
        found = subject.identity(each)
        if found is not None:
            shown = shown_as(family, found.service, found.namespace)
            owned.setdefault(shown, []).append(value[tuple(each.items())])
    expected = {service: PUT_TOGETHER[how](values) for service, values in owned.items()}
    assert set(expected) == set(family.owners)

    everyone = {}
    for sample in client.query(Scope().grouped(Selection(family), str, how), END):
        service, space = (sample.labels.get(label, "") for label in ("service", "namespace"))
        if service:
            shown = shown_as(family, service, space)
            assert shown not in everyone
            everyone[shown] = sample.value
    assert everyone == pytest.approx(expected)

    for service, number in expected.items():
        (alone,) = client.query(Scope(service).grouped(Selection(family), str, how), END)
        assert alone.value == pytest.approx(number)


TARGET = st.fixed_dictionaries(
    {
        "job": st.sampled_from(["node", "n.de", "web"]),
        "instance": st.sampled_from(["db:9100", "[::1]:9100", "db", "cart:1", "a:b:c"]),
    },
    optional={"service": st.just("cart"), "namespace": st.sampled_from(["one", "two"])},
)


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TARGET, min_size=1, max_size=8, unique_by=lambda each: tuple(sorted(each.items()))))
def test_all_agree_on_what_is_of_a_host(server, client, targets):
    listed = [{"__name__": f"host{next(numbers)}", **each} for each in targets]
    listed = [each | {"__name__": listed[0]["__name__"]} for each in listed]
    exporters = [each | {"__name__": "node_uname_info"} for each in listed if each["job"] != "web"]
    found = families_of(listed + exporters, {}, Labels())
    (family,) = (each for each in found if each.name != "node_uname_info")
    now = np.array([int(END.timestamp() * 1000)])
    server.write((each, now, np.array([2.0**at])) for at, each in enumerate(listed))
    expected = {}
    for place, each in enumerate(listed):
        identity = family.subject.identity(each)
        if identity is not None:
            shown = shown_as(family, identity.service, identity.namespace)
            expected[shown] = expected.get(shown, 0.0) + 2.0**place
    assert set(expected) == set(family.owners)
    everyone = {}
    for sample in client.query(Scope().grouped(Selection(family), str), END):
        service, space = (sample.labels.get(label, "") for label in ("service", "namespace"))
        if service:
            shown = shown_as(family, service, space)
            everyone[shown] = everyone.get(shown, 0.0) + sample.value
    assert everyone == pytest.approx(expected)
    for service, number in expected.items():
        (alone,) = client.query(Scope(service).grouped(Selection(family), str), END)
        assert alone.value == pytest.approx(number)


def shown_as(family, service, namespace):
    exact = display_name(service, namespace)
    return exact if exact in family.owners else display_name(service)


# A cluster's metrics


def counter(noise, mean):
    return np.cumsum(noise.poisson(mean, POINTS)).astype(float)


def requests(noise, base):
    """Yield what one pod tells of the requests that it serves and makes."""
    for code, mean in (("200", 300), ("503", 3)):
        yield {**base, "__name__": "http_requests_total", "code": code}, counter(noise, mean)
    yield {**base, "__name__": "http_client_requests_total", "code": "200"}, counter(noise, 9)
    buckets = np.cumsum([counter(noise, 20) for _ in range(4)], axis=0)
    for bound, values in zip(("0.1", "0.5", "1", "+Inf"), buckets, strict=True):
        yield {**base, "__name__": "http_request_duration_seconds_bucket", "le": bound}, values
    yield {**base, "__name__": "http_request_duration_seconds_count"}, buckets[-1]
    yield {**base, "__name__": "http_request_duration_seconds_sum"}, buckets[-1] * 0.4


def resources(noise, base):
    yield {**base, "__name__": "process_cpu_seconds_total"}, counter(noise, 10) / 10
    yield {**base, "__name__": "process_resident_memory_bytes"}, noise.normal(1e8, 1e6, POINTS)
    yield {**base, "__name__": "cache_hit_ratio"}, noise.uniform(0, 1, POINTS)
    for quantile, scale in (("0.5", 1), ("0.95", 3)):
        labels = {**base, "__name__": "job_seconds", "quantile": quantile}
        yield labels, scale * noise.uniform(1, 2, POINTS)
    yield {**base, "__name__": "up"}, np.ones(POINTS)


def containers(noise, base):
    pod = {label: base[label] for label in ("pod", "namespace")} | {"job": "kubelet"}
    for container in ("main", "POD", ""):
        labels = {**pod, "container": container}
        yield {**labels, "__name__": "container_cpu_usage_seconds_total"}, counter(noise, 3)
        yield {**labels, "__name__": "container_memory_working_set_bytes"}, np.full(POINTS, 5e7)


def cluster():
    noise = np.random.default_rng(0)
    for service, space, pods in (("cart", "prod", 3), ("cart", "test", 1), ("web", "prod", 2)):
        for number in range(pods):
            pod = f"{service}-7d9f8b6c5d-{'bcdf'[number]}2x4z"
            base = {"app": service, "namespace": space, "pod": pod, "job": "pods"}
            yield from requests(noise, base)
            yield from resources(noise, base)
            yield from containers(noise, base)
    host = {"instance": "node-1:9100", "job": "node"}
    yield {**host, "__name__": "node_load1"}, noise.uniform(0, 4, POINTS)
    yield {**host, "__name__": "up"}, np.ones(POINTS)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    with prometheus_server(tmp_path_factory.mktemp("cluster")) as running:
        running.write((labels, TIMES, values) for labels, values in cluster())
        with PrometheusClient(running.url) as made:
            yield made


@pytest.fixture(scope="module")
def pulled(recorded):
    return DiscoveredCollector(recorded, Settings()).pulled(START, END, SCRAPE_S)


def test_a_cluster_gives_the_columns_that_are_expected(pulled):
    check_metrics(pulled.frame)
    services = set(pulled.frame.columns.get_level_values(0))
    assert services == {"cart.prod", "cart.test", "web", "node", "node-1"}
    canonical = {"request_rate", "error_ratio", "latency_p95", "cpu", "memory", "up", "available"}
    for service in ("cart.prod", "cart.test", "web"):
        assert canonical <= set(pulled.frame[service])
        assert {"http_client_requests_rate", "process_cpu_seconds_rate"} <= set(
            pulled.frame[service]
        )
    assert {"cpu_max", "cpu_spread"} <= set(pulled.frame["cart.prod"])
    assert "cpu_max" not in set(pulled.frame["cart.test"])
    assert pulled.refused == ()
    assert pulled.left_out == ()
    assert pulled.asked <= 50


def test_the_pause_container_and_totals_do_not_count(pulled):
    memory = pulled.frame["cart.prod", "memory"]
    assert set(memory.dropna()) == {3 * 5e7}


def test_every_column_is_what_its_query_gives(recorded, pulled):
    for series, query in pulled.queries.items():
        alone = recorded.query_range(query, START, END, SCRAPE_S)
        assert alone.shape[1] == 1, query
        values = alone.to_numpy()[:, 0]
        np.testing.assert_allclose(
            pulled.frame[series], np.where(np.isfinite(values), values, np.nan), rtol=1e-9
        )


def test_few_queries_bring_the_same_frame(recorded, pulled):
    inventory = take_inventory(recorded, Labels(), START, END)
    signals = plan_signals(inventory, step_s=SCRAPE_S)
    few = pull(recorded, signals, START, END, SCRAPE_S, most_queries=5)
    assert few.asked <= 5
    np.testing.assert_allclose(few.frame, pulled.frame, rtol=1e-9)
    assert list(few.frame.columns) == list(pulled.frame.columns)


def test_what_the_server_refuses_is_told_and_the_rest_is_there(recorded):
    signals = plan_signals(take_inventory(recorded, Labels(), START, END))
    wrong = replace(signals[3], expr="sum by (service) (nonsense(up))", each="")
    got = pull(recorded, (*signals[:3], wrong, *signals[4:8]), START, END, 60, most_queries=1)
    (refused,) = got.refused
    assert refused.column == wrong.column
    assert "nonsense" in refused.why
    assert "\n" not in refused.why
    assert {one.column for one in signals[:3]} <= set(got.frame.columns.get_level_values(1))


def test_native_histograms_are_asked_for_in_words_that_the_server_knows(client):
    told = {"rpc_seconds": Metadata("histogram", "", "")}
    listed = [{"__name__": "rpc_seconds", "service": "cart", "pod": pod} for pod in "ab"]
    families = families_of(listed, told, Labels())
    signals = plan_signals(Inventory(families, 2, 2, ("cart",), 15.0))
    assert {one.column for one in signals} >= {"latency_p95", "latency_p95_max", "request_rate"}
    for signal in signals:
        for query in filter(None, (signal.expr, signal.each, signal.query("cart"))):
            assert client.query(query, END) == ()


# Rolling


def rolled(pods, gap_s):
    """Yield a counter of each pod, rolled one after the other from the 15th minute on."""
    start_ms, steps = int(START.timestamp() * 1000), 1000 * SCRAPE_S * np.arange(240)
    for pod in range(pods):
        scraped = start_ms + 400 * pod + steps  # targets are not scraped all at once
        gone_ms = start_ms + 900_000 + 1000 * gap_s * pod
        old, new = scraped[scraped < gone_ms], scraped[scraped >= gone_ms] + 3000
        for word, seen, born_ms in (("old", old, old[0] - 10**6), ("new", new, gone_ms)):
            labels = {"__name__": "http_requests_total", "service": "web", "pod": f"{word}-{pod}"}
            yield labels, seen, 10 * (seen - born_ms) / 1000


@pytest.mark.parametrize(("gap_s", "moved", "highest_moved"), [(0, 0.3, 0.5), (10, 0.05, 0.01)])
def test_rolling_thirty_pods_hardly_moves_their_rate(tmp_path, gap_s, moved, highest_moved):
    pods = 30
    first, end = START + timedelta(seconds=120), START + timedelta(seconds=3500)
    with prometheus_server(tmp_path) as running, PrometheusClient(running.url) as client:
        running.write(sorted(rolled(pods, gap_s), key=lambda one: one[1][0]))
        signals = plan_signals(take_inventory(client, Labels(), first, end))
        frame = pull(client, signals, first, end, SCRAPE_S).frame["web"]
    assert (abs(frame["request_rate"] / (10 * pods) - 1) < moved).all()
    assert (abs(frame["request_rate_max"] / 10 - 1) < highest_moved).all()


# Real targets


def until(find, what, seconds=40.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.25)
    pytest.fail(f"no {what} within {seconds:g} s")


@contextmanager
def running(*command):
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.skipif(
    shutil.which("prometheus-node-exporter") is None, reason="NOT TESTED on a node-exporter"
)
def test_a_plain_node_exporter_is_mapped_and_what_is_missing_is_told(tmp_path):
    port = free_port()
    config = (
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"- {{job_name: node, static_configs: [{{targets: ['{HOST}:{port}']}}]}}\n"
    )
    exporter = ("prometheus-node-exporter", f"--web.listen-address={HOST}:{port}")
    with (
        running(*exporter),
        prometheus_server(tmp_path, config=config) as server,
        PrometheusClient(server.url) as client,
    ):
        until(lambda: [s for s in client.query("count_over_time(up[1m])") if s.value > 8], "scrape")
        end = datetime.now(UTC)
        start = end - timedelta(seconds=30)
        inventory = take_inventory(client, Labels(), start, end)
        got = DiscoveredCollector(client, Settings()).pulled(start, end, 1)
    assert inventory.share >= 0.95
    assert inventory.scrape_s == pytest.approx(1, rel=0.05)
    missing = (SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.LATENCY)
    assert golden(inventory) == {HOST: missing}, "the host and its exporter are one service"
    assert {"cpu", "memory", "node_load1", "available"} <= set(got.frame[HOST])
    assert "request_rate" not in got.frame[HOST]
    assert got.refused == ()


def test_the_shop_is_read_without_any_configuration(tmp_path):
    port = free_port()
    shop = [sys.executable, str(SHOP), "processes", "--prometheus", str(port)]
    canonical = {"request_rate", "error_ratio", "latency_p95", "cpu", "memory", "up", "available"}
    everyone = {"web", "catalog", "cart", "checkout", "payment", "stock", "users"}
    with (
        running(*shop, "--out", str(tmp_path)),
        PrometheusClient(f"http://{HOST}:{port}") as client,
    ):
        until(client.ready, "Prometheus")
        scraped = "min(count_over_time(up[1m]))"
        until(lambda: [s for s in client.query(scraped) if s.value > 6], "scrapes")
        end = datetime.now(UTC)
        got = DiscoveredCollector(client, Settings()).pulled(end - timedelta(seconds=10), end, 2)
        inventory = take_inventory(client, Labels(), end - timedelta(seconds=10), end)
    assert inventory.share == 1
    assert golden(inventory) == dict.fromkeys(sorted(everyone), ())
    for service in everyone:
        assert canonical <= set(got.frame[service]), service
    query = got.queries[MetricId("users", "request_rate")]
    assert query == 'sum(rate(shop_user_requests_total{service="users"}[8s]))'
    assert os.linesep not in "".join(got.queries.values())
