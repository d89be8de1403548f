"""A toolbox is names; a guide and its tools must agree before anything runs."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from aiops.guides.graph import connect
from aiops.guides.model import Step, StepKind
from aiops.guides.tools import Toolbox, ToolFailed, call, check_tools
from aiops.types import InvalidGuide, InvalidInput


@dataclass(frozen=True)
class Fake:
    name: str
    writes: bool = False
    output: dict[str, Any] = field(default_factory=dict)

    def run(self, arguments):
        return self.output


TOOLBOX = Toolbox([Fake("workload.read"), Fake("workload.restart", writes=True)])


def guide(kind, tool):
    return connect("T", [Step("s", kind, tool, line=5)], source="g.md")


def test_a_toolbox_gives_tools_by_name():
    assert sorted(TOOLBOX) == ["workload.read", "workload.restart"]
    assert len(TOOLBOX) == 2
    assert TOOLBOX["workload.restart"].writes


def test_an_unknown_tool_comes_with_the_nearest_name():
    with pytest.raises(InvalidInput, match=r"no tool is named 'workload.raed'; did you mean"):
        TOOLBOX["workload.raed"]


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(InvalidInput, match="two tools are named 'x'"):
        Toolbox([Fake("x"), Fake("x", writes=True)])


def test_a_guide_may_not_name_an_unknown_tool():
    with pytest.raises(InvalidGuide, match=r"g\.md:5: step 's': no tool is named 'nope'"):
        check_tools(guide(StepKind.READ, "nope"), TOOLBOX)


def test_a_read_step_may_not_name_a_writing_tool():
    with pytest.raises(InvalidGuide, match=r"g\.md:5: step 's' is a read, but .* writes"):
        check_tools(guide(StepKind.READ, "workload.restart"), TOOLBOX)


@pytest.mark.parametrize(
    ("kind", "tool"),
    [
        (StepKind.READ, "workload.read"),
        (StepKind.WRITE, "workload.restart"),
        (StepKind.WRITE, "workload.read"),
        (StepKind.MANUAL, ""),
    ],
)
def test_a_step_may_declare_as_much_as_its_tool_does_or_more(kind, tool):
    check_tools(guide(kind, tool), TOOLBOX)


def test_json_values_pass_unchanged():
    output = {"a": 1, "b": [None, True, {"c": 0.5}], "d": "text", "e": {}}
    assert call(Fake("t", output=output), {}) == output


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), (1, 2), {1: 2}, {"deep": [float("nan")]}, {1, 2}, b"x", object()],
)
def test_a_value_that_json_cannot_hold_is_a_failure(value):
    with pytest.raises(ToolFailed, match=r"t ran, but gave bad = .* which JSON cannot hold"):
        call(Fake("t", output={"fine": 1, "bad": value}), {})
