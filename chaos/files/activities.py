"""Activities: an action does something to the system, a probe looks at it."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from chaos.files.base import Block, Many, Text, tag, written
from chaos.files.durations import LONGEST_S
from chaos.files.providers import ActionProvider, ProbeProvider
from chaos.files.tolerances import Tolerance

Pause = Annotated[float, Field(ge=0, le=LONGEST_S)]
"""Seconds; a number, as the Chaos Toolkit wants it."""


def _none(value: Any) -> Any:
    if value:
        raise ValueError(
            "controls are code around every activity and are not run; remove them, and write "
            "what they watch as guards of the extension aiops"
        )
    return value


NoControls = Annotated[
    tuple[()],
    BeforeValidator(_none),
    Field(strict=False),
    WithJsonSchema({"type": "array", "maxItems": 0}),
]
"""The key exists in the Chaos Toolkit; only an empty list is taken."""


class Pauses(Block):
    """How long to wait before and after an activity, s."""

    before: Pause = 0.0
    after: Pause = 0.0


class _Activity(Block):
    name: Text
    background: bool = False
    pauses: Pauses = Pauses()
    controls: NoControls = ()


class Action(_Activity):
    """Does something to the system."""

    type: Literal["action"]
    provider: ActionProvider


class Probe(_Activity):
    """Looks at the system; without a tolerance it only records what it saw."""

    type: Literal["probe"]
    provider: ProbeProvider
    tolerance: Tolerance | None = None


class SteadyProbe(Probe):
    """A probe of the hypothesis, which says what it expects."""

    tolerance: Tolerance


class Reference(Block):
    """An activity declared elsewhere in the file, by its name."""

    ref: Text


def _which(value: Any) -> str | None:
    block = written(value)
    if block is None:
        return None
    return tag("ref" if "ref" in block else block.get("type"))


Step = Annotated[
    Annotated[Action, Tag("<action>")]
    | Annotated[Probe, Tag("<probe>")]
    | Annotated[Reference, Tag("<ref>")],
    Discriminator(_which),
]


class SteadyState(Block):
    """What is true of the system as long as it is well."""

    title: Text
    probes: Many[SteadyProbe] = ()
    controls: NoControls = ()
