"""Tools: what a step can do, supplied by whoever runs the guide.

A guide only names tools. Which cluster they read, and whether they exist at all, is the
caller's affair; this module says what a tool is and checks that a guide and its tools agree.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from aiops.guides.model import StepKind
from aiops.suggest import did_you_mean
from aiops.types import AiopsError, InvalidGuide, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aiops.guides.model import Guide


class ToolFailed(AiopsError):
    """A tool could not do what a step asked; the text says why."""


class Tool(Protocol):
    """Something a step can call.

    Steps that share no data run side by side, so tools are called from several threads at once.
    """

    @property
    def name(self) -> str:
        """The name that guides use, such as ``workload.read``."""
        ...

    @property
    def writes(self) -> bool:
        """Whether a call can change anything outside."""
        ...

    def run(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Do it, and return what later steps may refer to, as JSON values.

        Raises
        ------
        ToolFailed
            If it could not be done; a tool turns network and similar errors into this one.
        """
        ...


class Toolbox:
    """The tools a guide may use, by name.

    Raises
    ------
    InvalidInput
        If two tools have the same name.
    """

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise InvalidInput(f"two tools are named {tool.name!r}; rename one")
            self._tools[tool.name] = tool

    def __getitem__(self, name: str) -> Tool:
        if name not in self._tools:
            raise InvalidInput(f"no tool is named {name!r}; {did_you_mean(name, self)}")
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)


def check_tools(guide: Guide, toolbox: Toolbox) -> None:
    """Raise unless every step's tool exists and does no more than the step declares.

    Raises
    ------
    InvalidGuide
        If a step names an unknown tool, or a read step names a tool that writes.
    """
    for step in guide.steps:
        if step.kind is StepKind.MANUAL:
            continue
        try:
            tool = toolbox[step.tool]
        except InvalidInput as error:
            raise InvalidGuide(f"{guide.place(step)}: {error}") from None
        if tool.writes and step.kind is StepKind.READ:
            raise InvalidGuide(
                f"{guide.place(step)} is a read, but {step.tool!r} writes; "
                'declare kind = "write", which asks for approval'
            )


def call(tool: Tool, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Run `tool` and return its output, which is sure to survive as JSON.

    Raises
    ------
    ToolFailed
        If a field is not a JSON value; NaN and infinity are none. A write has then happened.
    """
    output = tool.run(arguments)
    for field, value in output.items():
        if not _is_json(value):
            raise ToolFailed(
                f"{tool.name} ran, but gave {field} = {value!r}, which JSON cannot hold; "
                "the tool must leave the field out or give None"
            )
    return output


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
