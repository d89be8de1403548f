"""The verdict as a sentence, how sure it is, and how it compares with the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiops.reports import words

if TYPE_CHECKING:
    from aiops.types import Case, Cause, Investigation, Ranking

Mark = Literal["right", "wrong", "abstained"]
SYMBOLS: dict[Mark, str] = {"right": "✔", "wrong": "✘", "abstained": "○"}

_GAUGE_ZONES = ("very unsure", "unsure", "fairly sure", "sure")
_HEALTHY_FAULTS = (None, "none")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who is blamed and why.

    Attributes
    ----------
    blamed : str or None
        The service, or None when nobody is blamed.
    reason : str
        What follows the colon of the sentence; may be empty.
    confidence : float
        0 to 1.
    """

    blamed: str | None
    reason: str
    confidence: float

    @property
    def sentence(self) -> str:
        """The whole verdict without emphasis.

        >>> Verdict("cart", "cpu rose to 9 times its normal spread", 0.71).sentence
        'cart is most likely to blame (confidence 0.71): cpu rose to 9 times its normal spread'
        """
        if self.blamed is None:
            return f"Nobody is blamed: {self.reason}"
        tail = f": {self.reason}" if self.reason else ""
        return f"{self.blamed} is most likely to blame (confidence {self.confidence:.2f}){tail}"


@dataclass(frozen=True, slots=True)
class Zone:
    """A quarter of the gauge: its words, its place and how much of it is filled, in percent."""

    words: str
    x: float
    width: float
    filled: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """How sure the verdict is: the needle's place in percent, the zones and the word for it."""

    needle: float
    zones: tuple[Zone, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Truth:
    """How the verdict compares with the label, in a mark and in words."""

    mark: Mark
    text: str

    @property
    def symbol(self) -> str:
        """The sign that stands for the mark where there is no colour."""
        return SYMBOLS[self.mark]


def blamed_service(ranking: Ranking) -> str | None:
    """Return the service that the ranking blames, or None when it abstains or is empty."""
    if ranking.abstained:
        return None
    return next(iter(ranked_services(ranking)), None)


def ranked_services(ranking: Ranking) -> list[str]:
    """Return the services, best first; where only series are ranked, by their best series."""
    if ranking.services:
        return [entry.service for entry in ranking.services]
    return list(dict.fromkeys(cause.suspect for cause in ranking.causes))


def blamed_cause(ranking: Ranking) -> Cause | None:
    """Return the best series that speaks against the blamed service."""
    blamed = blamed_service(ranking)
    return next((cause for cause in ranking.causes if cause.suspect == blamed), None)


def verdict(ranking: Ranking) -> Verdict:
    """Put the head of the ranking into words."""
    known = ranked_services(ranking) and math.isfinite(ranking.confidence)
    confidence = ranking.confidence if known else 0.0
    blamed = blamed_service(ranking)
    if blamed is None:
        return Verdict(None, _why_nobody(ranking), confidence)
    return Verdict(blamed, _plain(blamed_cause(ranking)), confidence)


def gauge(confidence: float) -> Gauge:
    """Lay a confidence from 0 to 1 out on a scale of four named quarters.

    >>> [zone.filled for zone in gauge(0.6).zones]
    [24.4, 24.4, 10.0, 0.0]
    """
    needle = round(100 * min(max(confidence, 0.0), 1.0), 2)
    gap = 0.6
    zones = tuple(
        Zone(name, 25.0 * at, 25.0 - gap, round(min(max(needle - 25.0 * at, 0.0), 25.0 - gap), 2))
        for at, name in enumerate(_GAUGE_ZONES)
    )
    return Gauge(needle, zones, words.sureness(confidence))


def truth(investigation: Investigation) -> Truth | None:
    """Compare the verdict with the label of the case; None where the case has no label."""
    case, ranking = investigation.case, investigation.ranking
    blamed = blamed_service(ranking)
    if case.root_cause is None:
        return _truth_of_healthy(blamed) if _is_healthy(case) else None
    service = case.root_cause.service
    fault = f" ({case.fault})" if case.fault else ""
    if blamed == service:
        return Truth("right", f"{service} was the true cause{fault}")
    missed = f"the true cause was {service}{fault}, {_ranked(ranking, service)}"
    return Truth("abstained" if blamed is None else "wrong", missed)


def _truth_of_healthy(blamed: str | None) -> Truth:
    mark: Mark = "right" if blamed is None else "wrong"
    return Truth(mark, "nobody was to blame in this window")


def _is_healthy(case: Case) -> bool:
    """Say whether the case is labelled as healthy; a live case has no moment of injection."""
    return case.inject_time is not None and case.fault in _HEALTHY_FAULTS


def _ranked(ranking: Ranking, service: str) -> str:
    order = ranked_services(ranking)
    if service not in order:
        return "which the ranking left out"
    return f"ranked {words.ordinal(order.index(service) + 1)} of {len(order)}"


def _why_nobody(ranking: Ranking) -> str:
    if ranking.reason:
        return ranking.reason
    if not ranked_services(ranking):
        return "the ranker found no candidate"
    return "calm windows look as bad by chance, or the change is too small to matter"


def _plain(cause: Cause | None) -> str:
    """Return the first reason with the series it is about as its subject."""
    if cause is None or not cause.evidence:
        return ""
    return f"{series_label(cause)} {cause.evidence[0].text.strip().rstrip('.')}"


def series_label(cause: Cause) -> str:
    """Return the metric, with its service in front where that is not the suspect itself."""
    return cause.metric if cause.callee is None else str(cause.series)
