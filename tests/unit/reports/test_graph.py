import math
import re
from itertools import pairwise

import pytest

from aiops.reports.graph import MAX_EDGES, MAX_NODES, graph
from aiops.reports.routes import NODE_WIDTH
from aiops.types import CausalEdge, Cause, MetricId

DB = MetricId("db", "cpu")
WEB = MetricId("web", "latency_seconds")
CART = MetricId("cart", "cpu")


def edge(cause, effect, weight=1.0, lag_s=0.0, source="granger"):
    return CausalEdge(cause, effect, weight, lag_s, source)


@pytest.fixture
def drawn(make_investigation):
    def draw(*edges, **changes):
        return graph(make_investigation(ranking={"edges": tuple(edges), **changes}))

    return draw


def boxes(drawing):
    return {node.series: node for node in drawing.nodes}


def test_the_cause_stands_left_of_the_effect(drawn):
    nodes = boxes(drawn(edge(DB, WEB)))
    assert nodes[DB].x + NODE_WIDTH < nodes[WEB].x


def test_the_blamed_series_and_the_trigger_are_marked(drawn):
    nodes = boxes(drawn(edge(DB, WEB)))
    assert (nodes[DB].blamed, nodes[DB].trigger, nodes[DB].place) == (True, False, 1)
    assert (nodes[WEB].blamed, nodes[WEB].trigger, nodes[WEB].place) == (False, True, 2)


def test_nothing_is_marked_as_blamed_when_the_ranker_abstains(drawn):
    assert not any(node.blamed for node in drawn(edge(DB, WEB), abstained=True).nodes)


def test_without_edges_there_is_no_drawing(drawn):
    assert drawn() is None
    assert drawn(edge(DB, DB)) is None


def test_width_follows_weight_and_lag_is_written_where_there_is_one(drawn):
    heavy, light = drawn(edge(DB, WEB, 4.0, 60.0), edge(DB, CART, 1.0)).arrows
    assert heavy.width > light.width >= 1
    assert (heavy.lag, light.lag) == ("1\u202fmin", "")


def test_each_source_has_a_line_style_and_a_place_in_the_legend(drawn):
    drawing = drawn(
        edge(DB, WEB, source="granger"),
        edge(DB, CART, source="topology"),
        edge(WEB, CART, source="pc"),
    )
    assert {entry.source: entry.line for entry in drawing.legend} == {
        "granger": "solid",
        "pc": "dotted",
        "topology": "dashed",
    }
    assert {arrow.edge.source: arrow.line for arrow in drawing.arrows} == {
        entry.source: entry.line for entry in drawing.legend
    }


def test_two_sources_of_one_pair_are_one_arrow(drawn):
    drawing = drawn(edge(DB, WEB, 2.0, source="granger"), edge(DB, WEB, 1.0, source="topology"))
    (arrow,) = drawing.arrows
    assert arrow.edge.source == "granger + topology"
    assert arrow.edge.weight == 2.0


def test_a_cycle_is_drawn_with_its_lightest_edge_from_right_to_left(drawn):
    drawing = drawn(edge(DB, WEB, 2.0), edge(WEB, DB, 1.0))
    nodes = boxes(drawing)
    assert nodes[DB].x < nodes[WEB].x
    ends = [[float(n) for n in re.findall(r"[\d.]+", arrow.route.path)] for arrow in drawing.arrows]
    assert ends[0][0] < ends[0][-2]
    assert ends[1][0] > ends[1][-2]
    assert drawing.height >= max(ends[1][1::2])


def test_large_graphs_keep_the_blamed_series_the_trigger_and_the_best_ranked(drawn):
    others = [MetricId(f"s{n:02}", "cpu") for n in range(30)]
    ranked = (Cause("db", "cpu", 1.0), *(Cause(*series, 0.5) for series in others))
    drawing = drawn(
        *(edge(a, b, 1 + n / 100) for n, a in enumerate(others) for b in others if a < b),
        edge(DB, others[0], 0.1),
        edge(others[0], WEB, 0.1),
        causes=ranked,
        services=(),
    )
    assert len(drawing.nodes) <= MAX_NODES
    assert len(drawing.arrows) == MAX_EDGES
    assert {node.series for node in drawing.nodes} <= {DB, WEB, *others[:12]}
    assert drawing.hidden == 30 * 29 / 2 + 2 - MAX_EDGES


def test_weights_that_are_no_numbers_are_drawn_thin(drawn):
    drawing = drawn(edge(DB, WEB, math.nan), edge(DB, CART, 1.0), edge(CART, WEB, math.inf))
    assert [arrow.width for arrow in drawing.arrows] == [3.5, 1.0, 1.0]


def test_weights_of_zero_are_drawn_too(drawn):
    assert [arrow.width for arrow in drawn(edge(DB, WEB, 0.0)).arrows] == [1.0]


def test_boxes_do_not_overlap_and_lie_within_the_drawing(drawn):
    others = [MetricId(f"s{n:02}", "cpu") for n in range(9)]
    drawing = drawn(*(edge(DB, other) for other in others), edge(others[0], WEB), edge(DB, WEB))
    spots = sorted((node.x, node.y) for node in drawing.nodes)
    for (x, y), (next_x, next_y) in pairwise(spots):
        assert next_x >= x + NODE_WIDTH or next_y >= y + drawing.node_height
    assert max(x for x, _ in spots) + NODE_WIDTH <= drawing.width
    assert max(y for _, y in spots) + drawing.node_height <= drawing.height
    assert min(y for _, y in spots) >= 0


def test_arrows_that_share_a_side_leave_at_ports_of_their_own(drawn):
    drawing = drawn(edge(DB, WEB), edge(DB, CART))
    starts = {arrow.route.path.partition("C")[0] for arrow in drawing.arrows}
    assert len(starts) == 2


def test_the_drawing_says_in_words_what_it_shows(drawn):
    assert drawn(edge(DB, WEB, lag_s=60.0)).summary == (
        "Causes stand left of their effects. db/cpu acts on web/latency_seconds after 1\u202fmin."
    )
