"""What counts as a service's requests, their failures and durations, by the names people use."""

from types import SimpleNamespace

import pytest

from aiops.collectors.inventory.members import FamilyKind
from aiops.collectors.signals import known


def family(name, kind="counter", labels=None, **values):
    return SimpleNamespace(
        name=name,
        kind=FamilyKind(kind),
        values={label: frozenset(found) for label, found in values.items()},
        labels=tuple(values),
    )


@pytest.mark.parametrize(
    "name",
    [
        "http_requests_total",
        "shop_user_requests_total",
        "prometheus_http_requests_total",
        "grpc_server_handled_total",
        "istio_requests_total",
        "apiserver_request_total",
        "requests_total",
        "nginx_ingress_controller_requests",
        "traces_spanmetrics_calls_total",
        "http_server_requests_processed_total",
        "starlette_responses_total",
        "django_http_responses_total_by_status_total",
        "envoy_http_downstream_rq_total",
        "redis_commands_processed_total",
    ],
)
def test_requests_are_known(name):
    assert known.request_rank(family(name)) is not None


@pytest.mark.parametrize(
    "name",
    [
        "promhttp_metric_handler_requests_total",
        "rest_client_requests_total",
        "grpc_client_handled_total",
        "alertmanager_notification_requests_total",
        "prometheus_remote_storage_requests_total",
        "http_requests_failed_total",
        "http_request_errors_total",
        "node_disk_flush_requests_total",
        "http_requests_bytes_total",
        "go_gc_cycles_total",
        "nginx_connections_handled",
        "coredns_forward_requests_total",
        "app_cache_requests_total",
        "app_db_requests_total",
    ],
)
def test_what_is_not_served_is_no_request(name):
    assert known.request_rank(family(name)) is None


def test_a_counter_with_the_status_is_surer_than_one_without():
    ranks = [
        known.request_rank(family("http_requests_total", code={"200"})),
        known.request_rank(family("shop_requests_total", code={"200"})),
        known.request_rank(family("http_requests_total")),
        known.request_rank(family("shop_requests_total")),
    ]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    ("name", "timed"),
    [
        ("http_request_duration_seconds", True),
        ("http_server_requests_seconds", True),
        ("http_server_request_duration_seconds", True),
        ("grpc_server_handling_seconds", True),
        ("istio_request_duration_milliseconds", True),
        ("shop_user_request_seconds", True),
        ("request_latency_ms", True),
        ("latency_seconds", True),
        ("http_client_request_duration_seconds", False),
        ("http_response_size_bytes", False),
        ("prometheus_tsdb_compaction_duration_seconds", False),
        ("go_gc_duration_seconds", False),
        ("prometheus_rule_evaluation_duration_seconds", False),
    ],
)
def test_durations_of_requests_are_known(name, timed):
    assert (known.duration_rank(family(name, "histogram")) is not None) is timed


@pytest.mark.parametrize(
    ("labels", "matcher"),
    [
        ({"code": {"200", "404"}}, 'code!~"|[1-4](\\\\d\\\\d|xx|XX)"'),
        ({"code": {"200", "timeout"}}, 'code!~"|[1-4](\\\\d\\\\d|xx|XX)"'),
        ({"status": {"2xx", "5xx"}}, 'status!~"|[1-4](\\\\d\\\\d|xx|XX)"'),
        ({"grpc_code": {"OK", "NotFound"}}, 'grpc_code!~"|OK"'),
        ({"grpc_code": {"OK"}}, 'grpc_code!~"|OK"'),
        ({"rpc_grpc_status_code": {"0", "14"}}, 'rpc_grpc_status_code!~"|0"'),
        ({"statusCode": {"OK", "UNAVAILABLE"}}, 'statusCode!~"|OK"'),
        ({"rcode": {"NOERROR"}}, 'rcode=~"SERVFAIL|REFUSED|FORMERR|NOTIMP"'),
        ({"code": {"moved"}, "status": {"503"}}, 'status!~"|[1-4](\\\\d\\\\d|xx|XX)"'),
    ],
)
def test_the_label_of_the_status_tells_what_failed(labels, matcher):
    assert str(known.failing(family("x", **labels))) == matcher


def test_words_tell_what_failed():
    matcher = known.failing(family("x", status={"success"}))
    assert (matcher.name, matcher.operator) == ("status", "=~")
    assert known.failing(family("x", status_code={"STATUS_CODE_ERROR"})) is not None
    assert known.failing(family("x", outcome={"SUCCESS", "UNKNOWN"})).operator == "=~"


@pytest.mark.parametrize(
    "labels", [{}, {"status": {"pending", "done"}}, {"path": {"500"}}, {"code": {""}}]
)
def test_a_label_without_any_known_value_tells_nothing(labels):
    assert known.failing(family("x", **labels)) is None


def test_spans_of_calls_made_are_left_out():
    spans = family("calls_total", span_kind={"SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"})
    assert [str(each) for each in known.served_only(spans)] == ['span_kind=~"SPAN_KIND_SERVER"']
    assert known.served_only(family("http_requests_total")) == ()


def test_a_container_is_preferred_to_a_process():
    names = ["container_cpu_usage_seconds_total", "shop_container_cpu_seconds_total"]
    ranks = [known.cpu_rank(family(name)) for name in [*names, "process_cpu_seconds_total"]]
    assert ranks == sorted(set(ranks))
    assert known.cpu_rank(family("cpu_credits_total")) is None
    assert known.memory_rank(family("container_memory_working_set_bytes")) == 0
    assert known.memory_rank(family("go_memstats_heap_inuse_bytes")) is None


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("http_request_duration_ms", 1e-3),
        ("envoy_http_downstream_rq_time", 1e-3),
        ("redis_commands_latencies_usec", 1e-6),
        ("process_cpu_time_ns", 1e-9),
        ("http_request_duration_seconds", 1.0),
    ],
)
def test_the_name_tells_the_unit(name, factor):
    assert known.seconds_per_unit(family(name)) == factor


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("process_start_time_seconds", True),
        ("node_boot_time_seconds", True),
        ("node_time_seconds", True),
        ("prometheus_config_last_reload_success_timestamp_seconds", True),
        ("response_time_seconds", False),
        ("queue_length", False),
    ],
)
def test_a_time_of_the_clock_is_no_measurement(name, moment):
    assert known.is_moment(family(name, "gauge")) is moment


@pytest.mark.parametrize(
    ("name", "averaged"),
    [
        ("cache_hit_ratio", True),
        ("disk_used_percent", True),
        ("lag_seconds", True),
        ("http_server_requests_seconds_max", True),
        ("process_cpu_usage", True),
        ("probe_success", True),
        ("jvm_memory_max_bytes", False),
        ("depth", False),
    ],
)
def test_shares_and_ages_are_averaged(name, averaged):
    assert known.is_averaged(family(name, "gauge")) is averaged
