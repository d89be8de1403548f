"""The default ranker: calibrated evidence, a causal graph, blame walked back along it.

Four steps, each in a module of its own: how strange every series became (`strangeness`),
what remains after what all services show alike, and who is credited with it (`services`), what
acts on what (`graph`), and where blame ends up when it flows from effects to causes
(`pagerank`). The same evidence in past windows says how often nothing at all looks as bad
(`significance`): that decides whether to abstain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from aiops.types import (
    Cause,
    InvalidInput,
    MetricId,
    NotEnoughData,
    Ranking,
    ServiceScore,
    as_metrics,
)
from detectors.base import check_between
from rca.explain import Witness
from rca.graph import call_edges, granger_edges, service_weights
from rca.kinds import is_resource
from rca.onset import Onset, found, given, near
from rca.pagerank import blame
from rca.services import Ownership, family_contrast, ownership, service_strength, standing
from rca.significance import confidence, p_value, worth_blaming
from rca.strangeness import Strangeness, measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd
    from numpy.typing import NDArray

    from aiops.types import CausalEdge

Graph = Literal["known", "granger", "none"]

DIGITS = 9
"""Scores are rounded to this many digits: a change of units must not break a tie."""


@dataclass(frozen=True)
class _Question:
    """What does not depend on the onset: the data and what is known of the system."""

    frame: pd.DataFrame
    series: tuple[MetricId, ...]
    owners: Ownership
    trigger: MetricId | None
    topology: Sequence[tuple[str, str]]

    @property
    def step_s(self) -> float:
        """Seconds between two rows."""
        return float((self.frame.index[1] - self.frame.index[0]).total_seconds())


@dataclass(frozen=True)
class _Verdict:
    """What one assumed onset leads to: blame, edges, and whether it is worth blaming anybody."""

    onset: Onset
    strange: Strangeness
    series_blame: NDArray[np.float64]
    service_blame: NDArray[np.float64]
    edges: tuple[CausalEdge, ...]
    p: float
    guilty: bool


class CausalRanker:
    """Rank causes by evidence that flows back along the causal graph.

    Parameters
    ----------
    alpha : float
        PageRank's probability of walking on from an effect to its cause.
    trigger_focus : float
        Where a trigger is known, symptoms of another kind than the trigger's metric count this
        much; resources, which can cause any symptom, count in full.
    abstain_above : float
        Blame nobody when windows in which nothing happened look as bad with more than this
        probability.
    graph : {"known", "granger", "none"}
        What blame walks on: the call graph where it is known and Granger edges elsewhere;
        Granger edges always; or nothing, which leaves the evidence alone.
    name : str
        The name that its rankings carry.

    Raises
    ------
    InvalidInput
        If a parameter is impossible.

    Notes
    -----
    After RUN [1]_ it keeps Granger causality and PageRank with a personalisation; it departs
    from RUN in walking the reversed graph, in personalising by evidence rather than by
    out-degree, in a closed-form linear model, and in abstaining.

    References
    ----------
    .. [1] C.-M. Lin et al., "Root Cause Analysis in Microservice Using Neural Granger Causal
       Discovery", AAAI 2024, arXiv 2402.01140.
    """

    def __init__(
        self,
        *,
        alpha: float = 0.85,
        trigger_focus: float = 0.3,
        abstain_above: float = 0.05,
        graph: Graph = "known",
        name: str = "default",
    ) -> None:
        check_between("alpha", alpha, 0, 1)
        if not 0 <= trigger_focus <= 1:
            raise InvalidInput(f"trigger_focus lies within 0 and 1, not at {trigger_focus!r}")
        if graph not in get_args(Graph):
            raise InvalidInput(
                f"graph is {graph!r}; it must be one of {', '.join(get_args(Graph))}"
            )
        self.alpha = alpha
        self.trigger_focus = trigger_focus
        self.abstain_above = abstain_above
        self.graph = graph
        self.name = name

    def rank(
        self,
        metrics: pd.DataFrame,
        *,
        onset: datetime | None = None,
        trigger: MetricId | None = None,
        topology: Sequence[tuple[str, str]] = (),
        noticed: datetime | None = None,
    ) -> Ranking:
        """Rank the causes of what began at `onset`; see `aiops.types.Ranker`.

        The order of the columns, their units and added constants do not matter. Without an
        onset, or where nothing stands out from the one given, the likeliest change points are
        weighed against each other; the ranking says from which moment it judged. Where only the
        moment at which somebody `noticed` is known, change points near it weigh more.
        """
        frame = as_metrics(metrics).sort_index(axis=1)
        series = tuple(MetricId(*name) for name in frame.columns)
        calls = tuple((caller, callee) for caller, callee in topology)
        question = _Question(frame, series, ownership(series, calls), trigger, calls)
        if onset is None and noticed is not None:
            verdicts = [self._judge(question, when) for when in near(frame, noticed)]
        else:
            verdicts = self._verdicts(question, onset)
        return self._ranking(question, verdicts)

    def _verdicts(self, question: _Question, onset: datetime | None) -> list[_Verdict]:
        """Judge from the moment that is given; if nothing stands out there, from those found.

        An alert often comes late, and then the fault hides in what should be calm.
        """
        told = [] if onset is None else [self._judge(question, given(question.frame, onset))]
        if any(verdict.guilty for verdict in told):
            return told
        try:
            searched = [self._judge(question, when) for when in found(question.frame)]
        except NotEnoughData:
            if not told:
                raise
            return told
        guilty = max(searched, key=lambda verdict: verdict.onset.weight).guilty
        return searched if guilty or not told else told

    def _judge(self, question: _Question, when: Onset) -> _Verdict:
        strange = measure(question.frame.to_numpy(), when.split)
        strength = family_contrast(strange.excess, question.series) * self._focus(question)
        per_service = service_strength(strength, question.owners)
        edges = granger_edges(question.series, strength[-1], strange.z, question.step_s)
        walked = self._walk(question, edges, per_service[-1])
        of_its_service = walked[list(question.owners.own)]
        return _Verdict(
            onset=when,
            strange=strange,
            series_blame=_shares(of_its_service * standing(strength[-1], question.owners)),
            service_blame=_shares(walked),
            edges=edges + call_edges(question.series, strength[-1], question.topology),
            p=p_value(per_service),
            guilty=worth_blaming(per_service, level=self.abstain_above),
        )

    def _walk(
        self, question: _Question, edges: Sequence[CausalEdge], strength: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return each service's blame: how much of the walk ends there, times its strangeness."""
        if self.graph == "none":
            return strength
        calls = question.topology if self.graph == "known" else ()
        weights = service_weights(edges, calls, question.owners, strength)
        return blame(weights, strength, alpha=self.alpha) * strength

    def _focus(self, question: _Question) -> NDArray[np.float64]:
        """Return the weight of each series: less for symptoms of another kind than the trigger.

        All weigh alike where no series is of the trigger's kind.
        """
        if question.trigger is None:
            return np.ones(len(question.series))
        metrics = [item.metric for item in question.series]
        if question.trigger.metric not in metrics:
            return np.ones(len(metrics))
        matters = [name == question.trigger.metric or is_resource(name) for name in metrics]
        return np.where(matters, 1.0, self.trigger_focus)

    def _ranking(self, question: _Question, verdicts: Sequence[_Verdict]) -> Ranking:
        best = max(verdicts, key=lambda verdict: verdict.onset.weight)
        weights = np.array([verdict.onset.weight for verdict in verdicts])
        series_blame = weights @ np.stack([verdict.series_blame for verdict in verdicts])
        service_blame = weights @ np.stack([verdict.service_blame for verdict in verdicts])
        witness = Witness(
            question.series, question.frame.to_numpy(), best.strange, best.edges, question.owners
        )
        causes = [
            Cause(*item, float(score), witness.reasons(column), question.owners.callee[column])
            for column, (item, score) in enumerate(zip(question.series, series_blame, strict=True))
        ]
        services = [
            ServiceScore(name, float(score))
            for name, score in zip(question.owners.services, service_blame, strict=True)
        ]
        return Ranking(
            causes=tuple(sorted(causes, key=lambda cause: (-cause.score, cause.series))),
            services=tuple(sorted(services, key=lambda entry: (-entry.score, entry.service))),
            edges=best.edges,
            confidence=confidence(service_blame, best.p) if best.guilty else 0.0,
            abstained=not best.guilty,
            onset=question.frame.index[best.onset.row].to_pydatetime(warn=False),
            ranker=self.name,
        )


def _shares(blame_of: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the blame as shares of one, rounded; all zero stays all zero."""
    total = blame_of.sum()
    return np.round(blame_of / total, DIGITS) if total > 0 else np.zeros_like(blame_of)
