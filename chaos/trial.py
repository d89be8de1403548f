"""A trial: one experiment made concrete, ready to run once on a certain cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.experiment import Experiment
from chaos.faults import fault, make_fault
from chaos.files import Allowed, FaultAction, resolve
from chaos.files.environment import Secrets
from chaos.files.extension import AlertsGuard, PromqlGuard, SloGuard
from chaos.files.providers import Promql, Slo
from chaos.probes import Hypothesis
from chaos.record import Expected
from chaos.safety import Limits, check, dry_run, plan_diff
from chaos.safety.findings import Preflight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.backend import Backend
    from chaos.cluster import ObjectRef
    from chaos.files import ExperimentFile
    from chaos.files.activities import Action, Probe
    from chaos.files.extension import Effect, GuardBlock
    from chaos.plan import Plan


@dataclass(frozen=True, slots=True)
class FaultStep:
    """One fault of a trial; `background` lets the next step begin while it is held."""

    experiment: Experiment
    background: bool = False
    before_s: float = 0.0
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is done once, and what is looked at meanwhile.

    Attributes
    ----------
    run : str
        Opaque name of the run.
    steps : tuple
        Faults, and other activities of the file, in order; none of them in a control.
    baseline_s, settle_s, hold_s, recover_s : float
        How long is measured before, how much of that hold is left out of judgement, how long a
        control lasts, and how long is measured after, s.
    rollbacks : tuple
        What the file wants done in the end, after its faults have been taken back.
    decoy : tuple of (change, service) or None
        A harmless change at the moment at which a fault would be injected.
    recover_within : float or None
        How soon after the revert all pods should be ready again, s.
    armed_within : float
        How soon after the deed a fault must have taken hold, s.
    effect : Effect or None
        The probe whose fall says that the fault bit; None leaves it to the entries' indicators.
    """

    run: str
    seed: int
    title: str
    steps: tuple[FaultStep | Action | Probe, ...] = ()
    baseline_s: float = 60.0
    settle_s: float = 0.0
    hold_s: float = 60.0
    recover_s: float = 60.0
    hypothesis: Hypothesis = field(default_factory=lambda: Hypothesis.of(None))
    guards: tuple[GuardBlock, ...] = ()
    limits: Limits = field(default_factory=Limits)
    secrets: Secrets = field(default_factory=Secrets)
    allowed: Allowed = field(default_factory=Allowed)
    rollbacks: tuple[Action | Probe, ...] = ()
    decoy: tuple[str, str] | None = None
    expected: Expected = field(default_factory=Expected)
    recover_within: float | None = None
    armed_within: float = 0.0
    effect: Effect | None = None
    notes: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[FaultStep, ...]:
        """The faults among the steps."""
        return tuple(step for step in self.steps if isinstance(step, FaultStep))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trial with what it would do: shown by ``plan``, done by ``run``.

    Attributes
    ----------
    plans : mapping of str to Plan
        By the run of each fault.
    preflight : Preflight
        What the gates and the server's dry run found.
    """

    trial: Trial
    plans: Mapping[str, Plan]
    preflight: Preflight

    @property
    def victims(self) -> tuple[str, ...]:
        """The objects that are struck."""
        return tuple(str(ref) for plan in self.plans.values() for ref in plan.victims)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            "run": self.trial.run,
            "title": self.trial.title,
            "seed": self.trial.seed,
            "victims": list(self.victims),
            "plans": {run: plan.to_json() for run, plan in self.plans.items()},
            "findings": [
                {"gate": one.gate, "level": one.level, "text": one.text, "remedy": one.remedy}
                for one in self.preflight.findings
            ],
        }


def from_file(  # noqa: PLR0913  what a caller may say beyond the file, each with a default
    file: ExperimentFile,
    backend: Backend,
    *,
    run: str,
    seed: int,
    outage: bool = False,
    over_budget: bool = False,
) -> Trial:
    """Return the trial that an experiment file describes, on the cluster of a backend.

    Parameters
    ----------
    outage : bool
        Whether the caller accepts that a workload loses all of its pods.
    over_budget : bool
        Whether the caller accepts that a PodDisruptionBudget is exceeded.

    Raises
    ------
    InvalidExperiment
        If a target is none, or more than one, of the objects there.
    """
    settings = file.settings
    faults = len(file.faults())
    steps: list[FaultStep | Action | Probe] = []
    notes = list(file.notes)
    for step in file.method:
        if not isinstance(step, FaultAction):
            if step.background:
                notes.append(f"{step.name!r} is not run in the background but in its turn")
            steps.append(step)
            continue
        name = run if faults == 1 else f"{run}-{len(steps) + 1}"
        experiment = Experiment(
            step.fault, resolve(step.target, backend.cluster), step.hold_s, seed, name, step.params
        )
        steps.append(FaultStep(experiment, step.background, step.before_s, step.after_s))
    return Trial(
        run=run,
        seed=seed,
        title=file.title,
        steps=tuple(steps),
        baseline_s=settings.phases.baseline,
        settle_s=settings.phases.settle,
        hold_s=settings.phases.hold,
        recover_s=settings.phases.recover,
        hypothesis=Hypothesis.of(file.hypothesis),
        guards=settings.guards,
        limits=_limits(file, outage=outage, over_budget=over_budget),
        rollbacks=file.rollbacks,
        secrets=file.secrets,
        allowed=file.allowed,
        expected=_expected(file, tuple(steps)),
        recover_within=settings.expect.recover_within,
        armed_within=settings.armed.within,
        effect=settings.effect,
        notes=tuple(notes),
    )


def _limits(file: ExperimentFile, *, outage: bool, over_budget: bool) -> Limits:
    """Return how far the run may go: as the file has it, and as its caller accepts beyond that."""
    told = Limits.told(file.settings.blast_radius)
    named = {(one.target.kind, one.target.name) for one in file.faults()}
    return replace(
        told.with_outage() if outage else told,
        respect_budgets=not over_budget,
        max_workloads=max(told.max_workloads, len(named)),  # the file names each of them
    )


def prepare(trial: Trial, backend: Backend) -> Prepared:
    """Plan every fault, ask every gate, rehearse on the server; change nothing.

    Raises
    ------
    InvalidExperiment
        If a fault cannot be planned.
    Unreachable, Denied
        If the cluster does not answer, or refuses to be read.
    """
    _refuse_impossible(trial, backend)
    plans = {step.experiment.run: step.experiment.plan(backend.cluster) for step in trial.faults}
    longest = max((step.experiment.hold_s for step in trial.faults), default=0.0)
    found = check(
        tuple(plans.values()),
        backend.cluster,
        backend.scope,
        limits=trial.limits,
        hold_s=longest,
    )
    if found.clear:  # a server is not asked about what is refused anyway
        rehearsed = [one for plan in plans.values() for one in dry_run(plan, backend.cluster)]
        found = Preflight((*found.findings, *rehearsed))
    return Prepared(trial, plans, found)


def _refuse_impossible(trial: Trial, backend: Backend) -> None:
    """Raise `InvalidExperiment` for what could only fail, or go unwatched, on this backend."""
    struck: set[ObjectRef] = set()
    for step in trial.faults:
        experiment = step.experiment
        if backend.name != "sim" and fault(experiment.fault).simulated:
            raise InvalidExperiment(
                f"{experiment.fault} exists in the simulator only; choose another: aiops chaos list"
            )
        if experiment.target in struck:
            raise InvalidExperiment(
                f"{experiment.target} is struck twice, and nobody knows what the first fault "
                "leaves of it; make two experiments of them"
            )
        struck.add(experiment.target)
    blind = _needs_metrics(trial) if backend.name != "sim" and backend.queries is None else ""
    if blind:
        raise InvalidExperiment(
            f"{blind} needs what Prometheus measures; give --prometheus URL and --queries FILE"
        )


def _needs_metrics(trial: Trial) -> str:
    """Return the guard or probe that asks for metrics; empty if there is none."""
    for guard in trial.guards:
        if isinstance(guard, (PromqlGuard, SloGuard, AlertsGuard)):
            return "a guard"
    for probe in trial.hypothesis.probes:
        if isinstance(probe.provider, (Promql, Slo)):
            return f"the probe {probe.name!r}"
    return ""


def replan(prepared: Prepared, step: FaultStep, backend: Backend) -> Plan:
    """Return the plan of a fault as the cluster is now, on the victims that were planned for.

    Time has passed since they were shown: an autoscaler may have changed a value that the undo
    must bring back, or a pod may have gone that made the difference between few and none.

    Raises
    ------
    InvalidExperiment
        If the victims would be others by now, or a gate has shut.
    """
    planned, trial = prepared.plans[step.experiment.run], prepared.trial
    plan = step.experiment.plan(backend.cluster)
    if plan.victims != planned.victims:
        now, then = (", ".join(map(str, one.victims)) for one in (plan, planned))
        raise InvalidExperiment(
            f"the victims are no longer those of the plan: {then} then, {now} now; run it again"
        )
    check(
        (plan,),
        backend.cluster,
        backend.scope,
        limits=trial.limits,
        hold_s=step.experiment.hold_s,
        holder=trial.run,
    ).refuse_unless_clear()
    return plan


def diff(prepared: Prepared, backend: Backend) -> str:
    """Return what the faults would change, as a diff a person can read."""
    plans = prepared.plans.values()
    documents = {ref: backend.cluster.get(ref) for plan in plans for ref in plan.victims}
    return "\n".join(plan_diff(plan, documents) for plan in plans)


def _expected(file: ExperimentFile, steps: tuple[FaultStep | Action | Probe, ...]) -> Expected:
    """Return what monitoring should say: as the file has it, else what the first fault implies."""
    told = file.settings.expect
    first = next((step.experiment for step in steps if isinstance(step, FaultStep)), None)
    service = told.root_cause.service if told.root_cause else None
    kind = told.root_cause.kind if told.root_cause else None
    if first and kind not in {None, fault(first.fault).family}:
        raise InvalidExperiment(
            f"expect.root_cause.kind is {kind!r}, but the first fault is {first.fault}; write "
            f"{fault(first.fault).family!r}"
        )
    return Expected(
        service=service or (first.target.name if first else None),
        metrics=make_fault(first.fault, first.params).metrics if first else (),
        alerts=told.alerts,
        detect_within=told.detect_within,
    )


def refuse_without_victims(trial: Trial) -> None:
    """Raise `InvalidExperiment` if a file injects nothing: a run of it would have no truth."""
    if not trial.faults:
        raise InvalidExperiment(
            f"the method of {trial.title!r} injects no fault; add an action of chaos.ctk inject"
        )
