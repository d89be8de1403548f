"""One experiment: inject a fault, hold it while the caller looks, and always take it back.

`injected` undoes on the way out whatever happens in between. It neither waits nor measures: how long
a fault is held and what it did to the metrics is the business of whoever runs the experiment. What
a killed process leaves behind is for `chaos.recovery`, and for the guardians that were armed.
"""

from __future__ import annotations

import logging
import math
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiops.types import AiopsError, Case, InvalidExperiment, MetricId, RootCause
from chaos.faults import make_fault
from chaos.journal import RunEvent
from chaos.patience import Patience
from chaos.reverting import Reverting
from chaos.signals import exposed, shielded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from chaos.cluster import Cluster, ObjectRef
    from chaos.journal import Journal
    from chaos.plan import Plan


log = logging.getLogger(__name__)

LOOK_S: Final = 0.25
"""So often a fault that has not yet taken hold is looked at, s."""

RUN: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

GRACE_S: Final = 15.0
"""So long after the hold a fault that is still there is overdue, s."""


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
        Names this run in the journal and in the mark; opaque, so that it gives nothing away to a
        detector.
    params : mapping
        Parameters of the fault.

    Raises
    ------
    InvalidExperiment
        If the fault or a parameter is unknown, the hold is not a positive time, or the run has no
        name that a mark can bear.
    """

    fault: str
    target: ObjectRef
    hold_s: float
    seed: int
    run: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_fault(self.fault, self.params)
        if not (math.isfinite(self.hold_s) and self.hold_s > 0):
            raise InvalidExperiment(f"hold_s is {self.hold_s}; give a positive number of seconds")
        if not RUN.fullmatch(self.run):
            raise InvalidExperiment(
                f"the run has the name {self.run!r}; give at most 63 lower-case letters, digits "
                "and dashes"
            )

    def plan(self, cluster: Cluster) -> Plan:
        """Return what the experiment would do to the cluster as it is; see `Fault.plan`."""
        return make_fault(self.fault, self.params).plan(
            cluster, self.target, seed=self.seed, hold_s=self.hold_s
        )


class Guardian(Protocol):
    """Whoever undoes a run that this process can no longer undo: a watchdog, a janitor."""

    @property
    def arming_s(self) -> float:
        """How long `arm` may take, s; a fault is overdue so much later."""
        ...

    def arm(self, run: str, plan: Plan, expires: datetime) -> None:
        """Take over the plan; return once the undo is sure to happen without us.

        Raises
        ------
        AiopsError
            If that cannot be promised; nothing is then injected.
        """
        ...

    def disarm(self, run: str) -> None:
        """Let go: the fault is gone."""
        ...


@contextmanager
def injected(  # noqa: PLR0913  what a caller may choose, each with a default
    experiment: Experiment,
    cluster: Cluster,
    journal: Journal,
    *,
    guardians: Sequence[Guardian] = (),
    plan: Plan | None = None,
    patience: Patience | None = None,
    armed_within: float = 0.0,
    on_inject: Callable[[datetime], None] = lambda _: None,
) -> Iterator[Plan]:
    """Inject the fault, yield its plan, and undo and verify on the way out, whatever happened.

    Parameters
    ----------
    guardians : sequence of Guardian
        Armed before the deed and let go once the fault is gone.
    plan : Plan, optional
        What was shown to whoever agreed to it; made anew when left out.
    patience : Patience, optional
        How long to insist on the undo while the cluster does not answer.
    armed_within : float
        How long to wait until the fault has taken hold, s.
    on_inject : callable
        Told the cluster's time right before the first deed; the journal says it too.

    Raises
    ------
    InvalidExperiment
        If the target cannot be struck, the run is still pending in the journal, or the fault did
        not take hold.
    PatchConflict, NoSuchObject
        If the target changed between planning and injecting; nothing was then done to it.
    Unreachable, Denied
        If the cluster did not answer, or refused; whatever was done is taken back.
    RevertIncomplete
        If something that the fault touched is not as it was before.
    """
    if experiment.run in journal.pending():
        raise InvalidExperiment(f"run {experiment.run} left its fault behind; recover it first")
    plan = plan or experiment.plan(cluster)
    waits = sum(guardian.arming_s for guardian in guardians) + armed_within
    expires = cluster.now + timedelta(seconds=experiment.hold_s + waits + GRACE_S)
    run = Reverting(experiment.run, plan, cluster, journal, patience or Patience())
    run.note(
        RunEvent.PLANNED,
        **plan.to_json(),
        cluster=cluster.identity,
        hold_s=experiment.hold_s,
        seed=experiment.seed,
        expires=expires.isoformat(),
    )
    with shielded(), ExitStack() as armed:
        _arm(run, expires, guardians, armed)
        try:
            began = cluster.now
            on_inject(began)
            run.inject(expires)
            run.note(RunEvent.INJECTED, began=began.isoformat())
            if not _took_hold(run, armed_within):
                raise InvalidExperiment(
                    f"{experiment.fault} did not take hold on {experiment.target}: something sets "
                    "it back; look for an autoscaler or a deployment tool that owns it"
                )
            run.note(RunEvent.ARMED)
            with exposed():
                yield plan
        finally:
            run.revert()


def _took_hold(run: Reverting, within_s: float) -> bool:
    """Say whether the fault took hold, if need be after a while."""
    patience = run.patience
    until = patience.clock() + within_s
    while not run.plan.armed(run.cluster, run.id):
        if patience.clock() >= until:
            return False
        with exposed():
            patience.sleep(LOOK_S)
    return True


def _arm(
    run: Reverting, expires: datetime, guardians: Sequence[Guardian], armed: ExitStack
) -> None:
    """Arm every guardian, to be let go once nothing is left to be taken back."""

    def let_go(guardian: Guardian) -> None:
        if run.pending:
            return
        try:
            guardian.disarm(run.id)
        except (AiopsError, OSError) as error:  # what became of the fault is more to the point
            log.warning("a guardian of run %s is still there: %s", run.id, error)

    try:
        for guardian in guardians:
            armed.callback(let_go, guardian)
            guardian.arm(run.id, run.plan, expires)
    except BaseException:
        run.pending = False
        run.note(RunEvent.VERIFIED, injected=False)
        raise


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
    blamed = (
        MetricId(service, metric)
        for metric in make_fault(experiment.fault, experiment.params).metrics
    )
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
