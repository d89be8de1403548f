"""What a guide is once it has been read: steps, and the edges along which data flows.

Only data: reading a guide is `aiops.guides.parse`, running one is `aiops.guides.executor`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from aiops.guides.guards import Guard
from aiops.guides.references import Reference, find_references

if TYPE_CHECKING:
    from collections.abc import Mapping


class StepKind(enum.StrEnum):
    """What a step may do; writes and manual steps need a person's consent."""

    READ = "read"
    WRITE = "write"
    MANUAL = "manual"


class EdgeKind(enum.StrEnum):
    """Why one step waits for another."""

    DATA = "data"  # an argument holds a field of the source
    GUARD = "guard"  # a guard compares a field of the source
    GOTO = "goto"  # the text sends the reader on
    ORDER = "order"  # the text asks for this order


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a guide.

    Attributes
    ----------
    name : str
        The heading as a slug; placeholders and guards use it.
    tool : str
        The name of the tool; empty in a manual step.
    arguments : mapping of str to str
        May hold placeholders: ``{{incident.service}}``, ``{{step-name.field}}``.
    guard : str or None
        The comparison that must hold for the step to be needed, as `Guard.parse` reads it.
    title, text : str
        The heading and the prose under it, as written; placeholders in prose mean nothing.
    line : int
        The heading's line in the source, counted from 1; 0 where there is no source.
    """

    name: str
    kind: StepKind
    tool: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    guard: str | None = None
    title: str = ""
    text: str = ""
    line: int = 0

    @property
    def reads(self) -> tuple[Reference, ...]:
        """Every field this step needs before it can start, in order, without repeats.

        Raises
        ------
        InvalidGuide
            If a placeholder or the guard cannot be read.

        Examples
        --------
        >>> step = Step("scale", StepKind.WRITE, "workload.scale", {"to": "{{load.replicas}}"})
        >>> [str(reference) for reference in step.reads]
        ['load.replicas']
        """
        found = [
            reference
            for template in self.arguments.values()
            for reference in find_references(template)
        ]
        if self.guard is not None:
            found.append(Guard.parse(self.guard).reference)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` waits for `source`; `provenance` quotes the words that say so."""

    source: str
    target: str
    kind: EdgeKind
    provenance: str

    @property
    def carries_data(self) -> bool:
        """Whether the target cannot start without what the source gives."""
        return self.kind in (EdgeKind.DATA, EdgeKind.GUARD)


@dataclass(frozen=True, slots=True)
class Guide:
    """A troubleshooting guide as an acyclic graph of steps, in the order of its text.

    `source` is what the guide was read from, for error messages; `aiops.guides.connect` makes
    a guide from its steps and checks it.
    """

    title: str
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...] = ()
    source: str = "guide"

    def dependencies(self) -> dict[str, list[str]]:
        """Return step → the steps it waits for, in the order of the text."""
        # Lists, as the order of a set of names changes from one process to the next.
        waits: dict[str, dict[str, None]] = {step.name: {} for step in self.steps}
        for edge in self.edges:
            waits[edge.target][edge.source] = None
        return {name: list(sources) for name, sources in waits.items()}

    def in_order(self) -> tuple[Step, ...]:
        """Return the steps, each after all that it waits for, else as written.

        Raises
        ------
        graphlib.CycleError
            If the guide was put together by hand and is no graph.
        """
        steps = {step.name: step for step in self.steps}
        sorter = TopologicalSorter(dict.fromkeys(steps, ()))
        for name, sources in self.dependencies().items():
            sorter.add(name, *sources)
        return tuple(steps[name] for name in sorter.static_order())

    def place(self, step: Step) -> str:
        """Say where `step` stands, for an error message."""
        return f"{self.source}:{step.line}: step {step.name!r}"
