"""Running a guide: every step as soon as what it waits for has ended, reads side by side.

What becomes of a step is decided in this order, and the first that applies is its outcome:

======================================================  =========
a step it waits for FAILED, was REFUSED or BLOCKED      BLOCKED
a step whose data it needs was SKIPPED                  SKIPPED
its guard is false                                      SKIPPED
its guard or an argument cannot be worked out           FAILED
it is a write or manual, and the approver says no       REFUSED
it is manual, and the approver confirms it              SUCCEEDED
its tool fails / returns                                FAILED / SUCCEEDED
======================================================  =========

A dry run calls no tool and asks nobody: guards stay undecided and every step WOULD_RUN.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from aiops.guides.guards import Guard
from aiops.guides.model import StepKind
from aiops.guides.references import INCIDENT, render
from aiops.guides.tools import call, check_tools
from aiops.types import AiopsError, GuideRun, InvalidInput, Outcome, StepRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiops.guides.approval import Approver
    from aiops.guides.model import Guide, Step
    from aiops.guides.references import Values
    from aiops.guides.tools import Toolbox

    Clock = Callable[[], datetime]

_STOPPING = (Outcome.FAILED, Outcome.REFUSED, Outcome.BLOCKED)


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


def run_guide(  # noqa: PLR0913  each is a decision only the caller can take
    guide: Guide,
    toolbox: Toolbox,
    *,
    context: Mapping[str, str],
    approver: Approver,
    dry_run: bool = False,
    workers: int = 4,
    clock: Clock = utc_now,
) -> GuideRun:
    """Run `guide` and tell what became of every step.

    Parameters
    ----------
    context : mapping of str to str
        What ``{{incident.…}}`` stands for.
    approver : Approver
        Asked once for each write and manual step that is due, one after another, with the
        very arguments the tool will get.
    workers : int
        How many tools may run at once.
    clock : callable returning datetime
        Called from several threads.

    Returns
    -------
    GuideRun
        FAILED if a step failed, else REFUSED if one was refused, else SUCCEEDED; WOULD_RUN
        for a dry run.

    Raises
    ------
    InvalidGuide
        Before anything runs, if a step's tool is unknown or does more than the step declares.
    InvalidInput
        Before anything runs, if `context` lacks a field, or there are no workers.

    Notes
    -----
    A tool that raises anything but an `AiopsError` has a bug: the error reaches the caller
    once the tools that are already running have returned, and no further step starts.
    """
    check_tools(guide, toolbox)
    _check_context(guide, context)
    if workers < 1:
        raise InvalidInput(f"{workers} workers cannot run a guide; give at least 1")
    started = clock()
    if dry_run:
        steps = _rehearse(guide, context, clock)
    else:
        steps = _Execution(guide, toolbox, context, approver, clock).run(workers)
    return GuideRun(guide.title, _overall(steps), started, clock(), steps)


def _check_context(guide: Guide, context: Mapping[str, str]) -> None:
    for step in guide.steps:
        for reference in step.reads:
            if reference.owner == INCIDENT and reference.field not in context:
                raise InvalidInput(
                    f"{guide.place(step)} needs {reference}; "
                    f"the context has: {', '.join(sorted(context)) or 'nothing'}"
                )


def _overall(runs: Iterable[StepRun]) -> Outcome:
    seen = {run.outcome for run in runs}
    for outcome in (Outcome.WOULD_RUN, Outcome.FAILED, Outcome.REFUSED):
        if outcome in seen:
            return outcome
    return Outcome.SUCCEEDED


def _rehearse(guide: Guide, context: Mapping[str, str], clock: Clock) -> tuple[StepRun, ...]:
    """Tell what would run, with the incident's fields filled in and the others as written."""
    runs = []
    for step in guide.in_order():
        now = clock()
        values = {INCIDENT: context}
        detail = _wording(step, _render_all(step, values, rehearsal=True))
        if step.guard is not None:
            detail += f" when {step.guard}"
        runs.append(StepRun(step.name, Outcome.WOULD_RUN, now, now, detail))
    return tuple(runs)


def _render_all(step: Step, values: Values, *, rehearsal: bool = False) -> dict[str, str]:
    return {
        name: render(template, values, rehearsal=rehearsal)
        for name, template in step.arguments.items()
    }


def _wording(step: Step, arguments: Mapping[str, str]) -> str:
    """Write what a step does as one line: ``workload.read(service='cart')``."""
    if step.kind is StepKind.MANUAL:
        return f"by hand: {step.title or step.name}"
    return f"{step.tool}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


