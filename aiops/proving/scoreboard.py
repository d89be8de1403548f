"""From the grades of single runs to the figures of a judge; see `aiops.scores` for what they mean."""

from __future__ import annotations

from collections import Counter
from statistics import fmean, quantiles
from typing import TYPE_CHECKING

from aiops.scores import AlwaysScore, DetectionScore, Quartiles, RankingScore, Scoreboard
from aiops.wilson import Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.scores import Ranked, RunScore

DEPTH = 5
"""Avg@5 is the mean of AC@1 to AC@5."""

NOT_JUDGED = "not judged"
"""Where a run has no effect verdict."""


def aggregate(judge: str, rankers: Sequence[str], runs: Sequence[RunScore]) -> Scoreboard:
    """Return the scoreboard of `judge`, whose `rankers` were asked, over `runs`."""
    kinds = Counter(run.kind for run in runs)
    faults = [run for run in runs if run.kind == "fault"]
    bitten = [run for run in faults if run.effective]
    rankable = [run for run in bitten if run.unranked is None]
    told = [run for run in bitten if run.alerts_missed is not None]
    expected = sum(run.alerts_expected for run in told)
    missed = sum(len(run.alerts_missed or ()) for run in told)
    return Scoreboard(
        judge=judge,
        faults=len(faults),
        controls=kinds["control"],
        decoys=kinds["decoy"],
        not_injected=kinds["not-injected"],
        effects=dict(sorted(Counter(run.effect or NOT_JUDGED for run in faults).items())),
        effective=Share.count(len(bitten), len(faults)),
        detection=_detection(runs),
        rankings=tuple(_ranking(ranker, rankable) for ranker in rankers),
        unranked=dict(sorted(Counter(run.unranked for run in bitten if run.unranked).items())),
        reverted=_share([run.reverted_whole for run in faults]),
        alerts_raised=Share.count(expected - missed, expected),
        runs=tuple(sorted(runs, key=_order)),
    )


def _order(run: RunScore) -> tuple[bool, int, bool, str, str]:
    kinds = ("fault", "decoy", "control", "not-injected")
    return (not run.missed, kinds.index(run.kind), not run.effective, run.fault or "", run.run)


def _detection(runs: Sequence[RunScore]) -> DetectionScore:
    faults = [run for run in runs if run.kind == "fault"]
    bitten = [run for run in faults if run.effective]
    controls, decoys = (
        [run for run in runs if run.kind == kind and run.error is None]
        for kind in ("control", "decoy")
    )
    timed = [run for run in bitten if run.detected and run.detect_within is not None]
    alarms = sum(len(run.false_alarms) for run in runs)
    found = sum(run.detected for run in faults)
    recall, precision = _share([run.detected for run in bitten]), Share.count(found, found + alarms)
    in_controls = sum(len(run.false_alarms) for run in controls)
    hours = sum((run.end - run.injected).total_seconds() for run in controls) / 3600
    return DetectionScore(
        recall=recall,
        recall_all=Share.count(found, len(faults)),
        precision=precision,
        f1=_harmonic(recall.value, precision.value),
        always=_always(runs),
        false_alarms=alarms,
        control_alarms=in_controls,
        control_hours=hours,
        alarms_per_hour=in_controls / hours if hours else None,
        decoys_alarmed=_share([bool(run.false_alarms) for run in decoys]),
        delay_s=_quartiles([run.delay_s for run in bitten if run.delay_s is not None]),
        late=_share([run.late for run in timed]),
        failures=sum(run.error is not None for run in runs),
    )


def _always(runs: Sequence[RunScore]) -> AlwaysScore:
    """Grade an alarm at the injection of every run: right in each fault, false in all others."""
    struck = [run.kind == "fault" for run in runs if run.kind != "not-injected"]
    bitten = sum(run.effective for run in runs)
    recall, precision = Share.count(bitten, bitten), _share(struck)
    return AlwaysScore(recall, precision, _harmonic(recall.value, precision.value))


def _ranking(ranker: str, bitten: Sequence[RunScore]) -> RankingScore:
    answers = [_answer(ranker, run) for run in bitten]
    services = [one.service_place if one else None for one in answers]
    series = [one.series_place if one else None for one in answers]
    return RankingScore(
        ranker=ranker,
        ac1=_ac(services, 1),
        ac3=_ac(services, 3),
        ac5=_ac(services, 5),
        avg5=_avg(services),
        mrr=_mrr(services),
        series_ac1=_ac(series, 1),
        series_ac3=_ac(series, 3),
        series_ac5=_ac(series, 5),
        series_avg5=_avg(series),
        series_mrr=_mrr(series),
        not_asked=sum(one is None for one in answers),
        abstained=sum(one is not None and one.abstained for one in answers),
        failures=sum(one is not None and one.error is not None for one in answers),
    )


def _answer(ranker: str, run: RunScore) -> Ranked | None:
    return next((one for one in run.ranked if one.ranker == ranker), None)


def _ac(places: Sequence[float | None], k: int) -> Share:
    return _share([place is not None and place <= k for place in places])


def _avg(places: Sequence[float | None]) -> float | None:
    accuracies = [_ac(places, k).value for k in range(1, DEPTH + 1)]
    return fmean(one for one in accuracies if one is not None) if places else None


def _mrr(places: Sequence[float | None]) -> float | None:
    return fmean(0.0 if place is None else 1 / place for place in places) if places else None


def _share(truths: Sequence[bool]) -> Share:
    return Share.count(sum(truths), len(truths))


def _harmonic(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    return 2 * one * other / (one + other) if one + other else 0.0


def _quartiles(values: Sequence[float]) -> Quartiles:
    if not values:
        return Quartiles(None, None, None)
    if len(values) == 1:
        return Quartiles(values[0], values[0], values[0])
    return Quartiles(*quantiles(values, n=4, method="inclusive"))
