"""Arrows point cause → effect, whether calls or Granger say so."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import CausalEdge, MetricId
from rca.graph import (
    LAGS,
    LEVEL,
    MAX_CAUSES,
    SCREEN,
    call_edges,
    granger_edges,
    service_weights,
)
from rca.services import ownership

WEB, CART, DB = (MetricId(name, "latency") for name in ("web", "cart", "db"))
STEP = 15.0


def chain(seed, length, lag, rows=150):
    """Return standardised noise in which every column drives the next, `lag` rows later."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, length))
    for column in range(1, length):
        values[lag:, column] = 0.9 * values[:-lag, column - 1] + 0.4 * values[lag:, column]
    return (values - values.mean(axis=0)) / values.std(axis=0)


def ids(count):
    return [MetricId(f"s{place:03}", "value") for place in range(count)]


class TestCallEdges:
    def test_the_callee_acts_on_the_caller(self):
        edges = call_edges([WEB, DB], np.array([1.0, 2.0]), [("web", "db")])
        assert edges == (CausalEdge(DB, WEB, weight=2.0, lag_s=0.0, source="topology"),)

    def test_the_strangest_series_stand_for_their_services(self):
        cpu = MetricId("db", "cpu")
        edges = call_edges([WEB, DB, cpu], np.array([1.0, 2.0, 3.0]), [("web", "db")])
        assert [(edge.cause, edge.weight) for edge in edges] == [(cpu, 3.0)]

    @pytest.mark.parametrize(
        "topology",
        [[("web", "db")], [("db", "web")], [("cart", "cart")], [("web", "nobody")], []],
    )
    def test_only_between_two_strange_services_that_are_there(self, topology):
        assert call_edges([WEB, CART, DB], np.array([1.0, 1.0, 0.0]), topology) == ()

    def test_a_call_listed_twice_is_one_edge(self):
        assert len(call_edges([WEB, DB], np.ones(2), [("web", "db")] * 2)) == 1


class TestGrangerEdges:
    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 9999), st.integers(2, 6), st.integers(1, LAGS))
    def test_in_a_chain_the_true_direction_dominates(self, seed, length, lag):
        series = ids(length)
        edges = granger_edges(series, np.ones(length), chain(seed, length, lag), STEP)
        found = {(edge.cause, edge.effect): edge for edge in edges}
        for cause, effect in pairwise(series):
            assert found[cause, effect].weight > 0.5
            assert found[cause, effect].lag_s == lag * STEP
            assert (effect, cause) not in found
        weights = [edge.weight for edge in edges]
        assert weights == sorted(weights, reverse=True)
        assert {edge.source for edge in edges} == {"granger"}

    def test_of_two_opposite_edges_the_stronger_is_kept(self):
        rng = np.random.default_rng(0)
        z = rng.normal(size=(300, 2))
        for row in range(1, 300):
            z[row, 1] += 0.9 * z[row - 1, 0]
            z[row, 0] += 0.3 * z[row - 1, 1]
        edges = granger_edges(ids(2), np.ones(2), z, STEP)
        assert [(edge.cause.service, edge.effect.service) for edge in edges] == [("s000", "s001")]

    def test_a_series_keeps_its_strongest_causes_only(self):
        rng = np.random.default_rng(0)
        z = rng.normal(size=(400, MAX_CAUSES + 2))
        weights = np.linspace(1, 2, MAX_CAUSES + 1)
        z[1:, -1] += z[:-1, :-1] @ weights
        edges = granger_edges(ids(MAX_CAUSES + 2), np.ones(MAX_CAUSES + 2), z, STEP)
        into = [
            edge.cause.service for edge in edges if edge.effect.service == f"s{len(weights):03}"
        ]
        assert sorted(into) == [f"s{place:03}" for place in range(1, MAX_CAUSES + 1)]

    def test_what_is_not_strange_is_not_looked_at(self):
        z = chain(0, 3, 1)
        edges = granger_edges(ids(3), np.array([1.0, 1.0, 0.0]), z, STEP)
        assert {edge.effect.service for edge in edges} == {"s001"}
        assert granger_edges(ids(3), np.array([1.0, 0.0, 0.0]), z, STEP) == ()
        assert granger_edges(ids(3), np.zeros(3), z, STEP) == ()

    def test_only_the_strangest_are_screened_in(self):
        rng = np.random.default_rng(0)
        z = np.column_stack([rng.normal(size=(150, SCREEN)), chain(0, 2, 1)])
        calm_last = np.linspace(2, 1, SCREEN + 2)
        linked = {f"s{SCREEN:03}", f"s{SCREEN + 1:03}"}

        def pairs(strength):
            edges = granger_edges(ids(SCREEN + 2), strength, z, STEP)
            return [{edge.cause.service, edge.effect.service} for edge in edges]

        assert linked not in pairs(calm_last)
        assert linked in pairs(calm_last[::-1])

    def test_noise_makes_an_edge_as_rarely_as_promised(self):
        found = [
            granger_edges(ids(6), np.ones(6), np.random.default_rng(seed).normal(size=(150, 6)), 1)
            for seed in range(100)
        ]
        assert sum(len(edges) > 0 for edges in found) <= 100 * LEVEL + 3

    def test_one_wild_sample_weighs_as_little_as_a_strange_one(self):
        z = np.random.default_rng(0).normal(size=(150, 2))
        z[80, 0] = z[81, 1] = 1e6
        wild = granger_edges(ids(2), np.ones(2), z, STEP)
        assert all(edge.weight < 0.6 for edge in wild)

    def test_too_few_rows_link_nobody(self):
        assert granger_edges(ids(2), np.ones(2), chain(0, 2, 1)[: 3 * LAGS + 1], STEP) == ()


class TestServiceWeights:
    OWNERS = ownership([WEB, CART, DB], [])  # in alphabetical order: cart, db, web
    STRENGTH = np.array([1.0, 2.0, 3.0])
    GRANGER = (
        CausalEdge(WEB, CART, weight=0.5, lag_s=STEP, source="granger"),
        CausalEdge(WEB, CART, weight=0.2, lag_s=STEP, source="granger"),
        CausalEdge(DB, DB, weight=0.9, lag_s=STEP, source="granger"),
    )

    def weights(self, edges, topology):
        return service_weights(edges, topology, self.OWNERS, self.STRENGTH).tolist()

    def test_a_call_weighs_as_much_as_the_callee_is_strange(self):
        found = self.weights((), [("web", "db"), ("web", "cart"), ("cart", "db")])
        assert found == [[0, 0, 1], [2, 0, 2], [0, 0, 0]]

    def test_without_a_call_graph_the_strongest_granger_edge_stands_in(self):
        assert self.weights(self.GRANGER, []) == [[0, 0, 0], [0, 0, 0], [1.5, 0, 0]]

    @pytest.mark.parametrize("topology", [[("x", "y")], [("web", "y")]])
    def test_calls_of_strangers_are_no_call_graph(self, topology):
        assert self.weights(self.GRANGER, topology) == self.weights(self.GRANGER, [])

    def test_between_covered_services_the_call_graph_alone_decides(self):
        assert self.weights(self.GRANGER, [("web", "cart")]) == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]

    def test_elsewhere_granger_fills_in(self):
        assert self.weights(self.GRANGER, [("web", "db")]) == [[0, 0, 0], [0, 0, 2], [1.5, 0, 0]]

    def test_nobody_acts_on_itself(self):
        assert np.trace(np.array(self.weights(self.GRANGER, [("db", "db")]))) == 0
