"""The whole loop, on the simulator: inject a fault, find it, explain it, treat it, undo it, grade it.

Composes the rooms and decides nothing itself: `chaos` breaks and mends, `aiops.pipeline` finds
and ranks, `aiops.guides` treats, `aiops.store` remembers, `rca.grading` grades. What a stage
reports is read back from the journal, the store and the grader, never from what was intended.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiops import datasets, pipeline
from aiops.guides import run_guide
from aiops.guides.library import load as load_guide
from aiops.proving.stages import Run, report
from aiops.proving.tools import toolbox, workload
from aiops.types import Case, Incident, IncidentState, Investigation, Outcome, Place, Proof
from chaos import Experiment, as_case, injected
from chaos.simulator import Simulator
from rca.grading import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from aiops.guides import Approver
    from aiops.settings import Settings
    from aiops.store import Store
    from aiops.types import Anomaly, GuideRun, Ranker
    from chaos import Journal

FAULTS = (("stress.cpu", "store"), ("scale.zero", "cart"))
"""What is injected, and into which service."""

GUIDE = "service-degraded"

CALM_STEPS = 180
"""Samples from which normal is learned: 15 minutes at the simulator's 5 s."""

WATCH_STEPS = 24
"""Samples watched before the fault, in which no incident may open: 2 minutes."""

HOLD_STEPS = 36
"""Samples for which the fault is held: 3 minutes."""


@dataclass(frozen=True)
class Loop:
    """What every run of the loop shares.

    Attributes
    ----------
    folder : Path
        Where the labelled cases go.
    seed : int
        Of the simulator.
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
    approver: Approver
    progress: Callable[[str], None]


def prove(loop: Loop) -> Proof:
    """Run the loop once per fault in `FAULTS` and report the seven stages.

    Raises
    ------
    RevertIncomplete
        If a fault could not be proved gone.
    """
    proof = f"proof-{uuid.uuid4().hex[:8]}"
    runs = [_run(loop, proof, number) for number in range(len(FAULTS))]
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
    fault, service = FAULTS[number]
    shop = Simulator(loop.seed + number)
    experiment = Experiment(
        fault=fault,
        target=workload(service),
        hold_s=HOLD_STEPS * shop.step_s,
        seed=loop.seed + number,
        run=f"{proof}-{number + 1}",
    )
    loop.progress(f"{fault} on {service}: learning what is normal")
    shop.advance(CALM_STEPS)
    watch = _Watch(shop, loop.settings, calm_until=shop.now)
    shop.advance(WATCH_STEPS)
    run = Run(experiment, injected_at=shop.now, false_alarms=len(watch.look()))
    loop.progress(f"{fault} on {service}: injected, watching")
    with injected(experiment, shop, loop.journal):
        run = _operate(loop, run, watch)
    shop.advance(WATCH_STEPS)
    return _label(loop, proof, run, shop)


@dataclass(frozen=True)
class _Watch:
    """The detector's view of the shop: everything before `calm_until` is normal."""

    shop: Simulator
    settings: Settings
    calm_until: datetime

    def look(self) -> tuple[Anomaly, ...]:
        """Return what has been strange since the calm."""
        return pipeline.detect(
            self.shop.metrics(), calm_until=self.calm_until, settings=self.settings
        )

    def case(self, run: str) -> Case:
        """Return the window as it stands, without any label."""
        return Case(id=run, metrics=self.shop.metrics(), topology=self.shop.topology)


def _operate(loop: Loop, run: Run, watch: _Watch) -> Run:
    """Watch until an incident opens, rank, rank again with more evidence, then run the guide."""
    incident: Incident | None = None
    for _ in range(HOLD_STEPS):
        watch.shop.advance(1)
        if incident is None and (anomalies := watch.look()):
            first = _rank(loop, watch, run, anomalies)
            incident = pipeline.open_incident(
                f"inc-{run.experiment.run}", anomalies, first.ranking, opened=watch.shop.now
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
        toolbox(watch.shop, before=watch.calm_until),
        context={"service": blamed},
        approver=loop.approver,
        clock=lambda: watch.shop.now,
    )
    state = IncidentState.MITIGATED if _wrote(guide_run) else incident.state
    return replace(incident, guide_runs=(guide_run,), state=state)


def _wrote(guide_run: GuideRun) -> bool:
    """Say whether a write of the guide succeeded: one refused or skipped mitigates nothing."""
    return any(step.approved_by and step.outcome is Outcome.SUCCEEDED for step in guide_run.steps)


def _label(loop: Loop, proof: str, run: Run, shop: Simulator) -> Run:
    """Keep the run as a labelled case, and close its incident now that the fault is gone."""
    held = shop.metrics()[: CALM_STEPS + WATCH_STEPS + HOLD_STEPS]
    case = as_case(run.experiment, held, shop.topology, inject_time=run.injected_at)
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
