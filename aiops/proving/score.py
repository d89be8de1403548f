"""Grade a judge, run by run, against what was truly done.

A detection is true when it begins between the injection of a fault and a grace after its revert;
every later one is a false alarm, and every earlier one is neither: what lies before the injection
is there to learn from. Nothing is point-adjusted. The causes are asked for at the end of the hold,
from the first detection on: who notices nothing has nobody to blame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.proving.judges import View
from aiops.proving.scoreboard import aggregate
from aiops.scores import Ranked, RunScore, Shown
from aiops.types import AiopsError, MetricId, NotEnoughData
from chaos.record import RunOutcome
from rca.grading import best_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.proving.judges import Judge
    from aiops.scores import Detection, RunKind, Scoreboard
    from aiops.types import Ranker, RootCause
    from chaos.record import RunRecord
    from chaos.runs import RunFolder

SEVERAL_CAUSES, NOT_MEASURED = "several causes", "truth not measured"
"""Why rankers cannot be graded on a fault."""

GRACE_S = 30.0
"""A detection may come so long after the revert: symptoms outlast their cause."""


def score(
    runs: Sequence[RunFolder],
    judge: Judge,
    *,
    grace_s: float = GRACE_S,
    progress: Callable[[int, int, str], None] | None = None,
) -> Scoreboard:
    """Let `judge` judge every run and grade what it says.

    Parameters
    ----------
    grace_s : float
        Seconds after the revert in which a detection still counts as one of the fault.
    progress : callable, optional
        Called with (runs done, runs in all, run) after each.

    Raises
    ------
    InvalidCase, InvalidMetrics, InvalidExperiment
        If a run cannot be read: a bad run is never passed over.
    """
    scores = []
    for done, folder in enumerate(runs, start=1):
        scores.append(score_run(folder, judge, grace_s=grace_s))
        if progress:
            progress(done, len(runs), folder.record.run)
    return aggregate(judge.name, tuple(judge.rankers), scores)


def score_run(folder: RunFolder, judge: Judge, *, grace_s: float = GRACE_S) -> RunScore:
    """Grade one run; see `score`."""
    record = folder.record
    if not record.injected:
        return _grade(record, _Heard())
    if not folder.measured:
        return _grade(record, _Heard(error="no metrics were recorded"))
    case, until = folder.case(), record.phases.reverted + timedelta(seconds=grace_s)
    view = View.of(folder, case)
    found, error = _ask(judge, view)
    alarms = [one for one in found if one.time >= record.phases.injected]
    unranked = _unranked(record, view, case.root_cause)
    truth = None if unranked else case.root_cause
    hits = tuple(one for one in alarms if record.fault and _within(record, one.time, until))
    heard = _Heard(
        hits=hits,
        false_alarms=tuple(one for one in alarms if one not in hits),
        ranked=_rank(record, view, truth, judge.rankers, hits),
        unranked=unranked,
        alerts_missed=_alerts_missed(record, view, until),
        shown=_shown(record, view.metrics),
        error=error,
    )
    return _grade(record, heard)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of asking the judge about one run."""

    hits: tuple[Detection, ...] = ()
    false_alarms: tuple[Detection, ...] = ()
    ranked: tuple[Ranked, ...] = ()
    unranked: str | None = None
    alerts_missed: tuple[str, ...] | None = None
    shown: Shown | None = None
    error: str | None = None


