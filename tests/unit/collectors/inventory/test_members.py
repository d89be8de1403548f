"""Metric names are put together to families; the targets' own words count before the name."""

import pytest

from aiops.clients.prometheus import Metadata
from aiops.collectors.inventory.members import FamilyKind, member_of

HISTOGRAM = {"h_bucket": {"le"}, "h_sum": set(), "h_count": set()}
SUMMARY = {"s": {"quantile"}, "s_sum": set(), "s_count": set()}
BARE = {"b_sum": set(), "b_count": set()}


def told(**kinds):
    return {name: Metadata(kind, "", "") for name, kind in kinds.items()}


@pytest.mark.parametrize(
    ("name", "names", "told", "family", "kind", "suffix"),
    [
        ("x_total", {"x_total": set()}, {}, "x_total", "counter", ""),
        ("x_total", {"x_total": set()}, told(x="counter"), "x_total", "counter", ""),
        ("x_total", {"x_total": set()}, told(x_total="gauge"), "x_total", "gauge", ""),
        ("x_total", {"x_total": set()}, told(x_total="unknown"), "x_total", "counter", ""),
        ("x", {"x": set()}, {}, "x", "gauge", ""),
        ("x", {"x": set()}, told(x="counter"), "x", "counter", ""),
        ("x_info", {"x_info": set()}, told(x_info="gauge"), "x_info", "info", ""),
        ("x_created", {"x_created": set()}, {}, "x_created", "created", ""),
        ("h_bucket", HISTOGRAM, {}, "h", "histogram", "_bucket"),
        ("h_sum", HISTOGRAM, {}, "h", "histogram", "_sum"),
        ("h_count", HISTOGRAM, told(h="histogram"), "h", "histogram", "_count"),
        ("s", SUMMARY, {}, "s", "summary", ""),
        ("s_count", SUMMARY, told(s="summary"), "s", "summary", "_count"),
        ("b_sum", BARE, {}, "b", "summary", "_sum"),
        ("b_count", BARE, told(b_count="gauge"), "b_count", "gauge", ""),
        ("b_sum", {"b_sum": set()}, {}, "b_sum", "gauge", ""),
        ("b_count", {"b_count": set()}, told(b="histogram"), "b", "summary", "_count"),
        ("x_bucket", {"x_bucket": set()}, {}, "x_bucket", "gauge", ""),
        ("n", {"n": set()}, told(n="histogram"), "n", "native", ""),
        (
            "nginx_ingress_controller_requests",
            {"nginx_ingress_controller_requests": set()},
            {},
            "nginx_ingress_controller_requests",
            "counter",
            "",
        ),
        (
            "pg_stat_database_xact_commit",
            {"pg_stat_database_xact_commit": set()},
            told(pg_stat_database_xact_commit="unknown"),
            "pg_stat_database_xact_commit",
            "counter",
            "",
        ),
        ("ALERTS", {"ALERTS": {"alertname"}}, {}, "ALERTS", "alert", ""),
    ],
)
def test_a_name_is_a_member_of_a_family(name, names, told, family, kind, suffix):
    assert member_of(name, names, told) == (family, FamilyKind(kind), suffix)
