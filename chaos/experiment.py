"""One experiment: inject a fault, hold it while the caller looks, and always take it back.

`injected` undoes on the way out whatever happens in between; `recover` undoes from the journal
what a killed process left behind. Neither waits nor measures: how long a fault is held and what
it did to the metrics is the business of whoever runs the experiment.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aiops.types import Case, InvalidExperiment, MetricId, RevertIncomplete, RootCause
from chaos.faults import fault
from chaos.injection import inject, leftovers, undo
from chaos.journal import RunEvent
from chaos.patch import PatchConflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pandas as pd

    from chaos.cluster import Cluster, ObjectRef
    from chaos.journal import Journal
    from chaos.plan import Plan


@dataclass(frozen=True, slots=True)
class Experiment:
    """Which fault strikes which object, for how long.

    Attributes
    ----------
    fault : str
        Id of the fault, a key of `chaos.FAULTS`.
    target : ObjectRef
        The object it strikes.
    hold_s : float
        How long it is held, in seconds of the cluster's time.
    seed : int
        Seed of everything that is drawn by chance.
    run : str
        Names this run in the journal; opaque, so that it gives nothing away to a detector.

    Raises
    ------
    InvalidExperiment
        If the fault is unknown, the hold is not a positive time, or the run has no name.
    """

    fault: str
    target: ObjectRef
    hold_s: float
    seed: int
    run: str

    def __post_init__(self) -> None:
        fault(self.fault)
        if not (math.isfinite(self.hold_s) and self.hold_s > 0):
            raise InvalidExperiment(f"hold_s is {self.hold_s}; give a positive number of seconds")
        if not self.run:
            raise InvalidExperiment("the run has no name; give it one that no other run has")


@contextmanager
def injected(experiment: Experiment, cluster: Cluster, journal: Journal) -> Iterator[Plan]:
    """Inject the fault, yield its plan, and undo and verify on the way out, whatever happened.

    Raises
    ------
    InvalidExperiment
        If the target cannot be struck, the run is still pending in the journal, or the fault did
        not take hold.
    PatchConflict
        If the target changed between planning and injecting; nothing was then done to it.
    RevertIncomplete
        If something that the fault touched is not as it was before; the run stays pending.
    """
    kind = fault(experiment.fault)
    if experiment.run in journal.pending():
        raise InvalidExperiment(f"run {experiment.run} left its fault behind; recover it first")
    run = _Run(experiment.run, kind.plan(cluster, experiment.target), cluster, journal)
    run.note(
        RunEvent.PLANNED,
        **run.plan.to_json(),
        hold_s=experiment.hold_s,
        seed=experiment.seed,
    )
    with ExitStack() as stack:
        stack.callback(run.revert)
        try:
            inject(cluster, run.plan)
        except PatchConflict:
            stack.pop_all()  # the patch is atomic: nothing was done, so nothing is to be undone
            run.note(RunEvent.VERIFIED, injected=False)
            raise
        run.note(RunEvent.INJECTED)
        if not kind.armed(cluster, run.plan):
            raise InvalidExperiment(
                f"{experiment.fault} did not take hold on {experiment.target}: something sets it "
                "back; look for an autoscaler or a deployment tool that owns it"
            )
        run.note(RunEvent.ARMED)
        yield run.plan


def recover(cluster: Cluster, journal: Journal) -> tuple[str, ...]:
    """Undo every run that the journal knows to be pending; return the ids of those undone.

    Raises
    ------
    RevertIncomplete
        If one of them could not be proved gone, after all have been tried.
    """
    done: list[str] = []
    failures: list[str] = []
    for run, plan in journal.pending().items():
        try:
            _Run(run, plan, cluster, journal).revert()
            done.append(run)
        except RevertIncomplete as failure:
            failures.append(str(failure))
    if failures:
        raise RevertIncomplete("; ".join(failures))
    return tuple(done)


def as_case(
    experiment: Experiment,
    metrics: pd.DataFrame,
    topology: Sequence[tuple[str, str]],
    *,
    inject_time: datetime,
    trigger: MetricId | None = None,
) -> Case:
    """Return what was seen of an experiment as a case with the right answer on it.

    The root cause is the target's service and those series of it that the fault moves directly.
    """
    service = experiment.target.name
    blamed = (MetricId(service, metric) for metric in fault(experiment.fault).metrics)
    return Case(
        id=experiment.run,
        metrics=metrics,
        topology=tuple(topology),
        trigger=trigger,
        inject_time=inject_time,
        root_cause=RootCause(service, tuple(blamed)),
        fault=experiment.fault,
        system=experiment.target.namespace,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One plan under way, and the journal that follows it."""

    id: str
    plan: Plan
    cluster: Cluster
    journal: Journal

    def note(self, event: RunEvent, **payload: Any) -> None:
        self.journal.append(self.id, event, time=self.cluster.now, payload=payload)

    def revert(self) -> None:
        """Undo, look again, and say what was found; raise RevertIncomplete if anything is left."""
        try:
            undone = undo(self.cluster, self.plan)
            left = leftovers(self.cluster, self.plan)
        except InvalidExperiment as error:
            raise RevertIncomplete(
                f"run {self.id}: {self.plan.fault} not undone: {error}"
            ) from error
        self.note(RunEvent.UNDONE, **asdict(undone))
        if left:
            self.note(RunEvent.CONFLICT, pointers=left)
            raise RevertIncomplete(
                f"run {self.id}: {self.plan.fault} on {self.plan.target} left {', '.join(left)} "
                "changed by someone else, which was kept; set it right by hand and recover again"
            )
        self.note(RunEvent.VERIFIED)
