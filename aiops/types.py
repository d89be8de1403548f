"""The glossary: what crosses rooms, the rules it keeps, and the errors users see.

Everything here is data or a port. Nothing here computes a score, talks to a network or
touches a disk, and importing it costs the standard library only. The errors are written in
`aiops.errors` and the rules of a metrics frame in `aiops.frames`; both are part of the glossary
and are imported from here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  pydantic reads these annotations when it stores records
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, runtime_checkable

from aiops.errors import (
    AiopsError,
    Denied,
    InvalidCase,
    InvalidExperiment,
    InvalidGuide,
    InvalidInput,
    InvalidMetrics,
    InvalidSettings,
    NotEnoughData,
    RevertIncomplete,
    Unreachable,
)
from aiops.frames import EXPECTED_LEVELS, MIN_ROWS, as_metrics, check_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import networkx as nx
    import pandas as pd

__all__ = [
    "EXPECTED_LEVELS",
    "MIN_ROWS",
    "STAGES",
    "AiopsError",
    "Anomaly",
    "Case",
    "CausalEdge",
    "Cause",
    "Denied",
    "Detector",
    "Event",
    "Evidence",
    "GuideRun",
    "Incident",
    "IncidentState",
    "InvalidCase",
    "InvalidExperiment",
    "InvalidGuide",
    "InvalidInput",
    "InvalidMetrics",
    "InvalidSettings",
    "Investigation",
    "MetricId",
    "NotEnoughData",
    "Outcome",
    "Place",
    "Proof",
    "Ranker",
    "Ranking",
    "RevertIncomplete",
    "RootCause",
    "ServiceScore",
    "Stage",
    "StepRun",
    "Unreachable",
    "as_metrics",
    "check_metrics",
]


class MetricId(NamedTuple):
    """One series: the service it belongs to and what it measures."""

    service: str
    metric: str

    def __str__(self) -> str:
        """Write it as everywhere outside Python: ``service/metric``.

        >>> str(MetricId("cart", "latency_p95"))
        'cart/latency_p95'
        """
        return f"{self.service}/{self.metric}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``service/metric``, split at the first slash.

        Raises
        ------
        InvalidInput
            If there is no slash, or nothing on one side of it.

        Examples
        --------
        >>> MetricId.parse("cart/http/latency")
        MetricId(service='cart', metric='http/latency')
        """
        service, slash, metric = text.partition("/")
        if not (slash and service and metric):
            raise InvalidInput(f"{text!r} names no series; write it as service/metric")
        return cls(service, metric)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment: a deploy, a scaling, an injected fault."""

    time: datetime
    kind: str
    service: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class RootCause:
    """The labelled truth of a case; `metrics` is empty where only the service is known."""

    service: str
    metrics: tuple[MetricId, ...] = ()


@dataclass(frozen=True, eq=False)  # a frame equal to another is a frame of booleans
class Case:
    """An incident (or a healthy window) with all that is known about it.

    Two cases are equal when they are the same object.

    Attributes
    ----------
    metrics : DataFrame
        As `check_metrics` demands.
    logs : DataFrame or None
        UTC index; columns ``service``, ``level``, ``message``.
    topology : tuple of (caller, callee)
        The known call graph; a call points to what is called, so causes lie downstream.
    trigger : MetricId or None
        The symptom that was noticed first, by an alert or a person.
    inject_time : datetime or None
        When the fault began; in a healthy case the moment that is asked about.
    root_cause : RootCause or None
        None in a healthy case: nobody is to blame.
    queries : mapping of MetricId to str
        Column → the PromQL that gives its samples again, for the columns where one is known.
    """

    id: str
    metrics: pd.DataFrame
    logs: pd.DataFrame | None = None
    events: tuple[Event, ...] = ()
    topology: tuple[tuple[str, str], ...] = ()
    trigger: MetricId | None = None
    inject_time: datetime | None = None
    root_cause: RootCause | None = None
    fault: str | None = None
    system: str | None = None
    queries: Mapping[MetricId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A decision that one series was strange from `start` to `end` (both inclusive).

    `score` is the detector's peak score in that span: dimensionless, higher is stranger.
    """

    service: str
    metric: str
    start: datetime
    end: datetime
    score: float
    detector: str

    @property
    def series(self) -> MetricId:
        """The series that was strange."""
        return MetricId(self.service, self.metric)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a verdict, in words, with the number behind it where there is one.

    `query` is the PromQL whose values it was drawn from; empty where none is known.
    """

    text: str
    value: float | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate root cause: a series, its share of the blame, and why.

    `callee` is set where the series of one service measures its calls to another: the caller
    only sees what the callee does to it.
    """

    service: str
    metric: str
    score: float
    evidence: tuple[Evidence, ...] = ()
    callee: str | None = None

    @property
    def series(self) -> MetricId:
        """The series that is blamed."""
        return MetricId(self.service, self.metric)

    @property
    def suspect(self) -> str:
        """The service that the series speaks against."""
        return self.callee or self.service


