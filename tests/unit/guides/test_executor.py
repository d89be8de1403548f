"""Every outcome is reached, reads run side by side, and no write runs without consent."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.guides.approval import ApprovedBy, NobodyApproves
from aiops.guides.executor import run_guide
from aiops.guides.graph import connect
from aiops.guides.library import load
from aiops.guides.model import Edge, EdgeKind, Guide, Step, StepKind
from aiops.guides.tools import Toolbox, ToolFailed
from aiops.types import InvalidGuide, InvalidInput, Outcome

START = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = {"service": "cart"}


@dataclass
class Fake:
    """A tool that remembers its calls and gives `output`, or fails when that is text."""

    name: str
    output: dict[str, Any] | str = field(default_factory=dict)
    writes: bool = False
    calls: list[dict[str, str]] = field(default_factory=list)

    def run(self, arguments):
        self.calls.append(dict(arguments))
        if isinstance(self.output, str):
            raise ToolFailed(self.output)
        return self.output


@dataclass
class Asked:
    """An approver that remembers what it was asked and approves only `allowed` steps."""

    allowed: frozenset[str] = frozenset()
    questions: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def approve(self, step, arguments):
        self.questions.append((step.name, dict(arguments)))
        return "ada" if step.name in self.allowed else None


def read(name, guard=None, **arguments):
    return Step(name, StepKind.READ, name, arguments, guard)


def write(name, guard=None, **arguments):
    return Step(name, StepKind.WRITE, name, arguments, guard)


def manual(name):
    return Step(name, StepKind.MANUAL, title=name.title(), text="Look.")


def run(guide, tools=(), approver=None, **options):
    if not isinstance(guide, Guide):
        guide = connect("T", guide)
    return run_guide(
        guide,
        Toolbox(tools),
        context=options.pop("context", CONTEXT),
        approver=approver or NobodyApproves(),
        **options,
    )


def outcomes(result):
    return {each.step: each.outcome for each in result.steps}


def step_run(result, name):
    return next(each for each in result.steps if each.step == name)


def ticking():
    """Return a clock that moves one second each time it is read, from any thread."""
    seconds = count()
    return lambda: START + timedelta(seconds=next(seconds))


def test_data_flows_from_step_to_step():
    first, second = Fake("a", {"pod": "cart-0", "n": 2}), Fake("b")
    result = run(
        [read("b", p="{{a.pod}}/{{a.n}}"), read("a", s="{{incident.service}}")], [first, second]
    )
    assert first.calls == [{"s": "cart"}]
    assert second.calls == [{"p": "cart-0/2"}]
    assert result.outcome is Outcome.SUCCEEDED
    assert [each.step for each in result.steps] == ["a", "b"]
    assert step_run(result, "a").output == {"pod": "cart-0", "n": 2}
    assert step_run(result, "b").detail == "b(p='cart-0/2')"


def test_a_false_guard_skips_and_so_does_what_needs_its_data():
    tools = [Fake("a", {"cpu": 0.1}), Fake("b"), Fake("c"), Fake("d")]
    steps = [read("a"), read("b", "a.cpu > 0.9"), read("c", x="{{b.x}}"), read("d", "c.x > 1")]
    result = run(steps, tools)
    assert outcomes(result) == {
        "a": Outcome.SUCCEEDED,
        "b": Outcome.SKIPPED,
        "c": Outcome.SKIPPED,
        "d": Outcome.SKIPPED,
    }
    assert result.outcome is Outcome.SUCCEEDED
    assert step_run(result, "b").detail == "not needed: a.cpu > 0.9 is false"
    assert step_run(result, "c").detail == "needs data of 'b', which was skipped"
    assert not tools[1].calls + tools[2].calls + tools[3].calls


def test_a_skipped_step_does_not_hold_back_what_only_follows_it():
    base = connect("T", [read("a"), read("b", "a.cpu > 0.9"), read("c")])
    guide = Guide("T", base.steps, (*base.edges, Edge("b", "c", EdgeKind.ORDER, "then")))
    result = run(guide, [Fake("a", {"cpu": 0.1}), Fake("b"), Fake("c")])
    assert outcomes(result)["b"] is Outcome.SKIPPED
    assert outcomes(result)["c"] is Outcome.SUCCEEDED


def test_a_failure_blocks_what_depends_on_it_and_nothing_else():
    tools = [Fake("a", "the server is gone"), Fake("b"), Fake("c"), Fake("d")]
    result = run([read("a"), read("b", x="{{a.x}}"), read("c", "b.x > 1"), read("d")], tools)
    assert outcomes(result) == {
        "a": Outcome.FAILED,
        "b": Outcome.BLOCKED,
        "c": Outcome.BLOCKED,
        "d": Outcome.SUCCEEDED,
    }
    assert result.outcome is Outcome.FAILED
    assert step_run(result, "a").detail == "a(): the server is gone"
    assert step_run(result, "c").detail == "waits for 'b', which ended blocked"


def test_blocked_weighs_more_than_skipped():
    steps = [read("a"), read("s", "a.x > 1"), read("f"), read("z", x="{{s.x}}{{f.x}}")]
    result = run(steps, [Fake("a", {"x": 0}), Fake("s"), Fake("f", "no"), Fake("z")])
    assert outcomes(result)["z"] is Outcome.BLOCKED


@pytest.mark.parametrize("step", [read("b", "a.cpu > 1"), read("b", x="{{a.cpu}}")])
@pytest.mark.parametrize("output", [{}, {"cpu": None}])
def test_a_step_whose_guard_or_argument_cannot_be_worked_out_fails(step, output):
    tool = Fake("b")
    result = run([read("a"), step], [Fake("a", output), tool])
    assert outcomes(result)["b"] is Outcome.FAILED
    assert "cpu" in step_run(result, "b").detail
    assert tool.calls == []


def test_output_that_json_cannot_hold_is_a_failure():
    result = run([read("a")], [Fake("a", {"cpu": float("nan")})])
    assert outcomes(result) == {"a": Outcome.FAILED}


def test_a_refused_write_does_not_run_and_blocks():
    tool, after = Fake("w", writes=True), Fake("a")
    result = run([write("w"), read("a", x="{{w.x}}")], [tool, after])
    assert outcomes(result) == {"w": Outcome.REFUSED, "a": Outcome.BLOCKED}
    assert result.outcome is Outcome.REFUSED
    assert tool.calls == []


def test_an_empty_name_is_no_approval():
    class Careless:
        def approve(self, step, arguments):
            return ""

    tool = Fake("w", writes=True)
    assert run([write("w")], [tool], Careless()).outcome is Outcome.REFUSED
    assert tool.calls == []


def test_a_write_is_approved_once_with_the_very_arguments_it_gets():
    tool, approver = Fake("w", writes=True), Asked(frozenset("w"))
    result = run([read("a"), write("w", n="{{a.n}}")], [Fake("a", {"n": 3}), tool], approver)
    assert approver.questions == [("w", {"n": "3"})]
    assert tool.calls == [{"n": "3"}]
    assert step_run(result, "w").approved_by == "ada"
    assert step_run(result, "a").approved_by is None


def test_nobody_is_asked_about_a_write_that_is_not_needed_or_cannot_start():
    approver = Asked(frozenset("vw"))
    steps = [read("a"), read("f"), write("w", "a.cpu > 0.9"), write("v", x="{{f.x}}")]
    tools = [Fake("a", {"cpu": 0}), Fake("f", "no"), Fake("w", writes=True), Fake("v", writes=True)]
    run(steps, tools, approver)
    assert approver.questions == []


def test_approvals_are_asked_one_at_a_time():
    here = threading.Lock()

    class Strict:
        def approve(self, step, arguments):
            assert here.acquire(blocking=False)
            here.release()
            return "ada"

    names = [f"w{n}" for n in range(8)]
    result = run(
        [write(name) for name in names], [Fake(name, writes=True) for name in names], Strict()
    )
    assert result.outcome is Outcome.SUCCEEDED


def test_a_manual_step_is_refused_unless_it_is_confirmed():
    assert outcomes(run([manual("look")])) == {"look": Outcome.REFUSED}
    result = run([manual("look")], approver=ApprovedBy("ada"))
    assert result.outcome is Outcome.SUCCEEDED
    assert step_run(result, "look").approved_by == "ada"
    assert step_run(result, "look").detail == "by hand: Look"


def test_a_failure_weighs_more_than_a_refusal():
    assert run([read("a"), manual("m")], [Fake("a", "no")]).outcome is Outcome.FAILED


def test_a_dry_run_calls_nothing_asks_nobody_and_shows_what_would_run():
    tools = [Fake("a", {"cpu": 1.0}), Fake("w", writes=True)]
    approver = Asked(frozenset("w"))
    steps = [
        write("w", "a.cpu > 0.9", n="{{a.n}}"),
        read("a", s="{{incident.service}}"),
        manual("m"),
    ]
    result = run(steps, tools, approver, dry_run=True)
    assert result.outcome is Outcome.WOULD_RUN
    assert {each.step: each.detail for each in result.steps} == {
        "a": "a(s='cart')",
        "w": "w(n='{{a.n}}') when a.cpu > 0.9",
        "m": "by hand: M",
    }
    assert set(outcomes(result).values()) == {Outcome.WOULD_RUN}
    assert approver.questions == []
    assert tools[0].calls + tools[1].calls == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_runs_when_the_guide_and_its_surroundings_do_not_fit(dry_run):
    tool = Fake("a")
    with pytest.raises(InvalidGuide, match="no tool is named 'b'"):
        run([read("a"), read("b")], [tool], dry_run=dry_run)
    with pytest.raises(InvalidGuide, match="is a read, but 'b' writes"):
        run([read("a"), read("b")], [tool, Fake("b", writes=True)], dry_run=dry_run)
    with pytest.raises(InvalidInput, match=r"needs incident\.pod; the context has: service"):
        run([read("a"), read("b", p="{{incident.pod}}")], [tool, Fake("b")], dry_run=dry_run)
    with pytest.raises(InvalidInput, match="0 workers"):
        run([read("a")], [tool], dry_run=dry_run, workers=0)
    assert tool.calls == []


def test_reads_meet_while_they_run():
    meeting = threading.Barrier(2)

    class Meets(Fake):
        def run(self, arguments):
            meeting.wait(timeout=30)
            return {}

    assert run([read("a"), read("b")], [Meets("a"), Meets("b")]).outcome is Outcome.SUCCEEDED


def test_a_read_runs_while_a_person_is_asked():
    ran = threading.Event()

    class Says(Fake):
        def run(self, arguments):
            ran.set()
            return {}

    class Waits:
        def approve(self, step, arguments):
            return "ada" if ran.wait(timeout=30) else None

    result = run([write("w"), read("a")], [Fake("w", writes=True), Says("a")], Waits())
    assert result.outcome is Outcome.SUCCEEDED


def test_no_more_tools_run_at_once_than_there_are_workers():
    guard, seen = threading.Lock(), []

    class Alone(Fake):
        def run(self, arguments):
            free = guard.acquire(blocking=False)
            seen.append(free)
            if free:
                guard.release()
            return {}

    names = [f"s{n}" for n in range(6)]
    run([read(name) for name in names], [Alone(name) for name in names], workers=1)
    assert seen == [True] * 6


def test_a_bug_in_a_tool_reaches_the_caller_and_starts_nothing_more():
    class Buggy(Fake):
        def run(self, arguments):
            return {}[arguments["missing"]]

    after = Fake("b")
    with pytest.raises(KeyError):
        run([read("a"), read("b", x="{{a.x}}")], [Buggy("a"), after])
    assert after.calls == []


def test_times_come_from_the_clock():
    steps = [read("a"), read("b", "a.x > 1"), manual("m")]
    result = run(steps, [Fake("a", {"x": 0}), Fake("b")], clock=ticking())
    assert result.started == START
    assert all(result.started < each.started < each.ended < result.ended for each in result.steps)
    ends = [each.ended for each in result.steps]
    assert ends == sorted(ends)


def test_steps_are_told_in_the_order_in_which_they_ended():
    asked_again = threading.Event()

    class Late(Fake):
        def run(self, arguments):
            assert asked_again.wait(timeout=30)
            return {}

    class Asks:
        def approve(self, step, arguments):
            if step.name == "second":
                asked_again.set()
            return "ada"

    steps = [read("late"), manual("first"), manual("second")]
    result = run(steps, [Late("late")], Asks(), clock=ticking())
    told = [each.step for each in result.steps]
    assert told.index("first") < told.index("late")


@pytest.mark.parametrize(
    ("rise", "approver", "outcome"),
    [
        (3.0, ApprovedBy("ada"), Outcome.SUCCEEDED),
        (3.0, NobodyApproves(), Outcome.REFUSED),
        (1.1, NobodyApproves(), Outcome.SKIPPED),
    ],
)
def test_the_shipped_guide_restarts_only_what_strains_and_only_with_consent(
    rise, approver, outcome
):
    restart = Fake("workload.restart", writes=True)
    tools = [
        Fake("workload.read", {"replicas": 2, "ready": 2}),
        Fake("metrics.read", {"cpu": 0.9, "cpu_before": 0.3, "rise": rise, "metric": "cpu"}),
        restart,
    ]
    result = run(load("service-degraded"), tools, approver)
    assert outcomes(result)["restart"] is outcome
    called = [{"service": "cart", "replicas": "2"}] if outcome is Outcome.SUCCEEDED else []
    assert restart.calls == called


@st.composite
def worlds(draw):
    """Draw a small guide in any order of writing, what its tools do, and who is approved."""
    names = [f"s{n}" for n in range(draw(st.integers(1, 6)))]
    steps, sources = [], []
    for name in names:
        kind = draw(st.sampled_from(StepKind))
        if kind is StepKind.MANUAL:
            steps.append(manual(name))
            continue
        needs = draw(st.lists(st.sampled_from(sources), unique=True, max_size=3)) if sources else []
        guard = (
            f"{draw(st.sampled_from(sources))}.x > 0" if sources and draw(st.booleans()) else None
        )
        arguments = {f"p{n}": f"{{{{{source}.x}}}}" for n, source in enumerate(needs)}
        steps.append(Step(name, kind, name, arguments, guard))
        sources.append(name)
    output = st.sampled_from([{"x": 1}, {"x": 1}, {"x": -1}, {}, "broken"])
    outputs = {name: draw(output) for name in names}
    allowed = frozenset(draw(st.sets(st.sampled_from(names))))
    return connect("T", draw(st.permutations(steps))), outputs, allowed


def naive(guide, outputs, allowed):
    """Settle one step after another, by asking for what it needs first."""
    steps = {step.name: step for step in guide.steps}

    def settle(name):  # noqa: PLR0911  one for each way of ending
        step = steps[name]
        owners = [reference.owner for reference in step.reads]
        before = [settle(owner) for owner in owners]
        if {Outcome.FAILED, Outcome.BLOCKED, Outcome.REFUSED} & set(before):
            return Outcome.BLOCKED
        if Outcome.SKIPPED in before:
            return Outcome.SKIPPED
        if step.guard is not None:
            value = outputs[step.guard.split(".")[0]].get("x")
            if value is None:
                return Outcome.FAILED
            if value < 0:
                return Outcome.SKIPPED
        if any(not outputs[owner] for owner in owners):
            return Outcome.FAILED
        if step.kind is not StepKind.READ and name not in allowed:
            return Outcome.REFUSED
        broken = step.kind is not StepKind.MANUAL and outputs[name] == "broken"
        return Outcome.FAILED if broken else Outcome.SUCCEEDED

    return {name: settle(name) for name in steps}


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_a_parallel_run_ends_as_a_sequential_one_and_never_writes_without_consent(world):
    guide, outputs, allowed = world
    kinds = {step.name: step.kind for step in guide.steps}
    tools = {
        name: Fake(name, outputs[name], writes=kind is StepKind.WRITE)
        for name, kind in kinds.items()
    }
    approver = Asked(allowed)
    result = run(guide, tools.values(), approver)
    ended = outcomes(result)
    assert ended == naive(guide, outputs, allowed)
    asked = [name for name, _ in approver.questions]
    assert len(asked) == len(set(asked))
    ran = {name for name, tool in tools.items() if tool.calls}
    assert all(len(tool.calls) <= 1 for tool in tools.values())
    assert {name for name in ran if kinds[name] is StepKind.WRITE} <= allowed & set(asked)
    assert {name for name in asked if name not in allowed} == {
        name for name, outcome in ended.items() if outcome is Outcome.REFUSED
    }
