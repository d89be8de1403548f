"""The record of one run: what was done to whom, when, and what the run itself saw of it.

How a detector or an alert rule fares against it is nobody's business here. Where the rest of a run
is kept is `chaos.runs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  pydantic reads these annotations
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef  # noqa: TC001  pydantic reads these annotations
from chaos.documents import read_document, write_document

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = "aiops.chaos.run/v1"
RECORD_FILE = "run.json"


class RunOutcome(StrEnum):
    """How a run ended; the list is closed."""

    HELD = "held"
    DEVIATED = "deviated"
    ABORTED = "aborted"
    REVERT_INCOMPLETE = "revert-incomplete"
    NO_EFFECT = "no-effect"
    INTERRUPTED = "interrupted"


class Effect(StrEnum):
    """Whether users could notice what was done."""

    EFFECTIVE = "effective"
    NO_EFFECT = "no-effect"
    UNKNOWN = "unknown"


class Strict:
    """Read from JSON, an unknown key is an error."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class EffectVerdict(Strict):
    """Whether a service level indicator got worse while the fault was held.

    Attributes
    ----------
    sli : str or None
        The indicator that speaks loudest; None where none could be read.
    service : str or None
        The entry that it belongs to.
    change : float or None
        By how much it got worse: absolute for ``error_ratio``, as a share of the baseline for
        ``latency_p95`` and ``request_rate``.
    chance : float or None
        How often a quiet stretch of the same series looks as bad, 0 to 1.
    why : str
        The verdict in a sentence.
    """

    effect: Effect
    sli: str | None
    service: str | None
    change: float | None
    chance: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Phases(Strict):
    """When what happened, UTC.

    The baseline lasts from `baseline_start` to `injected`, the hold to `reverted`, the recovery
    to `end`. In a control nothing was done at `injected` nor at `reverted`.
    """

    baseline_start: datetime
    injected: datetime
    reverted: datetime
    end: datetime
    armed: datetime | None = None
    verified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Check(Strict):
    """One probe of the steady state: what it saw, and whether that is tolerable."""

    name: str
    ok: bool | None
    value: float | str | bool | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis(Strict):
    """The steady state as it was found before, during and after the hold."""

    before: tuple[Check, ...] = ()
    during: tuple[Check, ...] = ()
    after: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Revert(Strict):
    """The pointers that the undo restored, and those that someone else had changed meanwhile."""

    restored: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected(Strict):
    """What a perfect monitoring would have said: who is to blame, which series, which alerts, when.

    `detect_within` counts from the injection, s.
    """

    service: str | None = None
    metrics: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    detect_within: float | None = None


@dataclass(frozen=True, slots=True)
class RunRecord(Strict):
    """What was done in one run, and what the run saw of it.

    Attributes
    ----------
    run : str
        Opaque: it gives nothing away to a detector.
    system : str
        Namespace, or name of the simulated system.
    fault, target : str and ObjectRef, or None
        What was injected into whom; None in a control and in a decoy.
    control : "noop" or None
        Set where nothing was done.
    decoy : str or None
        A harmless change: instead of a fault, or before it.
    guards : str or None
        Why a guard aborted the run; None where none did.
    injected : bool
        Whether anything was done: a run may end before that.
    beside : tuple of str
        Further faults of the same run, as ``fault on target``.

    Raises
    ------
    InvalidExperiment
        If the phases are out of order or without a zone, or nothing says what kind of run it was.
    """

    run: str
    backend: Literal["sim", "k8s"]
    system: str
    seed: int
    hold_s: float
    phases: Phases
    outcome: RunOutcome
    fault: str | None = None
    target: ObjectRef | None = None
    params: dict[str, Any] = field(default_factory=dict)
    strength: float | None = None
    control: Literal["noop"] | None = None
    decoy: str | None = None
    victims: tuple[str, ...] = ()
    hypothesis: Hypothesis = Hypothesis()
    guards: str | None = None
    revert: Revert = Revert()
    effect: EffectVerdict | None = None
    expected: Expected = Expected()
    injected: bool = True
    beside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    schema: Literal["aiops.chaos.run/v1"] = SCHEMA

    def __post_init__(self) -> None:
        problem = _kind_problem(self) or _phase_problem(self.phases)
        if problem:
            raise InvalidExperiment(f"run {self.run!r}: {problem}")

    def write(self, folder: Path) -> Path:
        """Write ``run.json`` into `folder`, whole or not at all, and return its path."""
        return write_document(self, RunRecord, folder / RECORD_FILE)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read ``run.json`` of `folder`.

        Raises
        ------
        InvalidExperiment
            If it is missing or malformed; the text names the place.
        """
        record: Self = read_document(cls, folder / RECORD_FILE)
        return record


def _kind_problem(record: RunRecord) -> str:
    if (record.fault is None) != (record.target is None):
        return "give both fault and target, or neither"
    if record.control and (record.fault or record.decoy):
        return "a control has neither fault nor decoy"
    if not (record.fault or record.control or record.decoy):
        return 'give a fault, a decoy, or "control": "noop"'
    return ""


def _phase_problem(phases: Phases) -> str:
    order = ("baseline_start", "injected", "armed", "reverted", "verified", "end")
    moments = [(name, at) for name in order if (at := getattr(phases, name)) is not None]
    for name, at in moments:
        if at.tzinfo is None:
            return f"phases.{name} has no time zone; append +00:00 if it is UTC"
    for (name, at), (following, later) in pairwise(moments):
        if later < at:
            return f"phases.{following} lies before phases.{name}"
    return ""
