"""Families become columns: canonical names to what fits best, own names to the rest."""

import pytest

from aiops.clients.prometheus import Metadata
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.inventory.taking import Inventory
from aiops.collectors.kinds import SignalKind
from aiops.collectors.signals.planning import Part, golden, plan_signals
from aiops.settings import Labels


def series(name, **labels):
    return {"__name__": name, **labels}


def inventory(*listed, scrape_s=15.0, told=None):
    families = families_of(listed, told or {}, Labels())
    services = {service for family in families for service in family.owners}
    mapped = sum(family.mapped for family in families)
    return Inventory(families, len(listed), mapped, tuple(sorted(services)), scrape_s)


def plan(*listed, **options):
    return plan_signals(inventory(*listed), **options)


def columns(signals):
    """Return service → column → the query of that service alone."""
    found = {}
    for signal in signals:
        for service in signal.services:
            assert signal.column not in found.setdefault(service, {})
            found[service][signal.column] = signal.query(service)
    return found


def histogram(name, **labels):
    return [
        series(f"{name}_bucket", le="1", **labels),
        series(f"{name}_bucket", le="+Inf", **labels),
        series(f"{name}_sum", **labels),
        series(f"{name}_count", **labels),
    ]


SHOP = [
    *(series("shop_requests_total", service="cart", code=code) for code in ("200", "500")),
    *(series("shop_user_requests_total", service="users", code=code) for code in ("200", "504")),
    *histogram("shop_request_seconds", service="cart"),
    *histogram("shop_user_request_seconds", service="users"),
    *(series("process_cpu_seconds_total", service=name) for name in ("cart", "users")),
    *(series("process_resident_memory_bytes", service=name) for name in ("cart", "users")),
    *(series("up", service=name) for name in ("cart", "users")),
]


def test_each_service_gets_its_canonical_columns_from_whichever_family_has_them():
    found = columns(plan(*SHOP))
    canonical = {"request_rate", "error_ratio", "latency_p95", "cpu", "memory", "up", "available"}
    assert canonical <= set(found["cart"])
    assert canonical <= set(found["users"])
    assert found["cart"]["request_rate"] == 'sum(rate(shop_requests_total{service="cart"}[1m]))'
    assert "shop_user_requests_total" in found["users"]["request_rate"]
    assert found["users"]["latency_p95"] == (
        "histogram_quantile(0.95, sum by (le) "
        '(rate(shop_user_request_seconds_bucket{service="users"}[1m])))'
    )


def test_the_second_best_keeps_its_own_name():
    pods = {"pod": "cart-0", "namespace": "shop", "container": "cart"}
    found = columns(
        plan(
            series("container_cpu_usage_seconds_total", **pods),
            series("process_cpu_seconds_total", service="cart"),
            series("process_cpu_seconds_total", service="web"),
        )
    )
    assert "container_cpu_usage" in found["cart"]["cpu"]
    assert "process_cpu" in found["cart"]["process_cpu_seconds_rate"]
    assert "process_cpu" in found["web"]["cpu"]
    assert set(found["web"]) == {"cpu"}


def test_calls_that_a_service_makes_are_not_its_requests():
    found = columns(
        plan(
            series("http_client_requests_total", service="cart", code="200"),
            *histogram("http_client_request_duration_seconds", service="cart"),
        )
    )
    assert set(found["cart"]) == {
        "http_client_requests_rate",
        "http_client_request_duration_seconds_p95",
        "http_client_request_duration_seconds_rate",
    }


def test_no_failures_seen_is_a_ratio_of_nothing():
    (ratio,) = plan(
        series("http_requests_total", service="cart", code="200"), kinds=[SignalKind.ERRORS]
    )
    rate = 'sum(rate(http_requests_total{service="cart"}[1m]))'
    assert ratio.query("cart").endswith(f"or 0 * {rate}) / {rate}")


def test_a_counter_of_failures_beside_one_of_requests_gives_the_ratio():
    found = columns(
        plan(
            series("shop_requests_total", service="cart"),
            series("shop_request_errors_total", service="cart"),
            series("disk_errors_total", service="cart"),
        )
    )
    assert "shop_request_errors_total" in found["cart"]["error_ratio"]
    assert {"shop_request_errors_rate", "disk_errors_rate"} <= set(found["cart"])


def test_a_histogram_alone_tells_traffic_and_errors_too():
    found = columns(plan(*histogram("http_server_requests_seconds", service="cart", status="200")))
    assert set(found["cart"]) == {"request_rate", "latency_p95", "error_ratio"}