class _Execution:
    """One run in progress; everything but the tools' own calls happens in one thread."""

    def __init__(
        self,
        guide: Guide,
        toolbox: Toolbox,
        context: Mapping[str, str],
        approver: Approver,
        clock: Clock,
    ) -> None:
        self.guide = guide
        self.toolbox = toolbox
        self.context = context
        self.approver = approver
        self.clock = clock
        self.ended: dict[str, StepRun] = {}

    def run(self, workers: int) -> tuple[StepRun, ...]:
        """Run every step and return what became of each, in the order in which they ended."""
        sorter = TopologicalSorter(self.guide.dependencies())
        sorter.prepare()
        running: set[Future[StepRun]] = set()
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            while sorter.is_active():
                while ready := sorter.get_ready():
                    running |= self._start(ready, sorter, pool)
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._record(future.result(), sorter)
        finally:
            pool.shutdown(cancel_futures=True)
        runs = (self.ended[step.name] for step in self.guide.in_order())
        return tuple(sorted(runs, key=lambda run: run.ended))

    def _start(
        self, ready: tuple[str, ...], sorter: TopologicalSorter[str], pool: ThreadPoolExecutor
    ) -> set[Future[StepRun]]:
        """Hand what may run to the pool, and record at once what may not."""
        running = set()
        due = [step for step in self.guide.steps if step.name in ready]
        # Reads first, so that they run while a person thinks about the writes.
        for step in sorted(due, key=lambda step: step.kind is not StepKind.READ):
            verdict = self._decide(step)
            if isinstance(verdict, StepRun):
                self._record(verdict, sorter)
            else:
                running.add(pool.submit(verdict))
        return running

    def _record(self, run: StepRun, sorter: TopologicalSorter[str]) -> None:
        self.ended[run.step] = run
        sorter.done(run.step)

    def _decide(self, step: Step) -> StepRun | Callable[[], StepRun]:
        """Return what became of `step`, or the call that will tell."""
        looked = self.clock()
        values = {INCIDENT: self.context} | {run.step: run.output for run in self.ended.values()}
        try:
            held = self._held_back(step) or _not_needed(step, values)
            arguments = {} if held else _render_all(step, values)
        except InvalidInput as error:
            held = (Outcome.FAILED, str(error))
        if held:
            return StepRun(step.name, held[0], looked, self.clock(), held[1])
        if step.kind is StepKind.READ:
            return partial(self._call, step, arguments, None)
        return self._ask(step, arguments)

    def _ask(self, step: Step, arguments: Mapping[str, str]) -> StepRun | Callable[[], StepRun]:
        asked, wording = self.clock(), _wording(step, arguments)
        name = self.approver.approve(step, arguments)
        if not name:
            return StepRun(step.name, Outcome.REFUSED, asked, self.clock(), f"refused: {wording}")
        if step.kind is StepKind.WRITE:
            return partial(self._call, step, arguments, name)
        return StepRun(step.name, Outcome.SUCCEEDED, asked, self.clock(), wording, approved_by=name)

    def _held_back(self, step: Step) -> tuple[Outcome, str] | None:
        """Say why `step` must not start because of a step it waits for."""
        edges = [edge for edge in self.guide.edges if edge.target == step.name]
        for edge in edges:
            outcome = self.ended[edge.source].outcome
            if outcome in _STOPPING:
                return Outcome.BLOCKED, f"waits for {edge.source!r}, which ended {outcome}"
        for edge in edges:
            if edge.carries_data and self.ended[edge.source].outcome is Outcome.SKIPPED:
                return Outcome.SKIPPED, f"needs data of {edge.source!r}, which was skipped"
        return None

    def _call(self, step: Step, arguments: Mapping[str, str], approved_by: str | None) -> StepRun:
        """Call the step's tool; this alone happens in the pool's threads."""
        started = self.clock()
        outcome, detail, output = Outcome.SUCCEEDED, _wording(step, arguments), {}
        try:
            output = call(self.toolbox[step.tool], arguments)
        except AiopsError as error:
            outcome, detail = Outcome.FAILED, f"{detail}: {error}"
        return StepRun(step.name, outcome, started, self.clock(), detail, output, approved_by)


def _not_needed(step: Step, values: Values) -> tuple[Outcome, str] | None:
    if step.guard is None or Guard.parse(step.guard).holds(values):
        return None
    return Outcome.SKIPPED, f"not needed: {step.guard} is false"
