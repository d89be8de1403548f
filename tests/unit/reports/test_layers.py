import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.reports.layers import Bend, assign_layers, chain, forward_edges, order_layers
from aiops.types import CausalEdge, MetricId

NODES = [MetricId(f"s{n}", "cpu") for n in range(8)]


def edge(cause, effect, weight=1.0):
    return CausalEdge(NODES[cause], NODES[effect], weight, 0.0, "granger")


PAIRS = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] != pair[1])
GRAPHS = st.lists(
    st.builds(lambda pair, weight: edge(*pair, weight), PAIRS, st.floats(0, 10)), max_size=25
)


def layered(edges):
    nodes = {end for one in edges for end in (one.cause, one.effect)}
    forward = forward_edges(edges)
    return forward, assign_layers(nodes, forward)


@given(GRAPHS)
@settings(deadline=None, max_examples=100)
def test_on_a_dag_every_cause_stands_left_of_its_effect(edges):
    dag = [one for one in edges if one.cause < one.effect]
    forward, layers = layered(dag)
    assert set(forward) == {(one.cause, one.effect) for one in dag}
    assert all(layers[one.cause] < layers[one.effect] for one in dag)


@given(GRAPHS)
@settings(deadline=None, max_examples=100)
def test_whatever_points_forward_is_acyclic_and_no_edge_is_dropped_in_vain(edges):
    forward, layers = layered(edges)
    graph = nx.DiGraph(forward)
    assert nx.is_directed_acyclic_graph(graph)
    for one in edges:
        if (one.cause, one.effect) not in forward:
            assert nx.has_path(graph, one.effect, one.cause)
            assert layers[one.effect] < layers[one.cause]


def test_the_lightest_edge_of_a_cycle_points_back():
    edges = [edge(0, 1, 3.0), edge(1, 2, 2.0), edge(2, 0, 1.0)]
    assert forward_edges(edges) == [(NODES[0], NODES[1]), (NODES[1], NODES[2])]


@given(GRAPHS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_order_in_which_edges_come_does_not_matter(edges, random):
    shuffled = random.sample(edges, len(edges))
    assert layered(edges) == layered(shuffled)
    assert order_layers(*reversed(layered(edges))) == order_layers(*reversed(layered(shuffled)))


def test_a_cause_stands_next_to_its_first_effect():
    _, layers = layered([edge(0, 1), edge(1, 2), edge(2, 3), edge(4, 3)])
    assert layers[NODES[4]] == layers[NODES[3]] - 1


@given(GRAPHS)
@settings(deadline=None, max_examples=50)
def test_every_slot_of_every_chain_has_its_place(edges):
    forward, layers = layered(edges)
    columns = order_layers(layers, forward)
    expected = {slot for pair in forward for slot in chain(pair, layers)} | set(layers)
    placed = [slot for column in columns for slot in column]
    assert len(placed) == len(set(placed))
    assert set(placed) == expected
    for at, column in enumerate(columns):
        for slot in column:
            assert at == (slot.layer if isinstance(slot, Bend) else layers[slot])


def test_the_order_of_a_layer_avoids_a_crossing_it_can_avoid():
    edges = [edge(0, 5), edge(1, 4)]
    forward, layers = layered(edges)
    first, second = order_layers(layers, forward)
    assert [first.index(NODES[0]), first.index(NODES[1])] == [
        second.index(NODES[5]),
        second.index(NODES[4]),
    ]
