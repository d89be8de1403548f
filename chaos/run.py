"""Run a trial: look at the steady state, inject, watch, take back, look again.

However a run ends, its faults are taken back before this returns. What it means for detectors and
rankers is not judged here, nor whether users could notice: that is the proving loop's business.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.types import (
    AiopsError,
    Denied,
    InvalidExperiment,
    InvalidInput,
    RevertIncomplete,
    Unreachable,
)
from chaos.experiment import injected
from chaos.files.activities import Probe
from chaos.files.providers import Inject
from chaos.journal import RunEvent
from chaos.probes import Context, Guard, NotEvaluated, ProbeFailed, look, met
from chaos.probes import check as check_probe
from chaos.record import Check, Hypothesis, Phases, Revert, RunOutcome, RunRecord
from chaos.safety import OPT_IN, frozen
from chaos.signals import Interrupted, shielded
from chaos.trial import FaultStep, replan
from chaos.workloads import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import pandas as pd

    from chaos.backend import Backend
    from chaos.cluster import ObjectRef
    from chaos.files.activities import Action
    from chaos.journal import Journal
    from chaos.probes import ProbeResult
    from chaos.trial import Prepared


def conduct(
    prepared: Prepared,
    backend: Backend,
    journal: Journal,
    progress: Callable[[str], None] = lambda _: None,
) -> RunRecord:
    """Run a trial once, on the victims that were planned for, and return its record.

    Raises
    ------
    InvalidExperiment
        If a gate is shut, another run holds the namespace, or a fault does not take hold.
    PatchConflict, NoSuchObject
        If a victim changed since it was planned for.
    Unreachable, Denied
        If the cluster did not answer, or refused. Whatever was done has been taken back, or
        `RevertIncomplete` is raised instead.
    """
    prepared.preflight.refuse_unless_clear()
    with _leased(backend, prepared.trial.run) as renew:
        return _Course(prepared, backend, journal, progress, renew).go()


@contextmanager
def _leased(backend: Backend, run: str) -> Iterator[Callable[[], bool]]:
    """Hold the namespace for this run; yield what is to be called at every tick."""
    lease = backend.lease(run)
    if lease is None:
        yield lambda: True
        return
    nowhere = lease.take()
    if nowhere is not None:  # as the gates have said: this cluster keeps no leases
        yield lambda: True
        return
    try:
        yield lease.renew
    finally:
        with suppress(Unreachable, Denied):  # it lapses by itself, and the record is worth more
            lease.release()


@dataclass(slots=True)
class _Active:
    """A fault that is in place: when its hold is over, and what takes it back."""

    ends: datetime
    stack: ExitStack


@dataclass(slots=True)
class _Course:
    """One run under way."""

    prepared: Prepared
    backend: Backend
    journal: Journal
    progress: Callable[[str], None]
    renew: Callable[[], bool]
    guards: list[Guard] = field(default_factory=list)
    active: list[_Active] = field(default_factory=list)
    reason: str | None = None
    armed: datetime | None = None
    during: tuple[ProbeResult, ...] = ()
    seen: tuple[ProbeResult, ...] = ()
    touched: bool = False
    injected: datetime | None = None
    notes: list[str] = field(default_factory=list)
    context: Context = field(default_factory=Context)
    began: datetime | None = None

    @property
    def now(self) -> datetime:
        return self.backend.cluster.now

    def go(self) -> RunRecord:
        trial = self.prepared.trial
        self.began = began = self.now
        self.context = Context(
            self.backend.cluster,
            self._metrics,
            self.backend.queries,
            trial.secrets,
            trial.allowed,
        )
        self.guards = [Guard(block) for block in trial.guards]
        self.notes += trial.notes
        self.progress(f"measuring the baseline for {trial.baseline_s:g} s")
        self._wait(trial.baseline_s)
        before = self._look()
        injected_at = self.now
        outcome = self._strike(before)
        reverted = self.now
        injected_at = self.injected or injected_at
        outcome, after = self._after(outcome, reverted)
        phases = Phases(
            baseline_start=began,
            injected=injected_at,
            reverted=reverted,
            end=self.now,
            armed=self.armed,
            verified=reverted if outcome is not RunOutcome.REVERT_INCOMPLETE else None,
        )
        return self._record(phases, self._outcome(outcome, after), before, after)

    def _metrics(self) -> pd.DataFrame:
        """Return what was measured so far; raise `NotEvaluated` if that is nothing."""
        try:
            return self.backend.metrics(self.began or self.now)
        except InvalidInput as error:
            raise NotEvaluated(str(error)) from error

    def _strike(self, before: tuple[ProbeResult, ...]) -> RunOutcome:
        """Do the steps, and say how that ended; nothing is done outside the steady state."""
        self._tick()
        if why := self.reason or self._unsteady(before):
            self.notes.append(f"nothing was injected: {why}")
            return RunOutcome.ABORTED if self.reason else RunOutcome.DEVIATED
        try:
            with ExitStack() as stack:
                self._disturb()
                self._steps(stack)
        except RevertIncomplete as error:
            self.notes.append(str(error))
            return RunOutcome.REVERT_INCOMPLETE
        except Interrupted as signal:
            self.notes.append(f"{signal}; what was injected was taken back")
            return RunOutcome.INTERRUPTED
        except AiopsError as error:
            if not self.touched:
                raise  # nothing was done, and the caller is told so
            self.reason = str(error)
        return RunOutcome.ABORTED if self.reason else RunOutcome.HELD

    def _unsteady(self, before: tuple[ProbeResult, ...]) -> str | None:
        """Return why the steady state is none to start from."""
        verdict = met(before)
        if verdict is False:
            return "the steady state did not hold before"
        if verdict is None and before:
            if self.backend.queries is not None:
                return "the steady state could not be evaluated before"
            self.notes.append("parts of the steady state cannot be evaluated here")
        return None

    def _disturb(self) -> None:
        trial = self.prepared.trial
        if trial.decoy:
            self.backend.disturb(*trial.decoy, seed=trial.seed)
        if not trial.steps:
            self._until(self.now + timedelta(seconds=trial.hold_s))
            self.during = self._look()

    def _steps(self, stack: ExitStack) -> None:
        for step in self.prepared.trial.steps:
            if self.reason:
                return
            if isinstance(step, FaultStep):
                self._wait(step.before_s)
                if self.reason:
                    return
                ends = self._inject(step, stack)
                if not step.background:
                    self._until(ends)
                self._wait(step.after_s)
            else:
                self._wait(step.pauses.before)
                if self.reason:
                    return
                self._do(step)
                self._wait(step.pauses.after)
        self._until(max((one.ends for one in self.active), default=self.now))

    def _do(self, step: Action | Probe) -> None:
        """Do a step of the method; one that fails ends the run, as nobody knows what it did."""
        try:
            self._act(step)
        except (ProbeFailed, NotEvaluated, Unreachable, Denied) as error:
            self.reason = f"the action {step.name!r} failed: {error}"

    def _act(self, step: Action | Probe) -> None:
        """Do what the file asks for beside faults, and record what a probe of it sees."""
        if isinstance(step, Probe):
            self.seen = (*self.seen, check_probe(step, self.context))
        elif not isinstance(step.provider, Inject):  # those are faults, and were mapped to them
            self.touched = True
            look(step.provider, self.context)

    def _roll_back(self) -> None:
        """Do the file's own rollbacks, whatever each of them says."""
        for step in self.prepared.trial.rollbacks:
            if isinstance(step.provider, Inject):
                continue  # a fault is no way back
            try:
                look(step.provider, self.context)
            except (AiopsError, OSError) as error:
                self.notes.append(f"the rollback {step.name!r} failed: {error}")

    def _inject(self, step: FaultStep, stack: ExitStack) -> datetime:
        """Inject one fault and return when its hold is over."""
        experiment = step.experiment
        self.progress(f"injecting {experiment.fault} into {experiment.target}")
        own = stack.enter_context(ExitStack())
        own.enter_context(
            injected(
                experiment,
                self.backend.cluster,
                self.journal,
                guardians=self.backend.guardians(),
                plan=replan(self.prepared, step, self.backend),
                armed_within=self.prepared.trial.armed_within,
                on_inject=self._begin,
            )
        )
        self.touched = True
        self.armed = self.armed or self.now
        ends = self.now + timedelta(seconds=experiment.hold_s)
        self.active.append(_Active(ends, own))
        self.progress(f"holding {experiment.fault} for {experiment.hold_s:g} s")
        return ends

    def _begin(self, moment: datetime) -> None:
        """Remember when the first fault began to be injected."""
        self.injected = self.injected or moment

    def _wait(self, seconds: float) -> None:
        self._until(self.now + timedelta(seconds=seconds))

    def _until(self, moment: datetime) -> None:
        """Let ticks pass until a moment, or until something speaks against going on."""
        while not self.reason and (left := (moment - self.now).total_seconds()) > 1e-6:
            self.backend.wait(min(left, self.backend.step_s))
            self._tick()
        self._end_due()

    def _tick(self) -> None:
        """Ask whether to go on, and take back what has been held long enough."""
        now = self.now
        self.reason = self._stopped() or next(
            (why for guard in self.guards if (why := guard.tick(now, self.context))), None
        )
        self._end_due()

    def _stopped(self) -> str | None:
        """Return what stops every run here: a freeze, a lost lease, or that neither can be read."""
        try:
            frozen_by = frozen(self.backend.cluster, self.backend.scope, self.backend.system)
            if frozen_by:
                return frozen_by
            if self.backend.scope.labels(self.backend.system).get(OPT_IN) != "true":
                return f"namespace {self.backend.system} no longer allows faults"
            return None if self.renew() else "another run has taken the lease of the namespace"
        except (Unreachable, Denied) as error:
            return f"the switches that stop a run cannot be read: {error}" if self.active else None

    def _end_due(self) -> None:
        due = [one for one in self.active if self.reason or one.ends <= self.now]
        if due and not self.reason:  # whoever aborts wants the fault gone at once
            self.during = (*self.during, *self._look())
        for one in due:
            self.active.remove(one)
            self.progress("taking the fault back")
            one.stack.close()

    def _after(
        self, outcome: RunOutcome, reverted: datetime
    ) -> tuple[RunOutcome, tuple[ProbeResult, ...]]:
        """Roll back, measure the recovery and look again, unless somebody wants this to end."""
        try:
            with shielded():
                self._roll_back()
            if outcome is RunOutcome.INTERRUPTED:
                return outcome, ()
            self.progress(f"measuring the recovery for {self.prepared.trial.recover_s:g} s")
            self._recover(reverted)
            return outcome, self._look()
        except Interrupted as signal:
            self.notes.append(f"{signal} while the recovery was measured")
            incomplete = outcome is RunOutcome.REVERT_INCOMPLETE
            return outcome if incomplete else RunOutcome.INTERRUPTED, ()

    def _recover(self, reverted: datetime) -> None:
        """Wait for the recovery, and note when all struck workloads were ready again."""
        trial = self.prepared.trial
        targets = {step.experiment.target for step in trial.faults}
        workloads = [ref for ref in targets if ref.kind in {"Deployment", "StatefulSet"}]
        end, healed = reverted + timedelta(seconds=trial.recover_s), None
        while self.now < end:
            self.backend.wait(min(self.backend.step_s, (end - self.now).total_seconds()))
            if healed is None and all(self._settled(ref) for ref in workloads):
                healed = (self.now - reverted).total_seconds()
        if workloads:
            self.notes.append(_healing(healed, trial.recover_within, trial.recover_s))

    def _settled(self, ref: ObjectRef) -> bool:
        try:
            return settled(self.backend.cluster.get(ref))
        except (InvalidExperiment, Unreachable, Denied):  # gone, or not to be seen just now
            return False

    def _look(self) -> tuple[ProbeResult, ...]:
        return self.prepared.trial.hypothesis.check(self.context)

    def _outcome(self, ended: RunOutcome, after: tuple[ProbeResult, ...]) -> RunOutcome:
        if ended is not RunOutcome.HELD:
            return ended
        verdicts = {met(results) for results in (self.during, after) if results}
        if None in verdicts and self.backend.queries is not None:
            self.notes.append("the steady state could not be evaluated during or after the hold")
            return RunOutcome.DEVIATED
        return RunOutcome.DEVIATED if False in verdicts else ended

    def _record(
        self,
        phases: Phases,
        outcome: RunOutcome,
        before: tuple[ProbeResult, ...],
        after: tuple[ProbeResult, ...],
    ) -> RunRecord:
        trial = self.prepared.trial
        first = trial.faults[0].experiment if trial.faults else None
        self.notes += [one.unwatched for one in self.guards if one.unwatched]
        return RunRecord(
            run=trial.run,
            backend=self.backend.name,
            system=self.backend.system,
            seed=trial.seed,
            hold_s=first.hold_s if first else trial.hold_s,
            phases=phases,
            outcome=outcome,
            fault=first.fault if first else None,
            target=first.target if first else None,
            params=dict(first.params) if first else {},
            strength=_strength(first.params) if first else None,
            control=None if first or trial.decoy or trial.steps else "noop",
            decoy=f"{trial.decoy[0]} of {trial.decoy[1]}" if trial.decoy else None,
            victims=self.prepared.victims,
            hypothesis=Hypothesis(
                _checks(before), _checks((*self.seen, *self.during)), _checks(after)
            ),
            guards=self.reason,
            revert=self._revert(),
            expected=trial.expected,
            injected=first is None or bool(self.armed) or outcome is RunOutcome.REVERT_INCOMPLETE,
            beside=tuple(
                f"{step.experiment.fault} on {step.experiment.target}" for step in trial.faults[1:]
            ),
            notes=tuple(self.notes),
        )

    def _revert(self) -> Revert:
        """Return what the journal says of the undoing."""
        runs = set(self.prepared.plans)
        undone = [
            entry.payload
            for entry in self.journal.entries()
            if entry.run in runs and entry.event is RunEvent.UNDONE
        ]
        return Revert(
            restored=tuple(path for one in undone for path in one["restored"]),
            conflicts=tuple(path for one in undone for path in one["conflicts"]),
        )


def _strength(params: object) -> float | None:
    value = params.get("strength") if isinstance(params, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _healing(healed: float | None, within: float | None, waited: float) -> str:
    if healed is None:
        return f"not all pods were ready again within {waited:g} s of the revert"
    late = f", later than the {within:g} s expected" if within and healed > within else ""
    return f"all pods were ready again {healed:.0f} s after the revert{late}"


def _checks(results: tuple[ProbeResult, ...]) -> tuple[Check, ...]:
    return tuple(Check(one.name, one.ok, _number(one.value), one.detail) for one in results)


def _number(value: float | str | bool | None) -> float | str | bool | None:
    """Return a whole number as the float that a record holds."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
