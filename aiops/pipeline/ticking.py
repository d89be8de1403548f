"""One tick: what is seen at one instant → what is decided. Pure, so that anybody may schedule it.

`tick` is given what the last one remembered and one row of samples, and returns what to remember
and what to do. It never waits, fetches, stores or writes into what it was given; the same input
gives the same output. A backtest calls it over recorded days, a daemon as time goes by; ticks may
be missing, and series may come and go, but time never goes back.

Each series is held against its own past and against the same time of day before (`expectation`),
its scores against how strange it usually gets (`restlessness`); what stays strange (`strange`)
opens an episode if users feel it, and all that is strange while it lasts belongs to it (`episode`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.pipeline.episode import GAIN, Episode
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from aiops.pipeline.watch import Watch
    from aiops.types import Anomaly, MetricId

FORGET_S = 3600.0
"""After a longer time without a tick the recent past says nothing any more."""

BLIND = 0.5
"""Share of the series that are always there beyond which their absence is our own blindness."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen at one instant.

    Attributes
    ----------
    time : datetime
        With its time zone.
    series : tuple of MetricId
        Keep one tuple for as long as it does not change: then nothing is compared.
    values : array, (series,)
        NaN = missing.
    """

    time: datetime
    series: tuple[MetricId, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Decision:
    """What a tick decided.

    Attributes
    ----------
    time : datetime
        The tick.
    strange : tuple of Anomaly
        What is strange now, up to this tick.
    strength : float
        How strong the symptoms are together: for each service the logarithm (base 2) of one and
        its worst score in levels, and of all of these the Euclidean norm; 0 where no symptom is
        strange.
    opened, closed : Episode or None
        The episode that began, and the one that ended, here.
    blind : bool
        Too much is missing at once to decide anything: it is the measuring that failed. An episode
        that is open stays as it is.
    """

    time: datetime
    strange: tuple[Anomaly, ...] = ()
    strength: float = 0.0
    opened: Episode | None = None
    closed: Episode | None = None
    blind: bool = False


def tick(watch: Watch, seen: Seen) -> tuple[Watch, Decision]:
    """Take one instant in and decide.

    Returns
    -------
    Watch
        For the next tick; `watch` itself stays as it is.
    Decision

    Raises
    ------
    InvalidInput
        If `seen` is not later than the tick before, not one value per series, or infinite.
    """
    _check(watch, seen)
    watch = _arrived(watch.over(seen.series), seen.time)
    if _blind(watch, seen.values):
        learned = replace(watch, expectation=watch.expectation.learned(seen.values))
        return learned, Decision(seen.time, blind=True)
    scored = _judged(watch, seen)
    return _settled(scored, _decision(scored, seen.time))


def _check(watch: Watch, seen: Seen) -> None:
    if seen.time.tzinfo is None:
        raise InvalidInput(f"the tick of {seen.time} has no time zone; give it one (UTC)")
    if watch.time is not None and seen.time <= watch.time:
        raise InvalidInput(f"the tick of {seen.time} comes after that of {watch.time}; sort them")
    if seen.values.shape != (len(seen.series),):
        raise InvalidInput(
            f"{seen.values.shape} values for {len(seen.series)} series; give one for each"
        )
    if np.isinf(seen.values).any():  # no mean would ever recover from it
        series = seen.series[int(np.isinf(seen.values).argmax())]
        raise InvalidInput(f"{series} is infinite at {seen.time}; use NaN for a missing value")


def _arrived(watch: Watch, moment: datetime) -> Watch:
    """Return the watch at its new moment: another block, another time of day, a gap behind it."""
    expectation = watch.expectation.at(moment)
    if watch.time is not None and (moment - watch.time).total_seconds() > FORGET_S:
        expectation = expectation.forgotten(np.ones(len(watch.columns.series), dtype=bool))
    return replace(
        watch, time=moment, expectation=expectation, restlessness=watch.restlessness.at(moment)
    )


def _blind(watch: Watch, values: NDArray[np.float64]) -> bool:
    missing, steady = np.isnan(values), watch.expectation.steady
    return bool(missing.all() or (missing & steady).sum() > BLIND * steady.sum())


def _judged(watch: Watch, seen: Seen) -> Watch:
    """Return the watch after its series were scored, and what they show was learned."""
    expected, usual = watch.expectation, watch.restlessness
    raw = expected.scores(
        seen.values, watch.columns.matters(expected.mean), watch.columns.direction
    )
    calibrated = usual.calibrated(raw, watch.detection.level)
    return replace(
        watch,
        expectation=expected.learned(seen.values),
        restlessness=usual.learned(raw, watch.detection.min_points),
        strange=watch.strange.learned(calibrated, seen.time, watch.detection),
    )


def _decision(watch: Watch, moment: datetime) -> Decision:
    if not watch.strange.open.any():
        return Decision(moment)
    every = np.ones(len(watch.columns.series), dtype=bool)
    strange = watch.strange.anomalies(watch.columns.series, every, moment)
    return Decision(moment, strange, _strength(watch))


def _strength(watch: Watch) -> float:
    """Return how strange the worst symptoms of the services are together.

    Squares are added, so that one that is down weighs more than many that are a little restless.
    """
    felt = watch.strange.open & watch.columns.symptom
    if not felt.any():
        return 0.0
    worst = np.zeros(int(watch.columns.service.max()) + 1)
    np.maximum.at(worst, watch.columns.service[felt], watch.strange.score[felt])
    return float(np.linalg.norm(np.log2(1 + worst / watch.detection.level)))


def _settled(watch: Watch, decision: Decision) -> tuple[Watch, Decision]:
    """Open, let grow or close the episode."""
    episode = watch.episode
    if episode is None:
        opened = _opened(watch, decision) if decision.strength > 0 else None
        return replace(watch, episode=opened), replace(decision, opened=opened)
    grown = episode.grown(decision.time, decision.strength, decision.strange)
    if not grown.over(decision.time, watch.manner):
        return replace(watch, episode=grown), decision
    closed = replace(grown, closed=decision.time)
    if grown.overlong(decision.time, watch.manner):
        watch = _accustomed(watch)
    return replace(watch, episode=None), replace(decision, closed=closed)


def _opened(watch: Watch, decision: Decision) -> Episode:
    symptoms = watch.strange.anomalies(watch.columns.series, watch.columns.symptom, decision.time)
    return Episode(
        began=min(one.start for one in symptoms),
        opened=decision.time,
        symptom=max(symptoms, key=lambda one: (one.score, *one.series)).series,
        last=decision.time,
        rises=((decision.time, GAIN * decision.strength),),
        weight=GAIN * decision.strength,
        spans={one.series: one for one in decision.strange},
    )


def _accustomed(watch: Watch) -> Watch:
    """Return the watch for which what is strange is the new normal."""
    lasting = watch.strange.open
    return replace(
        watch,
        expectation=watch.expectation.forgotten(lasting),
        strange=watch.strange.without(lasting),
    )
