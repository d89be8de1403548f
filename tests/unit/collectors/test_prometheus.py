"""Queries files are read strictly, and what PromQL gives becomes a legal metrics frame."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.clients.prometheus import Alert
from aiops.clients.prometheus.series import Grid, Table
from aiops.collectors.prometheus import PrometheusCollector, Queries, load_queries
from aiops.types import InvalidInput, InvalidMetrics, NotEnoughData, check_metrics

T0 = datetime(2026, 1, 1, tzinfo=UTC)
END = T0 + timedelta(seconds=45)


class FakeClient:
    """Answers each expression with the series that it was given."""

    url = "http://prometheus"

    def __init__(self, **answers):
        self.answers = answers

    def query_range(self, expr, start, end, step_s):
        table = Table(Grid.over(start, end, step_s))
        for labels, values in self.answers[expr]:
            table.row(labels)[:] = values
        return table.frame()

    def alerts(self, start, end):
        return (Alert("Slow", {}, start, end),)


def collect(**answers):
    queries = Queries({f"{name}_metric": name for name in answers})
    return PrometheusCollector(FakeClient(**answers), queries).metrics(T0, END, 15)


def cart(values, **labels):
    return ({"service": "cart", **labels}, values)


def test_each_series_becomes_a_metric_of_its_service():
    frame = collect(rate=[({"service": "web"}, [1, 2, 3, 4]), cart([5, 6, 7, 8])], cpu=[cart(9.0)])
    check_metrics(frame)
    assert list(frame.columns) == [
        ("cart", "cpu_metric"),
        ("cart", "rate_metric"),
        ("web", "rate_metric"),
    ]
    assert frame["cart", "rate_metric"].tolist() == [5, 6, 7, 8]
    assert list(frame.index) == list(pd.date_range(T0, END, freq="15s"))


def test_labels_that_all_series_share_do_no_harm():
    frame = collect(rate=[cart([1, 2, 3, 4], __name__="rate", job="shop")])
    assert list(frame.columns) == [("cart", "rate_metric")]


def test_what_is_not_finite_is_missing():
    frame = collect(ratio=[cart([np.inf, -np.inf, 1, 2])])
    np.testing.assert_array_equal(frame["cart", "ratio_metric"], [np.nan, np.nan, 1, 2])


def test_a_metric_without_any_value_has_no_column():
    frame = collect(rate=[cart([1, 2, 3, 4])], gone=[], ratio=[cart(np.inf)])
    assert list(frame.columns) == [("cart", "rate_metric")]


def test_nothing_at_all_is_said():
    with pytest.raises(NotEnoughData, match="http://prometheus: no query has a value between"):
        collect(rate=[], cpu=[])


def test_nothing_that_varies_is_refused_by_the_rules_of_metrics():
    with pytest.raises(InvalidMetrics, match="no usable column"):
        collect(rate=[cart(1.0)])


@pytest.mark.parametrize(
    ("series", "text"),
    [
        ([({"job": "web"}, 1.0)], "metric rate_metric: the result has no label 'service'; write"),
        ([({"service": "a"}, 1.0), ({}, 1.0)], "metric rate_metric: '' is no name of a service"),
        ([({"service": "a/b"}, 1.0)], "metric rate_metric: 'a/b' is no name of a service"),
        (
            [cart(1.0, pod="a", job="x"), cart(1.0, pod="b", job="x")],
            "metric rate_metric: service 'cart' has 2 series, told apart by pod; aggregate them",
        ),
    ],
)
def test_series_that_are_not_one_per_service_are_refused(series, text):
    with pytest.raises(InvalidInput, match=text):
        collect(rate=series)


def test_topology_entries_and_alerts_are_handed_on():
    queries = Queries({"cpu": "cpu"}, calls=(("web", "cart"),), entries=("web",))
    collector = PrometheusCollector(FakeClient(), queries)
    assert collector.topology == (("web", "cart"),)
    assert collector.entries == ("web",)
    assert collector.alerts(T0, END) == (Alert("Slow", {}, T0, END),)


def written(folder, text):
    path = folder / "queries.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_queries_is_read(tmp_path):
    text = 'entries = ["web"]\ncalls = [["web", "cart"]]\n[metrics]\ncpu = "sum by (service) (x)"'
    assert load_queries(written(tmp_path, text)) == Queries(
        {"cpu": "sum by (service) (x)"}, calls=(("web", "cart"),), entries=("web",)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entrys = []\n[metrics]\ncpu = 'x'", "entrys: no such key; did you mean 'entries'?"),
        ("[metrics]\ncpu = 1", "metrics.cpu: Input should be a valid string"),
        ("entries = ['web']", "metrics: Field required"),
        ("[metrics]", "metrics: names no metric; write a line such as"),
        ("calls = [['web']]\n[metrics]\ncpu = 'x'", "calls.0.1: Field required"),
        ("calls = [['web', '']]\n[metrics]\ncpu = 'x'", "a metric or service has an empty name"),
        ("[metrics", "is not TOML"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        load_queries(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_queries(tmp_path / "none.toml")
