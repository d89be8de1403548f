"""What grading the monitoring found: data that crosses from the proving room to the reports.

Nothing here computes a grade; see `aiops.proving.score`. Every proportion is a `Share`, which
carries its Wilson interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from aiops.types import MetricId
    from aiops.wilson import Share

SCHEMA = "aiops.chaos.score/v1"

RunKind = Literal["fault", "control", "decoy", "not-injected"]


@dataclass(frozen=True, slots=True)
class Detection:
    """One moment at which a judge raised its hand.

    `service` is None where it named none; `began` is since when things had been wrong by its own
    account, which is the moment from which causes are looked for.
    """

    time: datetime
    service: str | None
    text: str
    began: datetime


@dataclass(frozen=True, slots=True)
class Ranked:
    """Where one ranker put the truth of one run.

    Attributes
    ----------
    service_place, series_place : float or None
        1-based place of the true service, and of the best of the series that the fault moves;
        ties at their mean; None where it is not ranked, or nobody is blamed.
    candidates : int
        The services to choose from.
    blamed : str or None
        The first choice.
    abstained : bool
        Whether the ranker blamed nobody.
    error : str or None
        Why it failed.
    """

    ranker: str
    service_place: float | None
    series_place: float | None
    candidates: int
    blamed: str | None
    abstained: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The indicator that a picture of a run shows; NaN where a sample is missing."""

    series: MetricId
    times: tuple[datetime, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RunScore:
    """How one judge fared in one run.

    Attributes
    ----------
    kind : {"fault", "control", "decoy", "not-injected"}
        A control is a run in which nothing was to be done, a decoy one with a harmless change only;
        not injected is what was planned and never done, and nothing is graded in it.
    target : str or None
        ``kind/namespace/name`` of what was struck.
    start, injected, reverted, end : datetime
        The phases.
    effect, why : str or None and str
        Whether it bit, as the run itself found, and in which words.
    detected : bool
        Whether the judge raised its hand between the injection and the grace after the revert.
    delay_s : float or None
        From the injection to the first such detection.
    detections, false_alarms : tuple of Detection
        Those in that time of a fault, and all others; what came before the injection is neither.
    ranked : tuple of Ranked
        A place from each ranker; empty where nothing was detected or nobody is to blame.
    should_fire : tuple of str
        The alerts that were expected, else the series that the fault moves.
    detect_within : float or None
        How soon the fault should have been detected, s.
    alerts_missed : tuple of str or None
        Expected alerts that did not fire; None where no alerts were recorded or expected.
    reverted_whole : bool
        Whether everything touched was found as before.
    error : str or None
        Why the judge could not judge.
    beside : tuple of str
        Further faults of the same run.
    unranked : str or None
        Why no ranker can be graded on this fault: it has several causes, or the metrics know
        nothing of the true one.
    """

    run: str
    kind: RunKind
    fault: str | None
    target: str | None
    strength: float | None
    decoy: str | None
    start: datetime
    injected: datetime
    reverted: datetime
    end: datetime
    outcome: str
    effect: str | None
    why: str
    detected: bool
    delay_s: float | None
    detect_within: float | None
    detections: tuple[Detection, ...]
    false_alarms: tuple[Detection, ...]
    ranked: tuple[Ranked, ...]
    should_fire: tuple[str, ...]
    alerts_expected: int
    alerts_missed: tuple[str, ...] | None
    reverted_whole: bool
    error: str | None
    shown: Shown | None
    beside: tuple[str, ...] = ()
    unranked: str | None = None

    @property
    def effective(self) -> bool:
        """Whether a fault bit."""
        return self.kind == "fault" and self.effect == "effective"

    @property
    def late(self) -> bool:
        """Whether a fault was detected later than expected."""
        if self.delay_s is None or self.detect_within is None:
            return False
        return self.delay_s > self.detect_within

    @property
    def missed(self) -> bool:
        """Whether a fault that bit went unnoticed."""
        return self.effective and not self.detected

    @property
    def silent(self) -> tuple[str, ...]:
        """The expected alerts that a fault that bit did not raise."""
        return self.alerts_missed or () if self.effective else ()


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Median and quartiles in seconds; None where there is nothing to order."""

    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AlwaysScore:
    """What an alarm in every run, raised at once, would get; a judge must beat its F1."""

    recall: Share
    precision: Share
    f1: float | None


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """How well faults were noticed, counted by events and never point by point.

    Attributes
    ----------
    recall, recall_all : Share
        Of the faults that bit, and of all faults, those detected.
    precision : Share
        Of the faults detected and the false alarms together, the faults: a fault counts once
        however often it was noticed, and each false alarm counts.
    f1 : float or None
        The harmonic mean of `recall` and `precision`.
    always : AlwaysScore
        The naive judge to compare it with, on the same runs.
    false_alarms : int
        Detections outside of faults, in all runs.
    control_alarms, control_hours, alarms_per_hour : int, float, float or None
        Detections from the moment of the injection on in the controls that could be judged, in
        how many hours.
    decoys_alarmed : Share
        Decoys in which the judge raised its hand, of those that could be judged.
    delay_s : Quartiles
        Of the effective faults that were detected.
    late : Share
        Of these, where it was said how soon that should be, those detected later.
    failures : int
        Runs that the judge could not judge; their faults count as missed.
    """

    recall: Share
    recall_all: Share
    precision: Share
    f1: float | None
    always: AlwaysScore
    false_alarms: int
    control_alarms: int
    control_hours: float
    alarms_per_hour: float | None
    decoys_alarmed: Share
    delay_s: Quartiles
    late: Share
    failures: int


@dataclass(frozen=True, slots=True)
class RankingScore:
    """How well one ranker named the causes of the effective faults; what it did not rank is a miss.

    Faults on which no ranker can be graded are left out; see `RunScore.unranked`.

    Attributes
    ----------
    ac1, ac3, ac5 : Share
        True service among the first one, three, five.
    avg5, mrr : float or None
        Mean of AC@1 to AC@5; mean of 1 / place.
    series_ac1, series_ac3, series_ac5 : Share
        A series that the fault moves among the first ones: the kind of the fault.
    series_avg5, series_mrr : float or None
        As above, of series.
    not_asked : int
        Faults that were not detected, so that nobody was asked for the cause.
    abstained, failures : int
        Rankings that blame nobody, and rankers that failed.
    """

    ranker: str
    ac1: Share
    ac3: Share
    ac5: Share
    avg5: float | None
    mrr: float | None
    series_ac1: Share
    series_ac3: Share
    series_ac5: Share
    series_avg5: float | None
    series_mrr: float | None
    not_asked: int
    abstained: int
    failures: int


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """What a judge got right and wrong over many runs.

    Attributes
    ----------
    not_injected : int
        Runs in which what was planned was never done; in no other figure.
    effects : dict of str to int
        Verdict → faults with it: effective, no-effect, unknown, not judged.
    effective : Share
        Of all faults, those that bit.
    unranked : dict of str to int
        Reason → effective faults that are left out of the rankings for it.
    reverted : Share
        Of all faults, those found whole again.
    alerts_raised : Share
        Of the alerts that were expected of effective faults, those that fired.
    runs : tuple of RunScore
        Every run: missed faults first, then the other faults, decoys, controls, not injected.
    """

    judge: str
    faults: int
    controls: int
    decoys: int
    not_injected: int
    effects: dict[str, int]
    effective: Share
    detection: DetectionScore
    rankings: tuple[RankingScore, ...]
    unranked: dict[str, int]
    reverted: Share
    alerts_raised: Share
    runs: tuple[RunScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the pictures as a JSON-ready document."""
        document: dict[str, Any] = {"schema": SCHEMA, **_plain(self)}
        for run in document["runs"]:
            del run["shown"]
        return document


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and math.isnan(value) else value
