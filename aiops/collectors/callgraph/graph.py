"""The call graph as data: edges with their provenance, merged, and held against the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from aiops.collectors.inventory.families import display_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`caller` calls `callee`; `source` says in words where that was seen."""

    caller: str
    callee: str
    source: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name in the graph that no series carries, and the service that is written most like it."""

    name: str
    near: str | None


@dataclass(frozen=True)
class CallGraph:
    """Calls between services, one edge for each place where a call was seen.

    Attributes
    ----------
    edges : tuple of Edge
    notes : tuple of str
        What was left out or could not be read, a sentence each.

    Examples
    --------
    >>> graph = CallGraph((Edge("web", "cart", "calls.csv"), Edge("web", "cart", "istio")))
    >>> graph.topology
    (('web', 'cart'),)
    >>> graph.coverage(["web", "cart", "stock", "mail"])
    0.5
    """

    edges: tuple[Edge, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def topology(self) -> tuple[tuple[str, str], ...]:
        """Each call once as (caller, callee), in order of the names."""
        return tuple(self.sources())

    @property
    def names(self) -> frozenset[str]:
        """Every service that an edge names."""
        return frozenset(name for edge in self.edges for name in (edge.caller, edge.callee))

    def sources(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return (caller, callee) → every place where the call was seen."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for edge in sorted(set(self.edges)):
            call = edge.caller, edge.callee
            found[call] = (*found.get(call, ()), edge.source)
        return found

    def coverage(self, services: Collection[str]) -> float:
        """Return the share of `services` that an edge names; 0 where there are none."""
        known = set(services)
        return len(known & self.names) / len(known) if known else 0.0

    def missing(self, services: Collection[str]) -> tuple[str, ...]:
        """Return the services that no edge names."""
        return tuple(sorted(set(services) - self.names))

    def strangers(self, services: Collection[str]) -> tuple[Stranger, ...]:
        """Return the names in the graph that are none of `services`."""
        known = sorted(set(services))
        return tuple(
            Stranger(name, next(iter(get_close_matches(name, known, n=1)), None))
            for name in sorted(self.names - set(known))
        )


def known_as(names: Iterable[str], namespace: str, services: Collection[str]) -> str:
    """Return the name by which the metrics know a service of `namespace`; else its first name.

    Where two namespaces have a service of one name, frames tell them apart by a suffix.

    >>> known_as(["cart"], "shop", {"cart.shop", "cart.test"})
    'cart.shop'
    >>> known_as(["cart-v1", "cart"], "shop", {"cart"}), known_as(["cart"], "shop", ())
    ('cart', 'cart')
    """
    first, *others = names
    for name in (first, *others):
        for written in (display_name(name), display_name(name, namespace)):
            if written in services:
                return written
    return display_name(first)


def merged(*graphs: CallGraph) -> CallGraph:
    """Return one graph with every edge and every note of `graphs`, each once."""
    edges = {edge for graph in graphs for edge in graph.edges}
    notes = dict.fromkeys(note for graph in graphs for note in graph.notes)
    return CallGraph(tuple(sorted(edges)), tuple(notes))
