"""The causal graph as a drawing: the strongest nodes, causes left, effects right."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiops.reports import words
from aiops.reports.layers import (
    assign_layers,
    chain,
    forward_edges,
    heaviest_first,
    order_layers,
)
from aiops.reports.routes import (
    BACK_DIP,
    MARGIN,
    NODE_HEIGHT,
    NODE_WIDTH,
    Route,
    place_slots,
    route_back,
    routes_right,
)
from aiops.reports.suspects import share
from aiops.reports.verdict import blamed_cause, ranked_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiops.reports.layers import Pair, Slot
    from aiops.reports.routes import Spot
    from aiops.types import CausalEdge, Investigation, MetricId

MAX_NODES = 14
MAX_EDGES = 28

_KNOWN_LINES = {"topology": "dashed"}
_OTHER_LINES = ("solid", "dotted", "dashdot")
_SOURCE_WORDS = {
    "granger": "the past of one series helps to predict the other",
    "topology": "known from the call graph",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One series as a box; `place` is the rank of its service, or None."""

    series: MetricId
    x: float
    y: float
    place: int | None
    blamed: bool
    trigger: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge: its route, stroke width and line style, and the lag written beside it."""

    edge: CausalEdge
    route: Route
    width: float
    line: str
    lag: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """What one line style stands for."""

    line: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The drawing, in pixels; `hidden` counts the edges left out because they are weaker."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    legend: tuple[LegendEntry, ...]
    hidden: int
    node_width: float = NODE_WIDTH
    node_height: float = NODE_HEIGHT

    @property
    def summary(self) -> str:
        """The arrows in words, heaviest first, for those who cannot see them."""
        told = "; ".join(
            f"{arrow.edge.cause} acts on {arrow.edge.effect}"
            + (f" after {arrow.lag}" if arrow.lag else "")
            for arrow in self.arrows
        )
        return f"Causes stand left of their effects. {told}."


def graph(investigation: Investigation) -> Graph | None:
    """Draw the strongest part of the causal graph; None where there is no edge."""
    edges = strongest_edges(investigation)
    if not edges:
        return None
    nodes = sorted({end for edge in edges for end in (edge.cause, edge.effect)})
    forward = forward_edges(edges)
    layers = assign_layers(nodes, forward)
    spots = place_slots(order_layers(layers, forward))
    routes = routes_right({pair: chain(pair, layers) for pair in forward}, spots)
    dip = BACK_DIP if len(forward) < len(edges) else 0
    return Graph(
        width=max(spot.right for spot in spots.values()) + MARGIN,
        height=max(spot.middle for spot in spots.values()) + NODE_HEIGHT / 2 + MARGIN + dip,
        nodes=_nodes(investigation, nodes, spots),
        arrows=_arrows(edges, routes, spots),
        legend=_legend(edges),
        hidden=len(_distinct(investigation.ranking.edges)) - len(edges),
    )


def strongest_edges(investigation: Investigation) -> list[CausalEdge]:
    """Return at most `MAX_EDGES` edges among at most `MAX_NODES` nodes, heaviest first.

    The blamed series and the trigger come first, then the ranked causes in their order, then
    whatever the heaviest edges touch.
    """
    edges = _distinct(investigation.ranking.edges)
    touched = dict.fromkeys(end for edge in edges for end in (edge.cause, edge.effect))
    blamed = blamed_cause(investigation.ranking)
    wanted = dict.fromkeys(
        (
            *([blamed.series] if blamed else []),
            *([investigation.case.trigger] if investigation.case.trigger else []),
            *(cause.series for cause in investigation.ranking.causes),
            *touched,
        )
    )
    nodes = set([node for node in wanted if node in touched][:MAX_NODES])
    return [edge for edge in edges if {edge.cause, edge.effect} <= nodes][:MAX_EDGES]


def _distinct(edges: Iterable[CausalEdge]) -> list[CausalEdge]:
    """Return one edge for each ordered pair, heaviest first; sources of the same pair are joined.

    A series that acts on itself says nothing about blame and is left out.
    """
    merged: dict[Pair, CausalEdge] = {}
    sound = (
        edge if math.isfinite(edge.weight) else replace(edge, weight=0.0)
        for edge in edges
        if edge.cause != edge.effect
    )
    for edge in heaviest_first(sound):
        pair = (edge.cause, edge.effect)
        first = merged.setdefault(pair, edge)
        if edge.source not in first.source.split(" + "):
            merged[pair] = replace(first, source=f"{first.source} + {edge.source}")
    return list(merged.values())


def _nodes(
    investigation: Investigation, series: list[MetricId], spots: Mapping[Slot, Spot]
) -> tuple[Node, ...]:
    services = ranked_services(investigation.ranking)
    blamed = blamed_cause(investigation.ranking)
    return tuple(
        Node(
            series=one,
            x=spots[one].left,
            y=spots[one].middle - NODE_HEIGHT / 2,
            place=services.index(one.service) + 1 if one.service in services else None,
            blamed=blamed is not None and one == blamed.series,
            trigger=one == investigation.case.trigger,
        )
        for one in series
    )


def _arrows(
    edges: list[CausalEdge], routes: Mapping[Pair, Route], spots: Mapping[Slot, Spot]
) -> tuple[Arrow, ...]:
    lines = _lines(edges)
    heaviest = max(edge.weight for edge in edges)
    return tuple(
        Arrow(
            edge=edge,
            route=routes.get((edge.cause, edge.effect))
            or route_back(spots[edge.cause], spots[edge.effect]),
            width=round(1 + 2.5 * share(edge.weight, heaviest) / 100, 2),
            line=lines[edge.source],
            lag=words.duration(edge.lag_s) if edge.lag_s > 0 else "",
        )
        for edge in edges
    )


def _lines(edges: list[CausalEdge]) -> dict[str, str]:
    """Return the line style of each source: topology dashed, the first of the others solid."""
    sources = sorted({edge.source for edge in edges})
    others = [source for source in sources if source not in _KNOWN_LINES]
    styles = {source: _OTHER_LINES[at % len(_OTHER_LINES)] for at, source in enumerate(others)}
    return {source: _KNOWN_LINES.get(source) or styles[source] for source in sources}


def _legend(edges: list[CausalEdge]) -> tuple[LegendEntry, ...]:
    return tuple(
        LegendEntry(line, source, _SOURCE_WORDS.get(source, ""))
        for source, line in _lines(edges).items()
    )
