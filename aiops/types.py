"""The glossary: what crosses rooms, the rules it keeps, and the errors users see.

Everything here is data or a port. Nothing here computes a score, talks to a network or
touches a disk, and importing it costs the standard library only: pandas is imported where a
frame is checked, networkx where a graph is asked for.

The errors form one small tree; the command line turns every one of them into one line and
exit code 2::

    AiopsError
    ├── InvalidInput         what was handed in cannot be used as it is
    │   ├── InvalidMetrics   a metrics frame breaks a rule of `check_metrics`
    │   ├── InvalidCase      a case folder cannot be read
    │   ├── InvalidSettings  aiops.toml or an AIOPS_* variable
    │   ├── InvalidGuide     a troubleshooting guide
    │   ├── InvalidExperiment  a chaos experiment
    │   └── NotEnoughData    legal, but too little of it to say anything
    └── RevertIncomplete     an injected fault could not be proved gone
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  pydantic reads these annotations when it stores records
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import networkx as nx
    import pandas as pd

MIN_ROWS = 3
"""Fewest rows of a legal metrics frame: two rows cannot show that the step is regular."""


class AiopsError(Exception):
    """Base of every error this toolkit raises on purpose; its text is one line for a person."""


class InvalidInput(AiopsError):
    """What was handed in cannot be used; the text says what, where and how to mend it."""


class InvalidMetrics(InvalidInput):
    """A metrics frame breaks a rule of `check_metrics`."""


class InvalidCase(InvalidInput):
    """A case folder is missing, incomplete or malformed."""


class InvalidSettings(InvalidInput):
    """aiops.toml or an AIOPS_* variable holds an unknown key or an impossible value."""


class InvalidGuide(InvalidInput):
    """A troubleshooting guide cannot be turned into a graph of steps."""


class InvalidExperiment(InvalidInput):
    """A chaos experiment names an unknown fault, target or parameter."""


class NotEnoughData(InvalidInput):
    """The input is legal, but there is too little of it to say anything."""


class RevertIncomplete(AiopsError):
    """An injected fault could not be proved gone; the text names what is left."""


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


@dataclass(frozen=True)
class Case:
    """An incident (or a healthy window) with all that is known about it.

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
    """One reason for a verdict, in words, with the number behind it where there is one."""

    text: str
    value: float | None = None


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
        from html import escape

        head = "abstains" if self.abstained else "blames"
        rows = "".join(
            f"<tr><td>{place}</td><td>{escape(str(cause.series))}</td><td>{cause.score:.3f}</td>"
            f"<td>{escape('; '.join(item.text for item in cause.evidence))}</td></tr>"
            for place, cause in enumerate(self.top(10), start=1)
        )
        return (
            f"<p><b>{escape(self.ranker or 'ranking')}</b> {head}; "
            f"confidence {self.confidence:.2f}</p>"
            "<table><tr><th>#</th><th>series</th><th>score</th><th>evidence</th></tr>"
            f"{rows}</table>"
        )


@dataclass(frozen=True)
class Investigation:
    """What one look at a case found: when it began, what was strange, who is to blame."""

    case: Case
    onset: datetime | None
    anomalies: tuple[Anomaly, ...]
    ranking: Ranking


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
        """Whether every stage held."""
        return all(stage.ok for stage in self.stages)


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


EXPECTED_LEVELS = ("service", "metric")


