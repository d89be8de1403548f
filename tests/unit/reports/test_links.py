"""Links to the graph of a query: only to the web, only where the case was read, and quoted."""

from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from aiops.reports.links import graph_link
from aiops.types import Case

INDEX = pd.date_range("2026-11-22 13:20", periods=241, freq="15s", tz="UTC", unit="us")
FRAME = pd.DataFrame({("cart", "cpu"): range(241)}, index=INDEX, dtype=float)


def link(system, query='sum(rate(x{service="cart"}[1m]))'):
    return graph_link(Case("c", FRAME, system=system), query)


def test_it_shows_the_window_of_the_case():
    found = urlsplit(link("https://prometheus.example/tenant/"))
    assert (found.netloc, found.path) == ("prometheus.example", "/tenant/graph")
    assert parse_qs(found.query) == {
        "g0.expr": ['sum(rate(x{service="cart"}[1m]))'],
        "g0.tab": ["0"],
        "g0.range_input": ["60m"],
        "g0.end_input": ["2026-11-22 14:20:00"],
    }


@pytest.mark.parametrize(
    "system",
    [None, "", "shop", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
     "http://", "//host", "http://h?x=1", "http://h#f", "http://[bad", "HTTPS:evil"],
)  # fmt: skip
def test_what_is_no_address_of_a_prometheus_is_not_linked(system):
    assert link(system) == ""


def test_without_a_query_there_is_no_link():
    assert link("http://127.0.0.1:9090", "") == ""


def test_a_hostile_query_stays_one_value():
    query = '"><script>&g1.expr=x#\n'
    found = link("http://127.0.0.1:9090", query)
    assert not set(found) & set('"<> \n#')
    assert parse_qs(urlsplit(found).query)["g0.expr"] == [query]