def test_summaries():
    found = columns(
        plan(
            series("rpc_latency_seconds", service="a", quantile="0.99"),
            series("rpc_latency_seconds", service="a", quantile="0.5"),
            series("rpc_latency_seconds_sum", service="a"),
            series("rpc_latency_seconds_count", service="a"),
            series("http_requests_seconds_sum", service="b"),
            series("http_requests_seconds_count", service="b"),
        )
    )
    assert found["a"]["latency_p99"] == 'max(rpc_latency_seconds{quantile="0.99",service="a"})'
    assert "http_requests_seconds_sum" in found["b"]["latency_mean"]
    assert "request_rate" in found["a"]
    assert "request_rate" in found["b"]


def test_native_histograms():
    told = {"http_request_duration_seconds": Metadata("histogram", "", "")}
    native = series("http_request_duration_seconds", service="cart")
    found = columns(plan_signals(inventory(native, told=told)))
    rate = 'sum(rate(http_request_duration_seconds{service="cart"}[1m]))'
    assert found["cart"] == {
        "latency_p95": f"histogram_quantile(0.95, {rate})",
        "request_rate": f"histogram_count({rate})",
    }


def test_durations_are_in_seconds():
    found = columns(plan(*histogram("request_duration_milliseconds", service="cart")))
    assert found["cart"]["latency_p95"].startswith("0.001 * (histogram_quantile(")


def test_infos_times_and_alerts_are_no_columns():
    listed = [
        series("build_info", service="cart"),
        series("x_created", service="cart"),
        series("process_start_time_seconds", service="cart"),
        series("ALERTS", service="cart", alertname="Slow"),
    ]
    assert plan(*listed) == ()


def test_only_several_instances_have_a_highest_and_a_spread():
    listed = [
        series("queue", service="cart", pod="a"),
        series("queue", service="cart", pod="b"),
        series("queue", service="web", pod="c"),
    ]
    found = columns(plan(*listed))
    assert set(found["cart"]) == {"queue", "queue_max", "queue_spread"}
    assert set(found["web"]) == {"queue"}
    each = 'sum by (pod) (queue{service="cart"})'
    assert found["cart"]["queue_spread"] == f"max({each}) - min({each})"


def test_the_parts_of_few_instances_are_worked_out_of_one_answer():
    listed = [series("queue", service="cart", pod=str(pod)) for pod in range(2)]
    signals = plan(*listed)
    assert {signal.each for signal in signals} == {"sum by (service, pod) (queue)"}
    assert [signal.part for signal in signals] == [Part.WHOLE, Part.HIGHEST, Part.SPREAD]
    many = plan(*(series("queue", service="cart", pod=str(pod)) for pod in range(30)))
    assert {signal.each for signal in many} == {""}
    assert [signal.cost for signal in many] == [30, 30, 60]


def test_a_ratio_is_averaged_and_its_mean_is_not_made_of_the_pods_means():
    listed = [series("hit_ratio", service="cart", pod=str(pod)) for pod in range(2)]
    whole, highest, _ = plan(*listed)
    assert (whole.expr, whole.each) == ("avg by (service) (hit_ratio)", "")
    assert highest.each == "avg by (service, pod) (hit_ratio)"


def test_no_two_columns_of_a_service_share_a_name():
    found = columns(
        plan(
            series("x_total", service="cart"),
            series("x_rate", service="cart"),
            series("http_requests_total", service="cart"),
            series("request_rate", service="cart"),
        )
    )
    assert len(found["cart"]) == 4
    assert found["cart"]["request_rate"].startswith("sum(rate(http_requests_total")


