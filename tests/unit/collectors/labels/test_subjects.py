"""Whose a series is: the chain of labels, built-in rules, the user's own rules."""

import pytest

from aiops.collectors.labels.subjects import subject_of
from aiops.settings import LabelRule, Labels
from aiops.types import InvalidSettings

POD = {"pod": "cart-7d9f8b6c5d-x7k2p", "namespace": "shop", "instance": "10.0.0.1:80", "job": "k8s"}


def identity(metric, series, labels=None, others=()):
    present = {*series, *(label for other in others for label in other)}
    return subject_of(metric, present, labels or Labels()).identity(series)


def service(metric, series, labels=None, others=()):
    found = identity(metric, series, labels, others)
    return found and found.service


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ({"service": "cart", "job": "shop"}, "cart"),
        ({"service": "", "job": "shop"}, "shop"),
        ({"app": "cart", "k8s_app": "no", "job": "shop"}, "cart"),
        ({"job": "shop"}, "shop"),
        ({"code": "200"}, None),
    ],
)
def test_the_first_label_of_the_chain_that_a_series_has_names_the_service(series, expected):
    assert service("http_requests_total", series) == expected


@pytest.mark.parametrize(
    ("metric", "series", "expected"),
    [
        ("container_cpu_usage_seconds_total", POD | {"container": "cart"}, "cart"),
        ("container_cpu_usage_seconds_total", POD | {"container": "POD"}, None),
        ("container_cpu_usage_seconds_total", POD | {"container": ""}, None),
        ("container_cpu_usage_seconds_total", {"id": "/", "job": "kubelet"}, None),
        ("container_cpu_usage_seconds_total", {"name": "redis", "job": "cadvisor"}, "redis"),
        ("container_network_receive_bytes_total", POD | {"interface": "eth0"}, "cart"),
        ("kube_pod_status_phase", POD, "cart"),
        ("kube_pod_status_phase", {"pod": "ksm-0", "exported_pod": "cart-0"}, "cart"),
        ("kube_deployment_status_replicas", {"deployment": "cart", "job": "ksm"}, "cart"),
        ("kube_job_failed", {"job_name": "backup-29384756", "job": "ksm"}, "backup"),
        ("kube_replicaset_owner", {"replicaset": "cart-7d9f8b6c5d"}, "cart"),
        ("kube_node_info", {"node": "worker-1", "job": "ksm"}, "worker-1"),
        ("kube_secret_info", {"secret": "s", "job": "ksm", "namespace": "shop"}, None),
        ("kube_state_metrics_list_total", {"job": "ksm"}, "ksm"),
        ("node_load1", {"instance": "db:9100", "job": "node"}, "db"),
        ("node_load1", {"instance": "db:9100", "node": "worker", "job": "node"}, "worker"),
        (
            "istio_requests_total",
            {"reporter": "destination", "destination_workload": "cart", "app": "web"},
            "cart",
        ),
        (
            "istio_requests_total",
            {"reporter": "source", "destination_workload": "cart", "app": "web"},
            None,
        ),
        ("traces_service_graph_request_total", {"client": "web", "server": "cart"}, "cart"),
        ("traefik_service_requests_total", {"service": "cart@docker"}, "cart"),
        ("istio_requests_total", {"reporter": "waypoint", "destination_workload": "cart"}, "cart"),
        (
            "istio_requests_total",
            {"reporter": "destination", "destination_workload": "unknown"},
            None,
        ),
        ("node_namespace_pod_container:container_memory_rss", POD | {"node": "worker"}, "cart"),
        ("node_collector_zone_size", {"instance": "10.0.0.5:1", "job": "kcm"}, "kcm"),
        ("node_uname_info", {"nodename": "db1", "instance": "db:9100", "job": "node"}, "db"),
        (
            "nginx_ingress_controller_ingress_upstream_latency_seconds",
            {"exported_service": "web", "service": "ingress"},
            "web",
        ),
        (
            "probe_success",
            {"instance": "https://me@shop.example:8443/x", "job": "bb"},
            "shop.example",
        ),
        ("probe_success", {"instance": "10.0.0.1", "job": "bb"}, "10.0.0.1"),
        ("probe_success", {"service": "web", "instance": "http://web/", "job": "bb"}, "web"),
    ],
)
def test_what_is_told_of_others_is_theirs(metric, series, expected):
    assert (
        service(metric, series, others=[{"container": "x"}] if "container" in series else ())
        == expected
    )


def test_a_pod_is_the_instance_of_what_it_names():
    exported = {"exported_pod": "cart-0", "pod": "ksm-0", "exported_namespace": "shop"}
    found = identity("kube_pod_status_phase", exported | {"namespace": "monitoring"})
    assert (found.instance, found.namespace) == (("cart-0",), "shop")


@pytest.mark.parametrize("metric", ["node_load1", "kube_node_info"])
def test_a_host_lives_in_no_namespace(metric):
    found = identity(metric, {"node": "worker-1", "namespace": "monitoring", "instance": "x"})
    assert (found.service, found.namespace) == ("worker-1", "")


def test_what_the_job_of_hosts_scrapes_is_the_hosts_where_nothing_else_names_a_service():
    exporter = {"job": "node", "instance": "db:9100"}
    subject = subject_of("up", {*exporter, "app"}, Labels(), {"node"})
    assert subject.identity(exporter).service == "db"
    assert subject.identity(exporter | {"app": "backup"}).service == "backup"
    assert subject.identity(exporter | {"job": "web"}).service == "web"
    assert subject.identity(exporter | {"instance": "a:b:c"}) is None
    assert subject_of("node_load1", exporter, Labels(), {"node"}).identity(exporter).service == "db"


def test_the_first_instance_label_that_the_metric_has_tells_instances_apart():
    assert identity("x", POD | {"service": "cart"}).instance == (POD["pod"],)
    assert identity("x", {"service": "cart", "instance": "a"}).instance == ("a",)
    assert identity("x", {"service": "cart"}).instance == ()


def rules(*rules, **others):
    return Labels(rules=tuple(LabelRule(**rule) for rule in rules), **others)


def test_a_rule_of_the_settings_comes_before_all_others():
    own = rules({"match": "node_.+", "service": "rack", "pattern": "r-(.+)"})
    series = {"instance": "db:9100", "rack": "r-7"}
    assert service("node_load1", series, own) == "7"
    assert service("node_load1", {"instance": "db:9100", "rack": "other"}, own) == "db"
    assert service("up", series | {"job": "x"}, own) == "x"


def test_a_rule_leaves_series_out():
    own = rules({"match": "x", "service": "app", "where": 'side="server",kind!~"a.*"'})
    assert service("x", {"app": "web", "side": "server", "kind": "b"}, own) == "web"
    assert service("x", {"app": "web", "side": "client", "kind": "b"}, own) is None
    assert service("x", {"app": "web", "side": "server", "kind": "ab"}, own) is None


def test_a_pattern_may_find_no_name():
    own = rules({"match": "x", "service": "app", "pattern": "temp-(.*)"})
    assert service("x", {"app": "temp-", "job": "j"}, own) is None


@pytest.mark.parametrize(
    "rule",
    [
        {"match": "(?=x)", "service": "app"},
        {"match": "x", "service": "app", "pattern": "web"},
        {"match": "x", "service": "app", "pattern": r"(a)\1"},
        {"match": "x", "service": "app", "where": "side"},
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(rule):
    with pytest.raises(InvalidSettings):
        subject_of("x", {"app"}, rules(rule))
