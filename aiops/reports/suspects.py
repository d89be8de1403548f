"""The ranked services with their best series and the evidence against them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from aiops.reports import words
from aiops.reports.links import graph_link
from aiops.reports.verdict import blamed_service, series_label
from aiops.types import ServiceScore

if TYPE_CHECKING:
    from aiops.types import Case, Cause, Evidence, Investigation, Ranking

MAX_SERVICES = 5
MAX_SERIES_OF_FIRST = 3
"""The first suspect is shown with this many series, every other with its best one."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of evidence, its number in words, its query and where to see it; "" for none."""

    text: str
    value: str
    query: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class SuspectSeries:
    """One series of a suspect, its score and the evidence against it."""

    metric: str
    score: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One service of the ranking; `bar` is its score in percent of the best one's."""

    place: int
    service: str
    score: str
    bar: float
    series: tuple[SuspectSeries, ...]
    blamed: bool
    guilty: bool


def suspects(investigation: Investigation) -> tuple[Suspect, ...]:
    """Return the first `MAX_SERVICES` services, best first, each with its best series."""
    ranking, truth = investigation.ranking, investigation.case.root_cause
    services = ranking.services or _services_of(ranking)
    best = max((entry.score for entry in services if math.isfinite(entry.score)), default=0.0)
    blamed = blamed_service(ranking)
    return tuple(
        Suspect(
            place=place,
            service=entry.service,
            score=_score(entry.score, best),
            bar=share(entry.score, best),
            series=_series_of(
                investigation, entry.service, MAX_SERIES_OF_FIRST if place == 1 else 1
            ),
            blamed=entry.service == blamed,
            guilty=truth is not None and truth.service == entry.service,
        )
        for place, entry in enumerate(services[:MAX_SERVICES], start=1)
    )


def share(score: float, best: float) -> float:
    """Return `score` in percent of `best`, from 0 to 100; what cannot be compared is 0.

    >>> share(1, 4), share(float("nan"), 4), share(1, 0)
    (25.0, 0.0, 0.0)
    """
    if not (math.isfinite(score) and best > 0):
        return 0.0
    return round(100 * min(max(score / best, 0.0), 1.0), 2)


def _services_of(ranking: Ranking) -> tuple[ServiceScore, ...]:
    """Return each service at the place and with the score of its best series."""
    best: dict[str, float] = {}
    for cause in ranking.causes:
        best.setdefault(cause.suspect, cause.score)
    return tuple(ServiceScore(service, score) for service, score in best.items())


def _series_of(investigation: Investigation, service: str, most: int) -> tuple[SuspectSeries, ...]:
    causes = (one for one in investigation.ranking.causes if one.suspect == service)
    return tuple(_suspect_series(cause, investigation.case) for cause in islice(causes, most))


def _suspect_series(cause: Cause, case: Case) -> SuspectSeries:
    reasons = tuple(_reason(item, case) for item in cause.evidence)
    return SuspectSeries(series_label(cause), words.number(cause.score), reasons)


def _reason(evidence: Evidence, case: Case) -> Reason:
    value = "" if evidence.value is None else words.number(evidence.value)
    return Reason(evidence.text, value, evidence.query, graph_link(case, evidence.query))


def _score(score: float, best: float) -> str:
    """Write a score so that the column lines up where its best one allows it."""
    return f"{score:.2f}" if 0.1 <= best < 100 else words.number(score)
