"""The grader: how often rankers find the true cause of labelled incidents, next to chance.

It is strict where graders of this field were found lenient. Ties count at their mean rank; the
columns are shuffled, so that falling back to their order wins nothing; a ranker sees the metrics,
the onset, the trigger and the call graph, never the label; a crash is a miss with a column of its
own; and incidents in which nobody is to blame are graded too. Two baselines are always in the
table: a die and the largest deviation.

It reads case folders through `aiops.datasets` and knows no ranker but those two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from statistics import fmean, median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from aiops import datasets
from aiops.types import InvalidInput, Ranking
from rca.baselines import MaxZ, Random

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from aiops.types import Case, Ranker

    Summary = dict[str, float | None]

Onset = Literal["given", "detected"]
DEPTH = 5
"""Avg@5 is the mean of AC@1 to AC@5."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one ranker did on one case.

    Attributes
    ----------
    healthy : bool
        Nobody is to blame: there is no true rank to find.
    service_rank, metric_rank : float or None
        1-based rank of the true service and of the best-ranked true metric, ties at their mean.
        None: not ranked, abstained, failed, or not labelled.
    metric_known : bool
        Whether the label names a metric.
    n_services : int
        Services with a column, the choices of a guess.
    blamed : str or None
        The service ranked first; None where nobody was blamed.
    error : str or None
        What the ranker raised, on one line.
    seconds : float
        Wall time of the ranking.
    """

    set: str
    case: str
    ranker: str
    fault: str | None
    healthy: bool
    service_rank: float | None
    metric_rank: float | None
    metric_known: bool
    n_services: int
    blamed: str | None
    abstained: bool
    error: str | None
    seconds: float


@dataclass(frozen=True)
class Report:
    """What an evaluation found, case by case, and its summaries per ranker and set."""

    results: tuple[CaseResult, ...]

    def to_dict(self) -> dict[str, dict[str, dict[str, Summary | dict[str, Summary]]]]:
        """Return the summaries as a JSON-ready document.

        ``{"rankers": {ranker: {"sets": {set: summary}, "mean": summary}}}``. A summary holds the
        counts ``cases`` (with a root cause) and ``failures`` (of all cases); the shares ``ac1``,
        ``ac3``, ``ac5``, ``avg5`` and ``mrr`` of the service ranking, ``chance_ac1`` and
        ``chance_avg5`` of a uniform guess among the services with a column; ``metric_ac1`` and
        ``metric_avg5`` over the cases whose label names a metric; ``specificity``, the share of
        healthy cases in which nobody was blamed; ``abstained``, the share of the others in which
        nobody was; and ``seconds_median`` of all cases. None stands for what does not apply.
        ``mean`` is the plain mean over the sets that have a root cause and the number.
        """
        return {
            "rankers": {
                ranker: {"sets": (sets := self._summaries(ranker)), "mean": _mean_of(sets)}
                for ranker in self._rankers()
            }
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the summaries as a table: a row per ranker and set and one for the mean.

        One column more than `to_dict` has: ``lift``, AC@1 as a multiple of chance. NaN stands
        for what does not apply.
        """
        rows: dict[tuple[str, str], Summary] = {}
        for ranker in self._rankers():
            sets = self._summaries(ranker)
            for name, summary in [*sets.items(), ("mean", _mean_of(sets))]:
                rows[ranker, name] = summary
        table = pd.DataFrame.from_dict(rows, orient="index", dtype="float64")
        table.index = pd.MultiIndex.from_tuples(rows, names=["ranker", "set"])
        place = list(table.columns).index("chance_avg5") + 1
        table.insert(place, "lift", table["ac1"] / table["chance_ac1"])
        return table

    def __str__(self) -> str:
        return self.to_frame().to_string(float_format="{:.3f}".format, na_rep="-")

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(float_format="{:.3f}".format, na_rep="-")

    def _rankers(self) -> list[str]:
        return list(dict.fromkeys(result.ranker for result in self.results))

    def _summaries(self, ranker: str) -> dict[str, Summary]:
        groups: dict[str, list[CaseResult]] = {}
        for result in self.results:
            if result.ranker == ranker:
                groups.setdefault(result.set, []).append(result)
        return {name: _summary(group) for name, group in groups.items()}