def _grade(record: RunRecord, heard: _Heard) -> RunScore:
    phases, hits = record.phases, heard.hits
    incomplete = record.outcome is RunOutcome.REVERT_INCOMPLETE
    return RunScore(
        run=record.run,
        kind=_kind(record),
        fault=record.fault,
        target=str(record.target) if record.target else None,
        strength=record.strength,
        decoy=record.decoy,
        start=phases.baseline_start,
        injected=phases.injected,
        reverted=phases.reverted,
        end=phases.end,
        outcome=record.outcome.value,
        effect=record.effect.effect.value if record.effect else None,
        why=record.effect.why if record.effect else "",
        detected=bool(hits),
        delay_s=(hits[0].time - phases.injected).total_seconds() if hits else None,
        detect_within=record.expected.detect_within,
        detections=hits,
        false_alarms=heard.false_alarms,
        ranked=heard.ranked,
        should_fire=_should_fire(record),
        alerts_expected=len(record.expected.alerts),
        alerts_missed=heard.alerts_missed,
        reverted_whole=not (incomplete or record.revert.conflicts),
        error=heard.error,
        shown=heard.shown,
        beside=record.beside,
        unranked=heard.unranked,
    )


def _within(record: RunRecord, moment: datetime, until: datetime) -> bool:
    """Say whether a detection at `moment` may be one of the fault."""
    return record.phases.injected <= moment <= until


def _ask(judge: Judge, view: View) -> tuple[tuple[Detection, ...], str | None]:
    try:
        return judge.detect(view), None
    except NotEnoughData as error:
        return (), str(error)


def _kind(record: RunRecord) -> RunKind:
    if not record.injected:
        return "not-injected"
    if record.fault:
        return "fault"
    return "decoy" if record.decoy else "control"


def _should_fire(record: RunRecord) -> tuple[str, ...]:
    expected = record.expected
    return expected.alerts or tuple(
        str(MetricId(expected.service, metric)) for metric in expected.metrics if expected.service
    )


def _unranked(record: RunRecord, view: View, truth: RootCause | None) -> str | None:
    """Say why no ranker can be graded on this run; None if all can be, or there is no fault."""
    if record.fault is None:
        return None
    if record.beside:
        return SEVERAL_CAUSES
    services = view.metrics.columns.get_level_values("service")
    return None if truth and truth.service in services else NOT_MEASURED


def _alerts_missed(record: RunRecord, view: View, until: datetime) -> tuple[str, ...] | None:
    """Return the expected alerts that did not begin in time."""
    if view.alerts is None or not record.expected.alerts:
        return None
    fired = {one.name for one in view.alerts if _within(record, one.start, until)}
    return tuple(name for name in record.expected.alerts if name not in fired)


def _shown(record: RunRecord, metrics: pd.DataFrame) -> Shown | None:
    """Return the indicator that the effect verdict spoke of."""
    found = record.effect
    if found is None or found.service is None or found.sli is None:
        return None
    series = MetricId(found.service, found.sli)
    if series not in metrics.columns:
        return None
    times = tuple(moment.to_pydatetime() for moment in metrics.index)
    return Shown(series, times, tuple(metrics[series].astype(float)))


def _rank(
    record: RunRecord,
    view: View,
    truth: RootCause | None,
    rankers: Mapping[str, Ranker],
    hits: Sequence[Detection],
) -> tuple[Ranked, ...]:
    """Ask every ranker at the end of the hold, as somebody would who was woken by the alarm."""
    if truth is None or not hits:
        return ()
    asked = max(record.phases.reverted, hits[0].time)  # an alarm may come after the revert
    then = replace(view, metrics=view.metrics[view.metrics.index <= asked])
    return tuple(
        _place(name, ranker, then, hits[0].began, truth) for name, ranker in rankers.items()
    )


def _place(name: str, ranker: Ranker, view: View, onset: datetime, truth: RootCause) -> Ranked:
    candidates = view.metrics.columns.get_level_values("service").nunique()
    try:
        ranking = ranker.rank(view.metrics, onset=onset, topology=view.topology)
    except AiopsError as error:
        return Ranked(name, None, None, candidates, None, error=str(error))
    if ranking.abstained:
        return Ranked(name, None, None, candidates, None, abstained=True)
    services = ranking.by_service()
    series = {cause.series: cause.score for cause in ranking.causes}
    return Ranked(
        ranker=name,
        service_place=best_rank([truth.service], services),
        series_place=best_rank(truth.metrics, series),
        candidates=candidates,
        blamed=next(iter(services), None),
    )
