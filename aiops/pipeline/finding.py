"""A finding needs a symptom: what no user feels is told, but nobody is blamed for it.

Pods that are rolled, a job that runs, a cache that fills: much changes in a system that serves its
users as before. So where a frame tells what users feel (traffic, errors, latency, availability),
that has to have become worse, by more than users let pass and by more than it does by itself;
where it tells nothing of the kind, every column counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aiops.collectors.kinds import ERROR_RATIO, LATENCY, SYMPTOMS, SignalKind, kind_of
from aiops.types import MetricId
from detectors.quantiles import nan_quantile
from rca.onset import LEAD
from rca.services import family_contrast, ownership, service_strength
from rca.significance import worth_blaming
from rca.strangeness import MIN_BEFORE, measure

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from aiops.types import Ranking

NOT_FELT = "nothing that users feel has become worse"

LEAST_CHANGE = {
    SignalKind.LATENCY: 1.2,
    SignalKind.ERRORS: 1.2,
    SignalKind.TRAFFIC: 0.5,
    SignalKind.AVAILABILITY: 0.9,
}
"""The mean since the onset as a multiple of the mean before it from which on users mind: a fifth
more latency or errors, half of the requests gone, away for a tenth of the time."""

LEAST_WAIT_S, LONG_WAIT_S = 0.1, 1.0
"""Nobody minds a p95 that is less than the first much longer: a tenth of a second seems
instantaneous. One that is the second much longer interrupts what people do and is minded at once;
what lies between, such as new pods cause until they are warm, if it lasts (R. B. Miller, "Response
time in man-computer conversational transactions", AFIPS 1968)."""

FEW_ERRORS, MANY_ERRORS = 0.005, 0.02
"""Share of its requests that a service has to fail beyond the usual to be felt; and the share that
is felt however unevenly it comes, for bursts are lost in a quantile of the window, and not on
those who get them."""

LASTS_S, LATEST = 60.0, 3
"""What is over is minded if it was bad for so long in all; what presses and is not over, if most of
so many latest samples are bad. Nobody calls for help because of a moment that has passed."""

_RISES = frozenset({SignalKind.ERRORS, SignalKind.LATENCY})
"""Kinds that become worse by rising; the other symptoms do by falling."""


def held_to_symptoms(ranking: Ranking, metrics: pd.DataFrame, *, level: float) -> Ranking:
    """Return `ranking`, which blames nobody if users felt nothing of what began at its onset.

    Parameters
    ----------
    metrics : DataFrame
        What was ranked.
    level : float
        Largest probability that calm windows look as bad, as in `rca.significance.worth_blaming`.
    """
    if ranking.abstained or ranking.onset is None or is_felt(metrics, ranking.onset, level=level):
        return ranking
    return replace(ranking, abstained=True, confidence=0.0, reason=NOT_FELT)


def is_felt(metrics: pd.DataFrame, onset: datetime, *, level: float) -> bool:
    """Say whether some symptom became worse at `onset`, so much and so surely that it counts.

    True where no column is a symptom: then every column counts. How surely is judged as the
    ranker judges services, on the symptoms alone and only in the direction that hurts.
    """
    if not symptoms(metrics):
        return True
    row = int(metrics.index.searchsorted(pd.Timestamp(onset)))
    if _many_more_fail(metrics, row):
        return True
    worse = _materially_worse(metrics, row)
    if not worse:
        return False
    frame = metrics[worse]
    split = min(max(row - LEAD, MIN_BEFORE), len(frame) - 1)
    strange = measure(_worse_side(frame.to_numpy(), worse, split), split)
    strength = family_contrast(strange.excess, worse)
    return worth_blaming(service_strength(strength, ownership(worse, ())), level=level)


def symptoms(metrics: pd.DataFrame) -> list[MetricId]:
    """Return the columns that tell what users feel."""
    return [MetricId(*name) for name in metrics.columns if kind_of(name[1]) in SYMPTOMS]


def _materially_worse(metrics: pd.DataFrame, row: int) -> list[MetricId]:
    """Return the symptoms that are on average worse than users let pass, and that last."""
    names = symptoms(metrics)
    values = metrics[names].to_numpy()
    usual, now = _means(values[:row]), _means(values[row:])
    step_s = (metrics.index[1] - metrics.index[0]).total_seconds()
    return [
        name
        for column, name in enumerate(names)
        if _minded(name.metric, usual[column], now[column : column + 1]).all()
        and _lasts(name.metric, usual[column], values[row:, column], step_s)
    ]


def _minded(
    metric: str, usual: float, values: NDArray[np.float64], wait_s: float = LEAST_WAIT_S
) -> NDArray[np.bool_]:
    """Say of each value of a symptom whether users mind it where `usual` is what they know.

    `wait_s` is the least by which a latency in seconds has to be longer.

    >>> _minded("latency_p95", 0.1, np.array([0.11, 0.5])).tolist()
    [False, True]
    """
    kind = kind_of(metric)
    if kind not in _RISES:
        gone = np.isnan(values) & np.isfinite(usual)
        missed: NDArray[np.bool_] = gone | (values < LEAST_CHANGE[kind] * usual)
        return missed
    least = {LATENCY: wait_s, ERROR_RATIO: FEW_ERRORS}.get(metric, 0.0)
    usual = float(np.nan_to_num(usual))  # no request, no error
    minded: NDArray[np.bool_] = (values - usual > least) & (values > LEAST_CHANGE[kind] * usual)
    return minded


def _lasts(metric: str, usual: float, values: NDArray[np.float64], step_s: float) -> bool:
    """Say whether what users mind presses to the end, or has gone on for long enough."""
    bad = _minded(metric, usual, values)
    pressing = _minded(metric, usual, values[-LATEST:], LONG_WAIT_S)
    return bool(pressing.mean() > 1 / 2 or bad.sum() * step_s >= LASTS_S)


def _many_more_fail(metrics: pd.DataFrame, row: int) -> bool:
    values = metrics.loc[:, metrics.columns.get_level_values(1) == ERROR_RATIO].to_numpy()
    more = np.nan_to_num(_means(values[row:])) - np.nan_to_num(_means(values[:row]))
    return bool((more > MANY_ERRORS).any())


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column; NaN where it has no value."""
    present = np.isfinite(values)
    total = np.where(present, values, 0.0).sum(axis=0)
    count = present.sum(axis=0)
    means: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def _worse_side(
    values: NDArray[np.float64], columns: list[MetricId], split: int
) -> NDArray[np.float64]:
    """Return the samples with what is better than usual set to what is usual, before and after."""
    usual = nan_quantile(values[:split], 0.5)
    rises = np.array([kind_of(series.metric) in _RISES for series in columns])
    worse: NDArray[np.float64] = np.where(
        rises, np.maximum(values, usual), np.minimum(values, usual)
    )
    return worse
