"""From steps to a guide: the edges that data flow gives, and proof that they make a graph.

The order in which steps are written is no edge: two steps that share no data may run together.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from aiops.guides.guards import Guard
from aiops.guides.model import Edge, EdgeKind, Guide, Step, StepKind
from aiops.guides.references import INCIDENT, Reference, find_references
from aiops.suggest import did_you_mean
from aiops.types import InvalidGuide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def connect(title: str, steps: Sequence[Step], *, source: str = "guide") -> Guide:
    """Join `steps` into a guide.

    Raises
    ------
    InvalidGuide
        If two steps share a name, a step refers to one that does not exist or gives no data,
        a placeholder or guard cannot be read, or the steps wait for each other in a circle.

    Examples
    --------
    >>> read = Step("load", StepKind.READ, "metrics.read")
    >>> act = Step("act", StepKind.WRITE, "workload.restart", guard="load.cpu > 0.9")
    >>> connect("Hot", [act, read]).edges[0].provenance
    'when = load.cpu > 0.9'
    """
    bare = Guide(title, tuple(steps), source=source)
    _check_names(bare)
    guide = Guide(title, bare.steps, _edges(bare), source)
    _check_acyclic(guide)
    return guide


def _check_names(guide: Guide) -> None:
    seen: dict[str, Step] = {}
    for step in guide.steps:
        if step.name in seen:
            raise InvalidGuide(
                f"{guide.place(step)} has the name of the step at line "
                f"{seen[step.name].line}; rename one of the headings"
            )
        if step.name == INCIDENT:
            raise InvalidGuide(
                f"{guide.place(step)} has the name that stands for the incident itself; "
                "rename the heading"
            )
        seen[step.name] = step


def _edges(guide: Guide) -> tuple[Edge, ...]:
    steps = {step.name: step for step in guide.steps}
    edges: dict[Edge, None] = {}
    for step in guide.steps:
        try:
            found = list(_references(step))
        except InvalidGuide as error:
            raise InvalidGuide(f"{guide.place(step)}: {error}") from None
        for reference, kind, provenance in found:
            if reference.owner != INCIDENT:
                _check_owner(guide, steps, step, reference)
                edges[Edge(reference.owner, step.name, kind, provenance)] = None
    return tuple(edges)


def _references(step: Step) -> Iterator[tuple[Reference, EdgeKind, str]]:
    """Yield what `step` refers to, as which kind of edge, and in which words."""
    for name, template in step.arguments.items():
        for reference in find_references(template):
            yield reference, EdgeKind.DATA, f"{name} = {template}"
    if step.guard is not None:
        yield Guard.parse(step.guard).reference, EdgeKind.GUARD, f"when = {step.guard}"


def _check_owner(guide: Guide, steps: dict[str, Step], step: Step, reference: Reference) -> None:
    if reference.owner not in steps:
        raise InvalidGuide(
            f"{guide.place(step)} refers to {reference}, but no step is named "
            f"{reference.owner!r}; {did_you_mean(reference.owner, [*steps, INCIDENT])}"
        )
    if steps[reference.owner].kind is StepKind.MANUAL:
        raise InvalidGuide(
            f"{guide.place(step)} refers to {reference}, but {reference.owner!r} is a manual "
            "step and gives no data; give it an aiops block or drop the reference"
        )


def _check_acyclic(guide: Guide) -> None:
    try:
        TopologicalSorter(guide.dependencies()).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise InvalidGuide(
            f"{guide.source}: steps wait for each other: {' → '.join(_from_first(guide, circle))}; "
            "drop one of these references"
        ) from None


def _from_first(guide: Guide, circle: list[str]) -> list[str]:
    """Turn the circle so that it starts (and ends) at the step that is written first."""
    ring = circle[:-1]
    order = [step.name for step in guide.steps]
    start = ring.index(min(ring, key=order.index))
    return [*ring[start:], *ring[: start + 1]]
