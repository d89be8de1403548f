"""The whole file: a Chaos Toolkit experiment, with the extension ``aiops``."""

from typing import Annotated, Literal

from pydantic import Field

from chaos.files.activities import NoControls, SteadyState, Step
from chaos.files.base import Block, Many, Text
from chaos.files.environment import ConfigurationValue, SecretEntry
from chaos.files.extension import Extension

Weight = Literal["none", "low", "medium", "high"]


class RollbackRuntime(Block):
    """When the Chaos Toolkit plays rollbacks; here the fault is always taken back."""

    strategy: Literal["default", "always", "never", "deviated"] = "default"


class HypothesisRuntime(Block):
    """When the Chaos Toolkit looks at the hypothesis; here before, during and after."""

    strategy: Literal[
        "default", "skip", "before-method-only", "after-method-only", "during-method-only",
        "continuously",
    ] = "default"  # fmt: skip
    frequency: Annotated[float, Field(gt=0)] | None = None
    fail_fast: bool = False


class Runtime(Block):
    """The Chaos Toolkit's own strategies, which it alone follows."""

    rollbacks: RollbackRuntime = RollbackRuntime()
    hypothesis: HypothesisRuntime = HypothesisRuntime()


class Document(Block):
    """An experiment file, its references to the configuration already replaced."""

    version: Text = "1.0.0"
    title: Text
    description: Text
    tags: Many[Text] = ()
    contributions: dict[str, Weight] = Field(default_factory=dict)
    controls: NoControls = ()
    configuration: dict[str, ConfigurationValue] = Field(default_factory=dict)
    secrets: dict[str, SecretEntry] = Field(default_factory=dict)
    runtime: Runtime = Runtime()
    steady_state_hypothesis: Annotated[
        SteadyState | None, Field(alias="steady-state-hypothesis")
    ] = None
    method: Many[Step]
    rollbacks: Many[Step] = ()
    extensions: Many[Extension] = ()