def evaluate(
    rankers: Mapping[str, Ranker],
    folder: Path,
    *,
    onset: Onset = "given",
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
) -> Report:
    """Let every ranker rank every case in or below `folder` and grade what it says.

    Parameters
    ----------
    rankers : mapping
        Name → ranker. The baselines ``random`` and ``max_z`` are added under these names unless
        something is given under them.
    folder : Path
        A set of cases or a folder of sets, at any depth; see `aiops.datasets.sets`.
    onset : {"given", "detected"}
        Whether a ranker is told ``inject_time`` (in a healthy case the moment that is asked
        about), or has to find the onset itself.
    seed : int
        Of the random baseline and, with the id of a case, of the order of its columns.
    progress : callable, optional
        Called with (cases done, cases in all, ``set/case``) after each case.

    Returns
    -------
    Report
        AC@k is the share of cases whose true service has a rank ≤ k, an abstention and a failure
        being misses; Avg@5 is the mean of AC@1 to AC@5.

    Raises
    ------
    InvalidCase, InvalidMetrics
        If there is no case or one cannot be read: a bad case is never passed over.
    InvalidInput
        If `onset` is another word.
    """
    if onset not in get_args(Onset):
        raise InvalidInput(f"onset is {onset!r}; it must be one of {', '.join(get_args(Onset))}")
    field: dict[str, Ranker] = {"random": Random(seed), "max_z": MaxZ(), **rankers}
    todo = [(group, path) for group, paths in datasets.sets(folder).items() for path in paths]
    results: list[CaseResult] = []
    for done, (group, path) in enumerate(todo, start=1):
        case = datasets.load(path)
        metrics = _shuffled(case, seed)
        told = case.inject_time if onset == "given" else None
        for name, ranker in field.items():
            results.append(_grade(group, case, name, _ask(ranker, case, metrics, told)))
        if progress is not None:
            progress(done, len(todo), f"{group}/{path.name}")
    return Report(tuple(results))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a ranker said, or how it failed, and how long it took."""

    ranking: Ranking | None
    error: str | None
    seconds: float


def _shuffled(case: Case, seed: int) -> pd.DataFrame:
    """Return the metrics with their columns in an order that only `seed` and the case decide."""
    digest = blake2b(f"{seed}/{case.id}".encode(), digest_size=8).digest()
    order = np.random.default_rng(int.from_bytes(digest, "big")).permutation(case.metrics.shape[1])
    metrics = case.metrics.iloc[:, order]
    metrics.attrs = {}  # notes in the file are no part of the metrics and might hold the answer
    return metrics


def _ask(ranker: Ranker, case: Case, metrics: pd.DataFrame, onset: datetime | None) -> _Answer:
    metrics = metrics.copy()  # a ranker that writes into its frame must not reach the next one
    started = perf_counter()
    try:
        ranking = ranker.rank(metrics, onset=onset, trigger=case.trigger, topology=case.topology)
        _check_ranking(ranking)
    # A ranker may be anybody's plug-in: whatever it raises is a result to count in the table and
    # must not cost the results of the others. KeyboardInterrupt is no Exception and passes.
    except Exception as error:  # noqa: BLE001
        reason = " ".join(str(error).split())
        return _Answer(None, f"{type(error).__name__}: {reason}", perf_counter() - started)
    return _Answer(ranking, None, perf_counter() - started)


def _check_ranking(ranking: Ranking) -> None:
    """Refuse what would be graded too well: NaN ranks before nothing, a name twice has two ranks."""
    if not isinstance(ranking, Ranking):
        raise TypeError(f"the ranker returned {type(ranking).__name__}, not a Ranking")
    scores: list[tuple[Hashable, float]] = [
        *((entry.service, entry.score) for entry in ranking.services),
        *((cause.series, cause.score) for cause in ranking.causes),
    ]
    for name, score in scores:
        if math.isnan(score):
            raise ValueError(f"the score of {name} is NaN")
    if len({name for name, _ in scores}) < len(scores):
        raise ValueError("the ranking names a service or a series twice")


def _grade(group: str, case: Case, ranker: str, answer: _Answer) -> CaseResult:
    truth, ranking = case.root_cause, answer.ranking
    service_rank = metric_rank = None
    if truth is not None and ranking is not None and not ranking.abstained:
        service_rank = best_rank([truth.service], ranking.by_service())
        series = {cause.series: cause.score for cause in ranking.causes}
        metric_rank = best_rank(truth.metrics, series)
    return CaseResult(
        set=group,
        case=case.id,
        ranker=ranker,
        fault=case.fault,
        healthy=truth is None,
        service_rank=service_rank,
        metric_rank=metric_rank,
        metric_known=truth is not None and bool(truth.metrics),
        n_services=case.metrics.columns.get_level_values("service").nunique(),
        blamed=_first(ranking),
        abstained=ranking is not None and ranking.abstained,
        error=answer.error,
        seconds=answer.seconds,
    )


def _first(ranking: Ranking | None) -> str | None:
    if ranking is None or ranking.abstained or not ranking.services:
        return None
    return max(ranking.services, key=lambda entry: entry.score).service


def best_rank(names: Iterable[Hashable], scores: Mapping[Any, float]) -> float | None:
    """Return the best 1-based rank that one of `names` has in `scores`, ties at their mean.

    >>> best_rank(["db"], {"web": 3.0, "db": 1.0, "cart": 1.0})
    2.5
    """
    best = max((scores[name] for name in names if name in scores), default=None)
    if best is None:
        return None
    better = sum(score > best for score in scores.values())
    ties = sum(score == best for score in scores.values())
    return 1 + better + (ties - 1) / 2


def _summary(results: Sequence[CaseResult]) -> Summary:
    blamed = [result for result in results if not result.healthy]
    ranks = [result.service_rank for result in blamed]
    metric_ranks = [result.metric_rank for result in blamed if result.metric_known]
    choices = [result.n_services for result in blamed]
    return {
        "cases": len(blamed),
        "failures": sum(result.error is not None for result in results),
        "ac1": _ac(ranks, 1),
        "ac3": _ac(ranks, 3),
        "ac5": _ac(ranks, 5),
        "avg5": _avg(ranks),
        "mrr": _mean([0.0 if rank is None else 1 / rank for rank in ranks]),
        "chance_ac1": _mean([1 / n for n in choices]),
        "chance_avg5": _mean([min(k, n) / n for n in choices for k in range(1, DEPTH + 1)]),
        "metric_ac1": _ac(metric_ranks, 1),
        "metric_avg5": _avg(metric_ranks),
        "specificity": _mean([result.abstained for result in results if result.healthy]),
        "abstained": _mean([result.abstained for result in blamed]),
        "seconds_median": median(result.seconds for result in results),
    }


def _mean_of(sets: Mapping[str, Summary]) -> Summary:
    """Average the summaries of the sets that have a root cause, each number where it applies."""
    blamed = [summary for summary in sets.values() if summary["cases"]]
    keys = next(iter(sets.values()))
    return {key: _mean([one for s in blamed if (one := s[key]) is not None]) for key in keys}


def _ac(ranks: Sequence[float | None], k: int) -> float | None:
    return _mean([rank is not None and rank <= k for rank in ranks])


def _avg(ranks: Sequence[float | None]) -> float | None:
    accuracies = [_ac(ranks, k) for k in range(1, DEPTH + 1)]
    return _mean([one for one in accuracies if one is not None])


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
