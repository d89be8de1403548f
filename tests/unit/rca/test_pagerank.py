"""Blame walks against the arrows, as networkx's PageRank does on the reversed graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rca.pagerank import blame
from tests import naive

CHAIN = np.diag(np.ones(3), k=1)  # 0 → 1 → 2 → 3
SPARSE = st.one_of(st.just(0.0), st.floats(0.01, 5))


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 7))
    weights = draw(hnp.arrays(float, (n, n), elements=SPARSE))
    if draw(st.booleans()):
        weights[:, draw(st.integers(0, n - 1))] = 0  # one that nothing acts on
    return weights, draw(hnp.arrays(float, n, elements=SPARSE))


@settings(deadline=None, max_examples=100)
@given(graphs(), st.floats(0.05, 0.95))
def test_agrees_with_networkx_dangling_nodes_included(graph, alpha):
    weights, restart = graph
    expected = naive.blame(weights.tolist(), restart.tolist(), alpha)
    np.testing.assert_allclose(blame(weights, restart, alpha=alpha), expected, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(graphs(), st.floats(0.01, 100))
def test_is_a_share_and_knows_no_unit(graph, unit):
    weights, restart = graph
    share = blame(weights, restart)
    assert share.sum() == pytest.approx(1)
    assert (share >= 0).all()
    np.testing.assert_allclose(blame(unit * weights, restart / unit), share, atol=1e-9)


def test_the_head_of_a_chain_is_blamed_most_and_the_symptom_least():
    share = blame(CHAIN, np.ones(4))
    assert share.tolist() == sorted(share, reverse=True)
    assert share[0] > 2 * share[3]


def test_even_if_only_the_symptom_is_strange():
    assert blame(CHAIN, np.array([0.0, 0.0, 0.0, 1.0])).argmax() == 3
    assert blame(CHAIN, np.array([0.0, 0.0, 0.0, 1.0]), alpha=0.99)[0] > 0.2


def test_without_edges_the_evidence_alone_decides():
    restart = np.array([1.0, 3.0, 0.0])
    np.testing.assert_allclose(blame(np.zeros((3, 3)), restart), restart / 4)


def test_without_evidence_all_start_alike():
    np.testing.assert_allclose(blame(np.zeros((4, 4)), np.zeros(4)), 0.25)


def test_a_cycle_has_no_head():
    cycle = np.roll(np.eye(3), 1, axis=1)
    np.testing.assert_allclose(blame(cycle, np.ones(3)), 1 / 3)


def test_of_two_causes_the_heavier_edge_gets_more():
    weights = np.array([[0, 0, 3.0], [0, 0, 1.0], [0, 0, 0]])
    share = blame(weights, np.array([0.0, 0.0, 1.0]))
    assert share[0] == pytest.approx(3 * share[1])
