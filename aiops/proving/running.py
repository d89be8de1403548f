"""One run, kept: conducted, measured, judged for its effect, and written as a folder."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiops import datasets
from aiops.proving.effect import verdict
from aiops.types import AiopsError, Case, MetricId, RootCause
from chaos.record import Effect, EffectVerdict, RunOutcome
from chaos.run import conduct
from chaos.runs import CASE_FOLDER, RunFolder, write_alerts
from chaos.trial import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from chaos.backend import Backend
    from chaos.files.extension import Effect as EffectBlock
    from chaos.journal import Journal
    from chaos.record import RunRecord
    from chaos.trial import Prepared, Trial

SETTLE_S: Final = 6.0
"""How long a monitoring takes to hold what it has measured, s; a simulator takes none."""


def new_run() -> str:
    """Return a name for a run that says nothing about it."""
    return f"run-{uuid.uuid4().hex[:10]}"


def run_trial(
    trial: Trial,
    backend: Backend,
    journal: Journal,
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> RunFolder:
    """Plan a trial, run it and keep it; see `run_prepared`."""
    return run_prepared(prepare(trial, backend), backend, journal, folder, progress)


def run_prepared(
    prepared: Prepared,
    backend: Backend,
    journal: Journal,
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> RunFolder:
    """Run what was planned, and write its record, its case and its alerts into `folder`.

    The record is there as soon as the run is over, and once more with what was measured.

    Raises
    ------
    AiopsError
        As `chaos.run.conduct` does; nothing is then kept.
    """
    record = conduct(prepared, backend, journal, progress)
    folder.mkdir(parents=True, exist_ok=True)
    record.write(folder)
    if backend.name == "k8s":
        backend.wait(SETTLE_S)
    try:
        record = _measured(record, backend, folder, prepared.trial)
    except AiopsError as error:
        lost = EffectVerdict(Effect.UNKNOWN, None, None, None, None, f"not measured: {error}")
        record = replace(record, effect=lost)
    record.write(folder)
    return RunFolder(folder, record)


def _measured(record: RunRecord, backend: Backend, folder: Path, trial: Trial) -> RunRecord:
    """Keep the metrics and alerts of a run, and return its record with the effect on it."""
    since = record.phases.baseline_start
    metrics = backend.metrics(since)
    effect = _effect(record, metrics, backend, trial)
    datasets.save(label(record, metrics, backend.topology, effect), folder / CASE_FOLDER)
    alerts = backend.alerts(since)
    if alerts is not None:
        write_alerts(alerts, folder)
    if effect is None:
        return record
    bitten = effect.effect is not Effect.NO_EFFECT
    idle = record.outcome is RunOutcome.HELD and record.fault is not None and not bitten
    return replace(record, effect=effect, outcome=RunOutcome.NO_EFFECT if idle else record.outcome)


def _effect(
    record: RunRecord, metrics: pd.DataFrame, backend: Backend, trial: Trial
) -> EffectVerdict | None:
    """Return whether the run bit; None where nothing was done that could."""
    if not record.injected:
        return None
    if trial.effect:
        return _by_probe(record, trial.effect)
    return _verdict(record, metrics, backend, trial)


def _verdict(
    record: RunRecord, metrics: pd.DataFrame, backend: Backend, trial: Trial
) -> EffectVerdict:
    """Return what the indicators of the entries say, once the fault has settled."""
    injected, reverted = record.phases.injected, record.phases.reverted
    settled = min(injected + timedelta(seconds=trial.settle_s), reverted)
    return verdict(
        metrics,
        entries=backend.entries,
        baseline=(record.phases.baseline_start, injected),
        held=(settled, reverted),
    )


def _by_probe(record: RunRecord, told: EffectBlock) -> EffectVerdict:
    """Return what the probe that the file names says: whether it fell as far as it demands."""
    name, least = told.sli, told.min_drop
    seen = [
        next((check.value for check in checks if check.name == name), None)
        for checks in (record.hypothesis.before, record.hypothesis.during)
    ]
    numbers = [float(value) for value in seen if isinstance(value, (int, float))]
    if len(numbers) < len(seen):
        why = f"the probe {name!r} gave no number before and during the hold"
        return EffectVerdict(Effect.UNKNOWN, name, None, None, None, why)
    drop = numbers[0] - numbers[1]
    effect = Effect.EFFECTIVE if drop >= least else Effect.NO_EFFECT
    return EffectVerdict(effect, name, None, drop, None, f"{name} fell by {drop:.4g} of {least:g}")


def label(
    record: RunRecord,
    metrics: pd.DataFrame,
    topology: Sequence[tuple[str, str]],
    effect: EffectVerdict | None,
) -> Case:
    """Return the whole run as a case with the truth on it; without a fault, no root cause."""
    expected = record.expected
    cause = None
    if record.fault is not None and record.injected and expected.service is not None:
        moved = tuple(MetricId(expected.service, metric) for metric in expected.metrics)
        cause = RootCause(expected.service, moved)
    trigger = None
    if effect and effect.effect is Effect.EFFECTIVE and effect.sli and effect.service:
        trigger = MetricId(effect.service, effect.sli)
    return Case(
        id=record.run,
        metrics=metrics,
        topology=tuple(topology),
        trigger=trigger,
        inject_time=record.phases.injected,
        root_cause=cause,
        fault=record.fault if record.injected else None,
        system=record.system,
    )


def export(run: RunFolder, folder: Path) -> Case:
    """Write the case of a run until its revert, as `aiops eval rca` reads it.

    Raises
    ------
    InvalidCase
        If the run has no case, or `folder` is in use.
    """
    case = run.case()
    kept = case.metrics[case.metrics.index < run.record.phases.reverted]
    trimmed = replace(case, metrics=kept)
    datasets.save(trimmed, folder)
    return trimmed
