"""The extension ``aiops``: what the Chaos Toolkit's file has no words for."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from chaos.files.base import Block, Many, Text, tag, written
from chaos.files.comparisons import Compared
from chaos.files.durations import Seconds
from chaos.files.providers import SloArguments
from chaos.files.windows import Hours

NAME: Final = "aiops"


class Phases(Block):
    """How long is measured before the fault, after it took hold, and after it is gone, s.

    `hold` is how long a fault is held that does not say so itself.
    """

    baseline: Seconds = 60.0
    settle: Seconds = 0.0
    hold: Seconds = 60.0
    recover: Seconds = 60.0


class BlastRadius(Block):
    """What a run may never exceed; None sets no bound of the file's own.

    `max_percent` is of the target's pods, `min_ready_left` of those that stay ready.
    """

    max_pods: Annotated[int, Field(ge=0)] | None = None
    max_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    min_ready_left: Annotated[int, Field(ge=0)] = 1
    max_hold: Seconds | None = None


class _Watching(Block):
    abort_if: Compared
    for_s: Annotated[Seconds, Field(alias="for")] = 0.0


class PromqlGuard(_Watching):
    """Abort when a PromQL expression compares so for so long."""

    promql: Text


class SloGuard(_Watching):
    """Abort when a series of the metrics compares so for so long."""

    slo: SloArguments


class AlertsGuard(Block):
    """Abort when an alert of this severity fires."""

    no_firing_alerts: Annotated[str, Field(pattern="^[A-Za-z0-9_-]+$")]


class WindowGuard(Block):
    """Abort outside these hours."""

    window: Hours


_GUARDS = ("promql", "slo", "no_firing_alerts", "window")


def _guard(value: Any) -> str:
    keys = list(written(value) or ())
    return tag(next((key for key in (*_GUARDS, *keys) if key in keys), None))


GuardBlock = Annotated[
    Annotated[PromqlGuard, Tag("<promql>")]
    | Annotated[SloGuard, Tag("<slo>")]
    | Annotated[AlertsGuard, Tag("<no_firing_alerts>")]
    | Annotated[WindowGuard, Tag("<window>")],
    Discriminator(_guard),
]


class Armed(Block):
    """How soon the fault must have taken hold, s."""

    within: Seconds = 30.0


class RootCauseExpected(Block):
    """Who should be blamed, and for a fault of which family."""

    service: Text
    kind: Text | None = None


class Expect(Block):
    """What monitoring should do; it is graded, it does not decide whether the system held."""

    detect_within: Seconds | None = None
    root_cause: RootCauseExpected | None = None
    alerts: Many[Text] = ()
    recover_within: Seconds | None = None


class Effect(Block):
    """The probe of the hypothesis that must fall by `min_drop` for the fault to have bitten."""

    sli: Text
    min_drop: Annotated[float, Field(gt=0)]


class Aiops(Block):
    """Everything that only `aiops chaos` understands."""

    name: Literal["aiops"] = NAME
    version: Annotated[Literal["aiops.chaos/v1"], Field(alias="schema")] = "aiops.chaos/v1"
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0
    phases: Phases = Phases()
    repeat: Annotated[int, Field(ge=1, le=1000)] = 1
    blast_radius: BlastRadius = BlastRadius()
    guards: Many[GuardBlock] = ()
    armed: Armed = Armed()
    expect: Expect = Expect()
    effect: Effect | None = None


def _whose(value: Any) -> str:
    return tag(NAME if (written(value) or {}).get("name") == NAME else "other")


class OtherExtension(BaseModel):
    """An extension of some other tool, which is carried and not read."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: Annotated[str, Field(min_length=1, json_schema_extra={"not": {"const": NAME}})]


Extension = Annotated[
    Annotated[Aiops, Tag("<aiops>")] | Annotated[OtherExtension, Tag("<other>")],
    Discriminator(_whose),
]
