"""Signals become one frame in few queries; what is refused or too much is told."""

import re
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.clients.prometheus.series import Grid, Table
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.inventory.taking import Inventory
from aiops.collectors.pull import asking
from aiops.collectors.pull.pulling import pull
from aiops.collectors.signals.planning import plan_signals
from aiops.settings import Labels
from aiops.types import InvalidInput, InvalidMetrics, NotEnoughData, Unreachable, check_metrics

T0 = datetime(2026, 1, 1, tzinfo=UTC)
STEP_S = 15
END = T0 + timedelta(seconds=9 * STEP_S)
TAGGED = re.compile(r'label_replace\(((?:(?!label_replace).)+), "aiops_column", "(\d+)", "", ""\)')


class FakeClient:
    """Answers expressions without label_replace by rule, also when several come in one query."""

    url = "http://prometheus"

    def __init__(self, answer, refuse=lambda query: False):
        self.answer, self.refuse = answer, refuse
        self.queries = []
        self._lock = threading.Lock()

    def query_range(self, expr, start, end, step_s):
        with self._lock:
            self.queries.append((expr, start, end))
        if self.refuse(expr):
            raise InvalidInput("400 no such thing")
        grid = Grid.over(start, end, step_s)
        table = Table(grid)
        parts = TAGGED.findall(expr) or [(expr, "")]
        for each, tag in parts:
            for labels, values in self.answer(each):
                times = (grid.times - Grid.over(T0, END, STEP_S).start_ms) // (1000 * STEP_S)
                tagged = labels | ({"aiops_column": tag} if tag else {})
                table.row(tagged)[:] = np.broadcast_to(values, 10)[times]
        return table.frame()


def planned(*listed):
    named = [{"__name__": name, **labels} for name, labels in listed]
    families = families_of(named, {}, Labels())
    services = sorted({service for family in families for service in family.owners})
    return plan_signals(Inventory(families, len(named), len(named), tuple(services), 15.0))


def gauges(count, service="cart"):
    return [(f"g{n}", {"service": service}) for n in range(count)]


def rising(expr):
    return [({"service": "cart"}, np.arange(10.0) + len(expr))]


def test_every_column_has_its_values_and_its_query():
    client = FakeClient(rising)
    got = pull(client, planned(*gauges(3)), T0, END, STEP_S)
    check_metrics(got.frame)
    assert list(got.frame.columns) == [("cart", f"g{n}") for n in range(3)]
    assert got.frame.shape == (10, 3)
    assert got.queries["cart", "g1"] == 'sum(g1{service="cart"})'
    assert (got.asked, got.refused, got.left_out, got.coverage) == (3, (), (), 1.0)


@pytest.mark.parametrize("most", [1, 2, 5, 7, 50])
def test_many_expressions_travel_in_few_queries(most):
    client = FakeClient(
        lambda expr: [({"service": "cart"}, np.arange(10.0) * int(expr.split("g")[-1][:-1]))]
    )
    got = pull(client, planned(*gauges(20)), T0, END, STEP_S, most_queries=most)
    assert got.asked == len(client.queries) <= most
    for n in range(20):
        assert got.frame["cart", f"g{n}"].tolist() == [n * each for each in range(10)]


def test_instances_are_put_together_here_as_promql_would():
    values = {"a": np.array([np.nan, *range(9)]), "b": 4.0}
    pods = [({"service": "cart", "pod": pod}, each) for pod, each in values.items()]
    client = FakeClient(lambda _: pods)
    signals = planned(*(("queue", {"service": "cart", "pod": pod}) for pod in "ab"))
    got = pull(client, signals, T0, END, STEP_S)
    assert got.asked == 1
    assert got.frame["cart", "queue"].tolist()[:3] == [4, 4, 5]
    assert got.frame["cart", "queue_max"].tolist()[::4] == [4, 4, 7]
    assert got.frame["cart", "queue_spread"].tolist()[:3] == [0, 4, 3]


def test_a_refused_query_is_asked_again_in_halves_and_the_culprit_is_told():
    client = FakeClient(rising, refuse=lambda query: "(g5)" in query)
    got = pull(client, planned(*gauges(16)), T0, END, STEP_S, most_queries=1)
    assert [one.column for one in got.refused] == ["g5"]
    assert got.refused[0].why == "400 no such thing"
    assert got.refused[0].expr == "sum by (service) (g5)"
    assert got.frame.shape[1] == 15
    assert got.asked == len(client.queries) == 9  # 16, 8, 4, 2, 1 and the other halves
    assert got.coverage == 15 / 16


