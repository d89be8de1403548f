"""The whole loop: inject a fault, find it, explain it, treat it, undo it, grade it.

Composes the rooms and decides nothing itself: `chaos` breaks and mends, `aiops.pipeline` finds
and ranks, `aiops.guides` treats, `aiops.store` remembers, `rca.grading` grades. What a stage
reports is read back from the journal, the store and the grader, never from what was intended.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from aiops import datasets, pipeline
from aiops.guides import run_guide
from aiops.guides.library import load as load_guide
from aiops.proving.stages import Run, report
from aiops.proving.tools import toolbox, workload
from aiops.types import Case, Incident, IncidentState, Investigation, Outcome, Place, Proof
from chaos import Experiment, as_case, injected
from chaos.safety import Limits, check
from rca.grading import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from aiops.guides import Approver
    from aiops.settings import Settings
    from aiops.store import Store
    from aiops.types import Anomaly, GuideRun, Ranker
    from chaos import Journal
    from chaos.backend import Backend
    from chaos.plan import Plan

GUIDE = "service-degraded"


@dataclass(frozen=True, slots=True)
class Script:
    """What is done, and how long each part of it lasts.

    Attributes
    ----------
    faults : tuple of (fault, service)
        What is injected, and into which service.
    calm_s : float
        From which normal is learned, s.
    watch_s : float
        Watched before the fault, in which no incident may open, and after it, s.
    hold_s : float
        For which the fault is held before it is treated, s.
    treat_s : float
        For which the guide may then run, s.
    """

    faults: tuple[tuple[str, str], ...]
    calm_s: float
    watch_s: float
    hold_s: float
    treat_s: float


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "sim": Script((("stress.cpu", "store"), ("scale.zero", "cart")), 900.0, 120.0, 180.0, 60.0),
        "k8s": Script((("stress.cpu", "catalog"), ("scale.zero", "cart")), 120.0, 20.0, 50.0, 90.0),
    }
)
"""By backend; a simulator's time costs nothing."""


@dataclass(frozen=True)
class Loop:
    """What every run of the loop shares.

    Attributes
    ----------
    folder : Path
        Where the labelled cases go.
    seed : int
        Of the simulator, and of the choice of victims.
    script : Script
        What is done.
    open_backend : callable
        Opens the backend of a run for a seed.
    approver : Approver
        Who allows the guide to write.
    progress : callable
        Told in a few words what happens next.
    """

    store: Store
    journal: Journal
    folder: Path
    settings: Settings
    seed: int
    script: Script
    open_backend: Callable[[int], AbstractContextManager[Backend]]
    approver: Approver
    progress: Callable[[str], None]


def prove(loop: Loop) -> Proof:
    """Run the loop once per fault of the script and report the seven stages.

    Raises
    ------
    InvalidExperiment
        If a fault cannot strike its service, or a gate is shut; nothing of it was then done.
    RevertIncomplete
        If a fault could not be proved gone.
    """
    proof = f"proof-{uuid.uuid4().hex[:8]}"
    runs = [_run(loop, proof, number) for number in range(len(loop.script.faults))]
    loop.progress("grading")
    places = _grade(loop, proof)
    for run in runs:
        if run.incident is not None:
            loop.store.add_places(
                run.incident.id, [place for place in places if place.run == run.experiment.run]
            )
    incidents = tuple(
        loop.store.incident(run.incident.id) for run in runs if run.incident is not None
    )
    return Proof(
        stages=report(runs, incidents, loop.journal, places),
        incidents=incidents,
        investigations=tuple(run.investigation for run in runs if run.investigation is not None),
        places=places,
    )


def _run(loop: Loop, proof: str, number: int) -> Run:
    fault, service = loop.script.faults[number]
    seed = loop.seed + number
    with loop.open_backend(seed) as backend:
        experiment = Experiment(
            fault=fault,
            target=workload(backend.system, service),
            hold_s=loop.script.hold_s + loop.script.treat_s,
            seed=seed,
            run=f"{proof}-{number + 1}",
        )
        return _follow(loop, proof, experiment, backend)


def _follow(loop: Loop, proof: str, experiment: Experiment, backend: Backend) -> Run:
    """Learn what is normal, watch, inject, operate, and label what was seen."""
    named = f"{experiment.fault} on {experiment.target.name}"
    _cleared(experiment, backend)
    began = backend.cluster.now
    loop.progress(f"{named}: learning what is normal")
    backend.wait(loop.script.calm_s)
    watch = _Watch(backend, loop.settings, began=began, calm_until=backend.cluster.now)
    backend.wait(loop.script.watch_s)
    false_alarms = len(watch.look())
    plan = _cleared(experiment, backend)
    run = Run(experiment, injected_at=backend.cluster.now, false_alarms=false_alarms)
    loop.progress(f"{named}: injected, watching")
    guardians = backend.guardians()
    with injected(experiment, backend.cluster, loop.journal, guardians=guardians, plan=plan):
        run = _operate(loop, run, watch)
        held = watch.metrics()
    backend.wait(loop.script.watch_s)
    return _label(loop, proof, run, backend, held)