def check_metrics(frame: pd.DataFrame) -> None:
    """Raise unless `frame` is a legal metrics frame; never repair anything.

    Legal is: a DataFrame whose index is a UTC DatetimeIndex, strictly increasing and regular,
    with at least `MIN_ROWS` rows; whose columns are a unique two-level MultiIndex named
    (service, metric) of non-empty strings; all float64, finite or NaN (= missing); and in
    which at least one column varies. Constant and empty columns beside it are normal and kept.

    Raises
    ------
    InvalidMetrics
        At the first rule that is broken; the text says which, where, and how to mend it.

    Examples
    --------
    >>> import pandas as pd
    >>> check_metrics(pd.DataFrame({"cpu": [1.0, 2.0, 3.0]}))
    Traceback (most recent call last):
        ...
    aiops.types.InvalidMetrics: the index is a RangeIndex; give it UTC timestamps (pandas.to_datetime(..., utc=True))
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidMetrics(f"metrics must be a pandas DataFrame, not {type(frame).__name__}")
    _check_index(frame.index)
    _check_columns(frame.columns)
    _check_values(frame)


def as_metrics(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` as a legal metrics frame, so that plain numeric frames work too.

    A frame with (service, metric) columns is checked and returned as it is. In any other
    frame each column becomes a service of its own with the single metric ``value``, numbers
    become float64, and a plain 0, 1, 2, … index is read as seconds since 1970.

    Raises
    ------
    InvalidMetrics
        If a column is not numeric, or the result breaks a rule of `check_metrics`.

    Examples
    --------
    >>> import pandas as pd
    >>> list(as_metrics(pd.DataFrame({"cpu": [1, 2, 3]})).columns)
    [('cpu', 'value')]
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidMetrics(f"metrics must be a pandas DataFrame, not {type(frame).__name__}")
    if frame.columns.nlevels == 1:
        frame = _lift_columns(frame)
    if isinstance(frame.index, pd.RangeIndex):
        frame = frame.set_axis(pd.to_datetime(list(frame.index), unit="s", utc=True))
    check_metrics(frame)
    return frame


def _lift_columns(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if not (pd.api.types.is_integer_dtype(dtype) or pd.api.types.is_float_dtype(dtype)):
            raise InvalidMetrics(f"column {name!r} holds {dtype}, not numbers; drop or convert it")
    pairs = [(str(name), "value") for name in frame.columns]
    columns = pd.MultiIndex.from_tuples(pairs, names=EXPECTED_LEVELS)
    return frame.astype("float64").set_axis(columns, axis=1)


def _check_index(index: pd.Index[Any]) -> None:
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex):
        raise InvalidMetrics(
            f"the index is a {type(index).__name__}; "
            "give it UTC timestamps (pandas.to_datetime(..., utc=True))"
        )
    if index.tz is None:
        raise InvalidMetrics("the index has no time zone; use frame.tz_localize('UTC')")
    if str(index.tz) != "UTC":
        raise InvalidMetrics(f"the index is in {index.tz}; use frame.tz_convert('UTC')")
    if index.hasnans:
        raise InvalidMetrics("the index holds NaT; drop those rows")
    if len(index) < MIN_ROWS:
        raise InvalidMetrics(f"{len(index)} rows are too few; give at least {MIN_ROWS}")
    _check_steps(index)


def _check_steps(index: pd.DatetimeIndex) -> None:
    steps = index[1:] - index[:-1]
    zero = steps.total_seconds() == 0
    if zero.any():
        raise InvalidMetrics(f"time {index[1:][zero][0]} occurs twice; keep one row of each")
    backward = steps.total_seconds() < 0
    if backward.any():
        raise InvalidMetrics(
            f"the index is not sorted: {index[1:][backward][0]} comes too late; use sort_index()"
        )
    odd = steps != steps[0]
    if odd.any():
        raise InvalidMetrics(
            f"the index is not regular: {steps[odd][0]} before {index[1:][odd][0]}, "
            f"{steps[0]} at the start; resample it to one step"
        )


def _check_columns(columns: pd.Index[Any]) -> None:
    if columns.nlevels != len(EXPECTED_LEVELS) or tuple(columns.names) != EXPECTED_LEVELS:
        raise InvalidMetrics(
            "the columns must be a two-level MultiIndex named (service, metric), "
            f"not {columns.nlevels} level(s) named {tuple(columns.names)}"
        )
    for name in columns:
        if not all(isinstance(part, str) and part for part in name):
            raise InvalidMetrics(f"column {name!r} is not two non-empty strings")
    if columns.has_duplicates:
        twice = columns[columns.duplicated()][0]
        raise InvalidMetrics(f"column {'/'.join(twice)} occurs twice; keep one of each")


def _check_values(frame: pd.DataFrame) -> None:
    import numpy as np

    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if dtype != np.float64:
            raise InvalidMetrics(
                f"column {'/'.join(name)} holds {dtype}, not float64; convert it with astype(float)"
            )
    values = frame.to_numpy()
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise InvalidMetrics(
            f"column {'/'.join(frame.columns[column])} is infinite at {frame.index[row]}; "
            "use NaN for a missing value"
        )
    if not _varies(values):
        raise InvalidMetrics(
            "no usable column: every column is empty or constant; check the window and the query"
        )


def _varies(values: Any) -> bool:
    """Say whether any column of the (rows, columns) array holds two different numbers."""
    import numpy as np

    present = ~np.isnan(values)
    low = np.where(present, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(present, values, -np.inf).max(axis=0, initial=-np.inf)
    return bool((low < high).any())
