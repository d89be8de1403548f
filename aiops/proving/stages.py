"""The seven stages of the proving loop, judged by what the journal, store and grader hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.types import STAGES, Outcome, Stage
from chaos import RunEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from aiops.types import Incident, Investigation, Place
    from chaos import Experiment, Journal

TOP = 3
"""The promise: the true cause is among the first three named."""


@dataclass(frozen=True)
class Run:
    """One fault on its way through the loop; `incident` stays None where nothing was noticed."""

    experiment: Experiment
    injected_at: datetime
    false_alarms: int
    incident: Incident | None = None
    investigation: Investigation | None = None


@dataclass(frozen=True)
class _Evidence:
    """What one run left behind."""

    run: Run
    events: tuple[RunEvent, ...]
    incident: Incident | None
    places: tuple[Place, ...]


def report(
    runs: Sequence[Run],
    incidents: Sequence[Incident],
    journal: Journal,
    places: Sequence[Place],
) -> tuple[Stage, ...]:
    """Return the stages in order; each holds when it held in every run.

    Parameters
    ----------
    incidents : sequence of Incident
        As read back from the store.
    """
    seen = [
        _Evidence(
            run=run,
            events=tuple(e.event for e in journal.entries() if e.run == run.experiment.run),
            incident=next((i for i in incidents if i.chaos_run == run.experiment.run), None),
            places=tuple(place for place in places if place.run == run.experiment.run),
        )
        for run in runs
    ]
    return tuple(_stage(name, seen) for name in STAGES)


def _stage(name: str, seen: Sequence[_Evidence]) -> Stage:
    judged = [_JUDGES[name](one) for one in seen]
    detail = "; ".join(
        f"{one.run.experiment.fault} on {one.run.experiment.target.name}: {text}"
        for one, (_, text) in zip(seen, judged, strict=True)
    )
    return Stage(name, all(ok for ok, _ in judged), detail)


def _inject(one: _Evidence) -> tuple[bool, str]:
    ok = one.events[:3] == (RunEvent.PLANNED, RunEvent.INJECTED, RunEvent.ARMED)
    return ok, "undo journaled first, then injected and armed" if ok else "did not take hold"


def _detect(one: _Evidence) -> tuple[bool, str]:
    if one.incident is None:
        return False, "not noticed while it was held"
    delay = (one.incident.opened - one.run.injected_at).total_seconds()
    calm = f"{one.run.false_alarms} false alarms in the calm before"
    return one.run.false_alarms == 0, f"noticed after {delay:.0f} s, {calm}"


def _incident(one: _Evidence) -> tuple[bool, str]:
    if one.incident is None:
        return False, "none in the store"
    count = len(one.incident.anomalies)
    return True, f"{one.incident.id} is in the store with {count} anomalies"


def _rank(one: _Evidence) -> tuple[bool, str]:
    if one.incident is None:
        return False, "nothing to rank"
    ranking = one.incident.rankings[-1]
    if ranking.abstained:
        return False, "nobody is blamed"
    named = [entry.service for entry in ranking.services[:TOP]]
    ok = one.run.experiment.target.name in named
    return ok, f"{', '.join(named)} (confidence {ranking.confidence:.2f})"


def _guide(one: _Evidence) -> tuple[bool, str]:
    if one.incident is None or not one.incident.guide_runs:
        return False, "no guide was run"
    run = one.incident.guide_runs[-1]
    steps = ", ".join(
        f"{step.step} {step.outcome.value}"
        + (f" (approved by {step.approved_by})" if step.approved_by else "")
        for step in run.steps
    )
    return run.outcome is Outcome.SUCCEEDED, f"{run.guide}: {steps}"


def _revert(one: _Evidence) -> tuple[bool, str]:
    ok = RunEvent.VERIFIED in one.events and RunEvent.CONFLICT not in one.events
    return ok, "undone, and every touched field is as before" if ok else "not proved undone"


def _score(one: _Evidence) -> tuple[bool, str]:
    placed = {place.ranker: place.place for place in one.places}
    default = placed.get("default")
    text = ", ".join(
        f"{name} {'-' if place is None else f'{place:g}'}" for name, place in sorted(placed.items())
    )
    return default is not None and default <= TOP, f"place of the true cause: {text}"


_JUDGES: dict[str, Callable[[_Evidence], tuple[bool, str]]] = {
    "inject": _inject,
    "detect": _detect,
    "incident": _incident,
    "rank": _rank,
    "guide": _guide,
    "revert": _revert,
    "score": _score,
}