@dataclass(frozen=True, slots=True)
class ServiceScore:
    """One service and its share of the blame."""

    service: str
    score: float


@dataclass(frozen=True, slots=True)
class CausalEdge:
    """``cause`` acts on ``effect``; the arrow always points cause → effect.

    `weight` is ≥ 0 and dimensionless, `lag_s` the delay in seconds, `source` where the edge
    comes from: "granger", "topology", …
    """

    cause: MetricId
    effect: MetricId
    weight: float
    lag_s: float
    source: str


@dataclass(frozen=True)
class Ranking:
    """Candidate root causes in descending order, the graph behind them, and how sure we are.

    Attributes
    ----------
    causes : tuple of Cause
        Every candidate series, best first; scores are ≥ 0 and comparable within one ranking.
    services : tuple of ServiceScore
        The same verdict at service level, best first.
    edges : tuple of CausalEdge
        The causal graph, cause → effect.
    confidence : float
        0 to 1: how sure the ranker is that its first service is to blame.
    abstained : bool
        True when the ranker blames nobody; `causes` then holds what it would have looked at.
    onset : datetime or None
        The moment from which the ranker judged the metrics.
    ranker : str
        The name of the ranker.
    reason : str
        Why nobody is blamed, where more is known than that calm windows look as bad.

    Examples
    --------
    >>> ranking = Ranking(causes=(Cause("db", "cpu", 0.7), Cause("web", "latency", 0.3)),
    ...                   services=(ServiceScore("db", 0.7), ServiceScore("web", 0.3)))
    >>> [cause.service for cause in ranking.top(1)]
    ['db']
    """

    causes: tuple[Cause, ...]
    services: tuple[ServiceScore, ...] = ()
    edges: tuple[CausalEdge, ...] = ()
    confidence: float = 0.0
    abstained: bool = False
    onset: datetime | None = None
    ranker: str = ""
    reason: str = ""

    def top(self, k: int) -> tuple[Cause, ...]:
        """Return the `k` best causes."""
        return self.causes[:k]

    def by_service(self) -> dict[str, float]:
        """Return service → score, best first."""
        return {entry.service: entry.score for entry in self.services}

    def graph(self) -> nx.DiGraph[MetricId]:
        """Return the causal graph; an edge u → v says that u acts on v."""
        import networkx as nx

        graph: nx.DiGraph[MetricId] = nx.DiGraph()
        graph.add_nodes_from(cause.series for cause in self.causes)
        for edge in self.edges:
            graph.add_edge(
                edge.cause, edge.effect, weight=edge.weight, lag_s=edge.lag_s, source=edge.source
            )
        return graph

    def _repr_html_(self) -> str:
        head = "abstains" if self.abstained else f"blames {next(iter(self.by_service()), 'nobody')}"
        rows = [
            (place, cause.series, f"{cause.score:.3f}", "; ".join(e.text for e in cause.evidence))
            for place, cause in enumerate(self.top(10), start=1)
        ]
        title = f"{self.ranker or 'the ranker'} {head}, confidence {self.confidence:.2f}"
        return _table(title, ("#", "series", "score", "evidence"), rows)


