"""From a directed graph to columns: causes stand left of what they act on.

The steps of the layered drawing of Sugiyama, Tagawa and Toda ("Methods for visual understanding
of hierarchical system structures", 1981): break cycles, assign layers, order each layer so that
few edges cross. Everything is deterministic; nothing here knows of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiops.types import CausalEdge, MetricId

Pair: TypeAlias = "tuple[MetricId, MetricId]"
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Bend:
    """A place in a layer where an edge passes through on its way to a farther one."""

    edge: Pair
    layer: int


Slot: TypeAlias = "MetricId | Bend"


def heaviest_first(edges: Iterable[CausalEdge]) -> list[CausalEdge]:
    """Sort edges by weight, ties by name."""
    return sorted(edges, key=lambda edge: (-edge.weight, edge.cause, edge.effect, edge.source))


def forward_edges(edges: Iterable[CausalEdge]) -> list[Pair]:
    """Return the edges that can all point right: heaviest first, none that closes a cycle."""
    graph: nx.DiGraph[MetricId] = nx.DiGraph()
    for edge in heaviest_first(edges):
        graph.add_nodes_from((edge.cause, edge.effect))
        if not nx.has_path(graph, edge.effect, edge.cause):
            graph.add_edge(edge.cause, edge.effect)
    return sorted(graph.edges)


def assign_layers(nodes: Iterable[MetricId], forward: Sequence[Pair]) -> dict[MetricId, int]:
    """Return the layer of each node, so that every edge of the acyclic `forward` points right.

    A node stands one layer right of its last cause; a node without causes stands one layer left
    of its first effect.
    """
    graph: nx.DiGraph[MetricId] = nx.DiGraph()
    graph.add_nodes_from(sorted(nodes))
    graph.add_edges_from(forward)
    layers = {
        node: layer
        for layer, generation in enumerate(nx.topological_generations(graph))
        for node in generation
    }
    for node in sorted(layers):
        effects = list(graph.successors(node))
        if effects and not list(graph.predecessors(node)):
            layers[node] = min(layers[effect] for effect in effects) - 1
    return layers


def order_layers(layers: Mapping[MetricId, int], forward: Sequence[Pair]) -> list[list[Slot]]:
    """Return the slots of each layer from top to bottom, bends included, with few crossings."""
    chains = [chain(pair, layers) for pair in forward]
    columns: list[list[Slot]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in sorted(layers):
        columns[layers[node]].append(node)
    for bend in (slot for slots in chains for slot in slots if isinstance(slot, Bend)):
        columns[bend.layer].append(bend)
    links = [link for slots in chains for link in pairwise(slots)]
    into, out = _neighbours((b, a) for a, b in links), _neighbours(links)
    for _ in range(_SWEEPS):
        for at in range(1, len(columns)):
            columns[at] = _by_barycentre(columns[at], columns[at - 1], into)
        for at in reversed(range(len(columns) - 1)):
            columns[at] = _by_barycentre(columns[at], columns[at + 1], out)
    return columns


def chain(pair: Pair, layers: Mapping[MetricId, int]) -> list[Slot]:
    """Return the slots an edge passes: its cause, a bend in each layer between, its effect."""
    cause, effect = pair
    return [cause, *(Bend(pair, at) for at in range(layers[cause] + 1, layers[effect])), effect]


def _neighbours(links: Iterable[tuple[Slot, Slot]]) -> dict[Slot, list[Slot]]:
    found: dict[Slot, list[Slot]] = {}
    for one, other in links:
        found.setdefault(one, []).append(other)
    return found


def _by_barycentre(
    column: list[Slot], fixed: list[Slot], neighbours: Mapping[Slot, list[Slot]]
) -> list[Slot]:
    """Sort a column by the mean relative height of each slot's neighbours in the fixed one."""
    height = {slot: (at + 0.5) / len(fixed) for at, slot in enumerate(fixed)}
    own = {slot: (at + 0.5) / len(column) for at, slot in enumerate(column)}

    def centre(slot: Slot) -> float:
        found = [height[other] for other in neighbours.get(slot, ()) if other in height]
        return sum(found) / len(found) if found else own[slot]

    return sorted(column, key=centre)