def _cleared(experiment: Experiment, backend: Backend) -> Plan:
    """Return the plan if every gate is open; that a workload loses all its pods is meant here.

    Asked twice: before anybody waits, and just before the deed.
    """
    plan = experiment.plan(backend.cluster)
    limits, hold_s = Limits().with_outage(), experiment.hold_s
    found = check((plan,), backend.cluster, backend.scope, limits=limits, hold_s=hold_s)
    found.refuse_unless_clear()
    return plan


@dataclass(frozen=True)
class _Watch:
    """The detector's view of the system: everything before `calm_until` is normal."""

    backend: Backend
    settings: Settings
    began: datetime
    calm_until: datetime

    def metrics(self) -> pd.DataFrame:
        """Return everything measured so far."""
        return self.backend.metrics(self.began)

    def look(self) -> tuple[Anomaly, ...]:
        """Return what has been strange since the calm."""
        return pipeline.detect(self.metrics(), calm_until=self.calm_until, settings=self.settings)

    def case(self, run: str) -> Case:
        """Return the window as it stands, without any label."""
        return Case(id=run, metrics=self.metrics(), topology=tuple(self.backend.topology))


def _operate(loop: Loop, run: Run, watch: _Watch) -> Run:
    """Watch until an incident opens, rank, rank again with more evidence, then run the guide."""
    incident: Incident | None = None
    cluster = watch.backend.cluster
    until = cluster.now + timedelta(seconds=loop.script.hold_s)
    while cluster.now < until:
        watch.backend.wait(watch.backend.step_s)
        if incident is None and (anomalies := watch.look()):
            first = _rank(loop, watch, run, anomalies)
            incident = pipeline.open_incident(
                f"inc-{run.experiment.run}", anomalies, first.ranking, opened=cluster.now
            )
            incident = replace(incident, chaos_run=run.experiment.run)
            loop.store.save(incident)
    if incident is None:
        return run
    investigation = _rank(loop, watch, run, incident.anomalies)
    incident = replace(
        incident,
        anomalies=investigation.anomalies,
        rankings=(*incident.rankings, investigation.ranking),
    )
    incident = _treat(loop, watch, incident)
    loop.store.save(incident)
    return replace(run, incident=incident, investigation=investigation)


def _rank(loop: Loop, watch: _Watch, run: Run, anomalies: tuple[Anomaly, ...]) -> Investigation:
    """Rank from the first moment at which anything was strange."""
    began = min(anomaly.start for anomaly in anomalies)
    return pipeline.investigate(watch.case(run.experiment.run), settings=loop.settings, onset=began)


def _treat(loop: Loop, watch: _Watch, incident: Incident) -> Incident:
    """Run the guide on the service that is blamed, unless nobody is."""
    ranking = incident.rankings[-1]
    if ranking.abstained:
        return incident
    blamed = ranking.services[0].service
    loop.progress(f"running the guide {GUIDE} on {blamed}")
    guide_run = run_guide(
        load_guide(GUIDE),
        toolbox(watch.backend, began=watch.began, before=watch.calm_until),
        context={"service": blamed},
        approver=loop.approver,
        clock=lambda: watch.backend.cluster.now,
    )
    state = IncidentState.MITIGATED if _wrote(guide_run) else incident.state
    return replace(incident, guide_runs=(guide_run,), state=state)


def _wrote(guide_run: GuideRun) -> bool:
    """Say whether a write of the guide succeeded: one refused or skipped mitigates nothing."""
    return any(step.approved_by and step.outcome is Outcome.SUCCEEDED for step in guide_run.steps)


def _label(loop: Loop, proof: str, run: Run, backend: Backend, held: pd.DataFrame) -> Run:
    """Keep the run as a labelled case, and close its incident now that the fault is gone."""
    case = as_case(run.experiment, held, backend.topology, inject_time=run.injected_at)
    datasets.save(case, loop.folder / proof / run.experiment.run)
    if run.incident is None or run.investigation is None:
        return run
    incident = replace(run.incident, state=IncidentState.RESOLVED)
    loop.store.save(incident)
    return replace(run, incident=incident, investigation=replace(run.investigation, case=case))


def _grade(loop: Loop, proof: str) -> tuple[Place, ...]:
    """Let the grader put the default ranker beside the baselines on the cases just made."""
    rankers: Mapping[str, Ranker] = {"default": pipeline.default_ranker(loop.settings)}
    graded = evaluate(rankers, loop.folder / proof, seed=loop.seed)
    return tuple(
        Place(
            run=result.case,
            ranker=result.ranker,
            place=result.service_rank,
            candidates=result.n_services,
            blamed=result.blamed,
        )
        for result in graded.results
    )