@dataclass(frozen=True)
class Investigation:
    """What one look at a case found: when it began, what was strange, who is to blame."""

    case: Case
    onset: datetime | None
    anomalies: tuple[Anomaly, ...]
    ranking: Ranking

    def _repr_html_(self) -> str:
        truth = self.case.root_cause
        facts = [
            ("onset", self.onset),
            ("anomalies", len(self.anomalies)),
            ("truth", "unknown" if truth is None else truth.service),
        ]
        return _table(self.case.id, ("", ""), facts) + self.ranking._repr_html_()


class Outcome(enum.StrEnum):
    """How a step or a guide ended; the list is closed, and a dry run is one of its members."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"  # a guard said that it is not needed
    BLOCKED = "blocked"  # something it depends on did not succeed
    REFUSED = "refused"  # a write that nobody approved
    WOULD_RUN = "would run"  # dry run


@dataclass(frozen=True)
class StepRun:
    """What became of one step; `approved_by` names who allowed a write."""

    step: str
    outcome: Outcome
    started: datetime
    ended: datetime
    detail: str = ""
    output: dict[str, Any] = field(default_factory=dict)
    approved_by: str | None = None


@dataclass(frozen=True)
class GuideRun:
    """One run of one guide: its steps in the order in which they ended."""

    guide: str
    outcome: Outcome
    started: datetime
    ended: datetime
    steps: tuple[StepRun, ...] = ()


class IncidentState(enum.StrEnum):
    """Where an incident stands in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Incident:
    """What happened, why, and what was done, as one record.

    `rankings` holds every version over the incident's life, oldest first; `chaos_run` names
    the experiment that caused it, where one did.
    """

    id: str
    opened: datetime
    state: IncidentState
    title: str
    anomalies: tuple[Anomaly, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    guide_runs: tuple[GuideRun, ...] = ()
    chaos_run: str | None = None
    acknowledged_by: str | None = None


STAGES = ("inject", "detect", "incident", "rank", "guide", "revert", "score")
"""The stages of the proving loop, in order."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the proving loop: whether it held, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where one ranker put the true root cause of one run.

    `place` is the 1-based rank of the true service (ties at their mean; None: not ranked or
    abstained), `candidates` the number of services it chose from, `blamed` its first choice.
    """

    run: str
    ranker: str
    place: float | None
    candidates: int
    blamed: str | None


@dataclass(frozen=True)
class Proof:
    """What a run of the proving loop showed; it holds when every stage held."""

    stages: tuple[Stage, ...]
    incidents: tuple[Incident, ...]
    investigations: tuple[Investigation, ...]
    places: tuple[Place, ...]

    @property
    def ok(self) -> bool:
        """Whether every stage was reached and held."""
        held = {stage.name for stage in self.stages if stage.ok}
        return held == set(STAGES) and all(stage.ok for stage in self.stages)

    def _repr_html_(self) -> str:
        rows = [(one.name, "yes" if one.ok else "no", one.detail) for one in self.stages]
        title = "the loop held" if self.ok else "the loop did not hold"
        return _table(title, ("stage", "held", "what was seen"), rows)


@runtime_checkable
class Detector(Protocol):
    """Gives every sample a strangeness score: ≥ 0, higher is stranger, NaN while warming up.

    Scoring the whole frame with `anomaly_score` equals feeding it row by row to `update`.
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn what is normal from the metrics frame `X`; `y` is ignored."""
        ...

    def anomaly_score(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return scores with the index and columns of `X`; the detector does not change."""
        ...

    def update(self, row: pd.Series[float]) -> pd.Series[float]:
        """Score one row of samples and take it in."""
        ...


@runtime_checkable
class Ranker(Protocol):
    """Turns metrics, a moment and what is known of the system into ranked causes."""

    def rank(
        self,
        metrics: pd.DataFrame,
        *,
        onset: datetime | None = None,
        trigger: MetricId | None = None,
        topology: Sequence[tuple[str, str]] = (),
    ) -> Ranking:
        """Rank the causes of what began at `onset` (found by the ranker itself when None).

        Raises
        ------
        InvalidMetrics
            If `metrics` breaks a rule of `check_metrics`.
        NotEnoughData
            If too few rows lie before or after the onset.
        """
        ...


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return an HTML table for notebooks; everything in it is escaped."""
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<p><b>{escape(title)}</b></p><table><tr>{names}</tr>{lines}</table>"