def test_a_server_that_is_gone_is_not_asked_in_halves():
    def gone(_):
        raise Unreachable("gone")

    client = FakeClient(rising, refuse=gone)
    with pytest.raises(Unreachable):
        pull(client, planned(*gauges(100)), T0, END, STEP_S)
    assert len(client.queries) <= 40  # none was asked in halves


def test_what_there_is_no_allowance_for_is_told():
    listed = [("http_requests_total", {"service": "cart"}), *gauges(3)]
    got = pull(FakeClient(rising), planned(*listed), T0, END, STEP_S, most_samples=20)
    assert list(got.frame["cart"]) == ["g0", "g1", "request_rate"]
    assert got.left_out == ("g2",)


def test_symptoms_are_read_whatever_they_cost():
    listed = [("http_requests_total", {"service": "cart"})]
    got = pull(FakeClient(rising), planned(*listed), T0, END, STEP_S, most_samples=0)
    assert list(got.frame["cart"]) == ["request_rate"]


def test_a_query_that_reads_too_much_is_asked_in_stretches_of_time(monkeypatch):
    monkeypatch.setattr(asking, "MOST_READ", 4)
    client = FakeClient(rising)
    got = pull(client, planned(("g0", {"service": "cart"})), T0, END, STEP_S)
    assert got.asked == len(client.queries) == 3
    starts = [start for _, start, _ in client.queries]
    assert starts == [T0, T0 + timedelta(seconds=60), T0 + timedelta(seconds=120)]
    assert np.diff(got.frame["cart", "g0"]).tolist() == [1.0] * 9


def test_what_is_no_finite_number_is_missing():
    odd = np.array([np.inf, 1, 2, -np.inf, np.nan, 5, 6, 7, 8, 9])
    answers = [({"service": "cart"}, odd), ({"service": "web"}, np.full(10, np.inf))]
    signals = planned(("g", {"service": "cart"}), ("g", {"service": "web"}))
    got = pull(FakeClient(lambda _: answers), signals, T0, END, STEP_S)
    assert list(got.frame.columns) == [("cart", "g")]
    assert got.frame["cart", "g"].isna().tolist() == [True, False, False, True, True, *[False] * 5]
    assert got.coverage == 0.5


def test_series_that_are_nobodys_have_no_column():
    answers = [({"service": "cart"}, np.arange(10.0)), ({}, 1.0), ({"service": "later"}, 1.0)]
    got = pull(FakeClient(lambda _: answers), planned(*gauges(1)), T0, END, STEP_S)
    assert list(got.frame.columns) == [("cart", "g0")]


def test_services_that_share_a_name_are_told_apart():
    spaces = ("prod", "test")
    listed = [("g", {"service": "cart", "namespace": space}) for space in spaces]
    answers = [(labels, np.arange(10.0) * n) for n, (_, labels) in enumerate(listed)]
    got = pull(FakeClient(lambda _: answers), planned(*listed), T0, END, STEP_S)
    assert got.frame["cart.test", "g"].tolist() == list(range(10))
    assert not got.frame["cart.prod", "g"].any()


def test_how_far_it_is_gets_told():
    told = []
    pull(FakeClient(rising), planned(*gauges(2)), T0, END, STEP_S, tell=told.append)
    assert told == ["1 of 2 queries, 1 columns", "2 of 2 queries, 2 columns"]


def test_nothing_to_read_is_told_in_one_line():
    with pytest.raises(NotEnoughData, match="http://prometheus: nothing has a value between"):
        pull(FakeClient(lambda _: []), planned(*gauges(2)), T0, END, STEP_S)
    client = FakeClient(rising, refuse=lambda _: True)
    with pytest.raises(NotEnoughData, match="2 refused: 400 no such thing"):
        pull(client, planned(*gauges(2)), T0, END, STEP_S)


def test_a_frame_that_breaks_a_rule_is_refused():
    with pytest.raises(InvalidMetrics, match="constant"):
        pull(
            FakeClient(lambda _: [({"service": "cart"}, 1.0)]), planned(*gauges(1)), T0, END, STEP_S
        )