def test_symptoms_come_first_and_spreads_last():
    listed = [{**one, "pod": pod} for one in SHOP for pod in ("a", "b")]
    names = [signal.column for signal in plan(*listed)]
    assert names[0] in {"available", "request_rate", "error_ratio", "latency_p95"}
    order = ["request_rate", "cpu", "cpu_max", "shop_request_seconds_rate", "cpu_spread"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    assert names[-1].endswith("_spread")


def test_a_plan_can_be_cut_short_and_kept_to_kinds():
    assert len(plan(*SHOP, most=3)) == 3
    kinds = {signal.kind for signal in plan(*SHOP, kinds=[SignalKind.LATENCY, SignalKind.ERRORS])}
    assert kinds == {SignalKind.LATENCY, SignalKind.ERRORS}


@pytest.mark.parametrize(
    ("scrape_s", "step_s", "window"),
    [
        (15, 0, "1m"),
        (15, 300, "5m"),
        (2, 5, "8s"),
        (60, 60, "4m"),
        (0.5, 0, "2s"),
        (0.1, 0, "400ms"),
    ],
)
def test_rates_look_back_over_four_scrapes_or_a_step(scrape_s, step_s, window):
    counter = series("x_total", service="cart")
    (signal,) = plan_signals(inventory(counter, scrape_s=scrape_s), step_s=step_s)
    assert signal.expr == f"sum by (service) (rate(x_total[{window}]))"


def test_hosts_have_their_own_processors_and_memory():
    host = {"instance": "db:9100", "job": "node"}
    found = columns(
        plan(
            series("node_cpu_seconds_total", mode="idle", **host),
            series("node_cpu_seconds_total", mode="user", **host),
            series("node_memory_MemTotal_bytes", **host),
            series("node_memory_MemAvailable_bytes", **host),
        )
    )
    assert 'mode!~"idle|iowait|steal"' in found["db"]["cpu"]
    assert " - " in found["db"]["memory"]


def test_a_plain_node_exporter_tells_no_traffic_and_is_one_service():
    host = {"instance": "db:9100", "job": "node"}
    found = inventory(
        series("node_exporter_build_info", **host),
        series("node_cpu_seconds_total", mode="user", **host),
        series("node_disk_flush_requests_total", device="sda", **host),
        series("promhttp_metric_handler_requests_total", code="200", **host),
        series("process_cpu_seconds_total", **host),
        series("up", **host),
    )
    assert golden(found) == {"db": (SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.LATENCY)}
    told = columns(plan_signals(found))["db"]
    assert {"available", "process_cpu_seconds_rate"} <= set(told)
    assert "node_cpu_seconds_total" in told["cpu"]


def test_the_process_of_an_exporter_is_not_that_of_what_it_watches():
    found = columns(
        plan(
            series("redis_exporter_build_info", job="redis"),
            series("process_cpu_seconds_total", job="redis"),
            series("process_cpu_seconds_total", job="web"),
            series("process_resident_memory_bytes", job="redis"),
            series("redis_memory_used_bytes", job="redis"),
        )
    )
    assert "cpu" not in found["redis"]
    assert "process_cpu_seconds_rate" in found["redis"]
    assert "redis_memory_used_bytes" in found["redis"]["memory"]
    assert "cpu" in found["web"]


def test_a_service_has_one_latency_the_one_of_its_requests():
    found = columns(
        plan(
            *histogram("alert_processing_duration_seconds", service="am"),
            series("engine_query_duration_seconds", service="am", quantile="0.99"),
            series("http_request_duration_seconds_sum", service="am"),
            series("http_request_duration_seconds_count", service="am"),
            *histogram("batch_duration_seconds", service="batch"),
        )
    )
    latencies = {name for name in found["am"] if name.startswith("latency")}
    assert latencies == {"latency_mean"}
    assert "engine_query_duration_seconds_p99" in found["am"]
    assert "http_request_duration_seconds_count" in found["am"]["request_rate"]
    assert "latency_p95" in found["batch"]


def test_the_requests_of_nginx_are_not_its_connections():
    names = ("nginx_http_requests_total", "nginx_connections_handled")
    found = columns(plan(*(series(name, job="nginx") for name in names)))
    assert "nginx_http_requests_total" in found["nginx"]["request_rate"]
    assert "nginx_connections_handled_rate" in found["nginx"]


def test_a_probe_tells_how_users_reach_a_host():
    probed = {"job": "blackbox", "instance": "https://shop.example/"}
    found = columns(
        plan(series("probe_success", **probed), series("probe_duration_seconds", **probed))
    )
    assert set(found) == {"shop.example"}
    assert found["shop.example"]["available"].startswith("avg(probe_success{")
    assert found["shop.example"]["latency"].startswith("avg(probe_duration_seconds{")


def test_a_jvm_tells_its_share_of_the_processors():
    found = columns(
        plan(*(series(name, job="api") for name in ("process_cpu_usage", "system_cpu_usage")))
    )
    assert found["api"]["cpu_usage"] == 'avg(process_cpu_usage{job="api"})'
    assert "system_cpu_usage" in found["api"]


def test_what_is_missing_is_told_for_each_service():
    assert golden(inventory(*SHOP, series("go_goroutines", service="batch"))) == {
        "batch": (
            SignalKind.TRAFFIC,
            SignalKind.ERRORS,
            SignalKind.LATENCY,
            SignalKind.SATURATION,
        ),
        "cart": (),
        "users": (),
    }
