"""Edges come from data flow alone, and what is no graph is refused with its place."""

import itertools

import pytest

from aiops.guides.graph import connect
from aiops.guides.model import Edge, EdgeKind, Step, StepKind
from aiops.types import InvalidGuide


def read(name, line=0, guard=None, kind=StepKind.READ, **arguments):
    return Step(name, kind, "tool", arguments, guard, line=line)


def test_placeholders_give_data_edges_and_guards_give_guard_edges():
    guide = connect("T", [read("a"), read("b", guard="a.x > 1", to="{{a.y}}-{{a.z}}")])
    assert guide.edges == (
        Edge("a", "b", EdgeKind.DATA, "to = {{a.y}}-{{a.z}}"),
        Edge("a", "b", EdgeKind.GUARD, "when = a.x > 1"),
    )


def test_the_incident_and_the_order_of_the_text_give_no_edges():
    guide = connect("T", [read("a", s="{{incident.service}}"), read("b"), read("c")])
    assert guide.edges == ()
    assert guide.dependencies() == {"a": [], "b": [], "c": []}


def test_edges_do_not_depend_on_the_order_of_the_steps():
    steps = [read("a"), read("b", x="{{a.x}}"), read("c", guard="b.x > 1", y="{{a.y}}")]
    graphs = [connect("T", order).edges for order in itertools.permutations(steps)]
    assert {frozenset(edges) for edges in graphs} == {frozenset(graphs[0])}
    assert len(graphs[0]) == 3


def test_an_unknown_step_is_named_with_its_place_and_the_nearest_name():
    steps = [read("saturation", line=3), read("restart", line=9, x="{{saturaton.cpu}}")]
    message = (
        "g.md:9: step 'restart' refers to saturaton.cpu, but no step is named 'saturaton'; "
        "did you mean 'saturation'?"
    )
    with pytest.raises(InvalidGuide) as error:
        connect("T", steps, source="g.md")
    assert str(error.value) == message


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_a_cycle_is_printed_as_a_path_from_its_first_step(order):
    sources = {"a": "c", "b": "a", "c": "b"}
    steps = [read(name, x=f"{{{{{sources[name]}.x}}}}") for name in order]
    path = {"a": "a → b → c → a", "b": "b → c → a → b", "c": "c → a → b → c"}[order[0]]
    with pytest.raises(InvalidGuide, match=f"guide: steps wait for each other: {path}; drop one"):
        connect("T", [read("d"), *steps])


def test_a_step_that_needs_itself_is_a_cycle():
    with pytest.raises(InvalidGuide, match="a → a"):
        connect("T", [read("a", guard="a.x > 1")])


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(InvalidGuide, match=r"g:7: step 'a' has the name of the step at line 2"):
        connect("T", [read("a", line=2), read("a", line=7)], source="g")


def test_no_step_may_be_named_incident():
    with pytest.raises(InvalidGuide, match="stands for the incident itself"):
        connect("T", [read("incident")])


def test_a_manual_step_gives_no_data():
    manual = Step("look", StepKind.MANUAL)
    with pytest.raises(InvalidGuide, match="'look' is a manual step and gives no data"):
        connect("T", [manual, read("b", x="{{look.x}}")])


@pytest.mark.parametrize("broken", [{"x": "{{a}}"}, {"guard": "a > 1"}])
def test_what_cannot_be_read_is_named_with_its_step(broken):
    with pytest.raises(InvalidGuide, match="guide:4: step 'b': "):
        connect("T", [read("a"), read("b", line=4, **broken)])


def test_reads_come_without_repeats():
    step = read("b", guard="a.x > 1", p="{{a.x}}", q="{{incident.s}}{{a.x}}")
    assert [str(reference) for reference in step.reads] == ["a.x", "incident.s"]


def test_steps_come_after_what_they_wait_for_and_else_as_written():
    steps = [read("d", x="{{b.x}}{{a.x}}"), read("c"), read("b"), read("a")]
    guide = connect("T", steps)
    assert guide.dependencies()["d"] == ["b", "a"]
    assert [step.name for step in guide.in_order()] == ["c", "b", "a", "d"]
