"""What an activity calls: HTTP, a process, a Python function, and our own functions by name.

Our own are Python functions of `chaos.ctk` to the Chaos Toolkit; here they are data with typed
arguments, and nothing is imported on their behalf.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    field_validator,
    model_validator,
)

from chaos.files.base import Block, Many, Text, tag, written
from chaos.files.durations import Seconds

OURS = "chaos.ctk"
_Timeout = Annotated[float, Field(gt=0, le=300)]
Kind = Literal["Deployment", "StatefulSet", "Service", "Pod"]


class Target(Block):
    """The object that a fault strikes: by name, or the only one whose labels include these."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["name"]}, {"required": ["labels"]}]}
    )

    namespace: Text
    kind: Kind
    name: Text | None = None
    labels: dict[str, str] = Field(default_factory=dict, min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> "Target":
        if (self.name is None) == (not self.labels):
            raise ValueError("give the target a name or labels, one of the two")
        return self

    def __str__(self) -> str:
        which = self.name or ",".join(f"{key}={value}" for key, value in self.labels.items())
        return f"{self.kind} {self.namespace}/{which}"


class InjectArguments(Block):
    """Which fault strikes what, how hard and for how long."""

    fault: Text
    target: Target
    params: dict[str, JsonValue] = Field(default_factory=dict)
    hold: Seconds | None = None


class PromqlArguments(Block):
    """A PromQL expression; with a window, its mean over that window."""

    expr: Text
    window: Seconds | None = None


class SloArguments(Block):
    """One series of the metrics, summed up over its last `window`."""

    service: Text
    metric: Text
    window: Seconds = 30.0
    aggregate: Literal["mean", "max", "min", "last"] = "mean"


class FieldArguments(Block):
    """One field of a Kubernetes object, by JSON Pointer; never of a Secret."""

    kind: Annotated[str, Field(min_length=1, json_schema_extra={"not": {"const": "Secret"}})]
    namespace: Text
    name: Text
    field: Annotated[str, Field(pattern="^/")]

    @field_validator("kind")
    @classmethod
    def _no_secret(cls, kind: str) -> str:
        if kind == "Secret":
            raise ValueError("a probe reads no Secret, because what it finds is written down")
        return kind


class AvailableArguments(Block):
    """A workload."""

    kind: Literal["Deployment", "StatefulSet"]
    namespace: Text
    name: Text


class CountArguments(Block):
    """The pods of a namespace that bear all labels, in one phase if one is named."""

    namespace: Text
    labels: dict[str, str] = Field(default_factory=dict)
    phase: Text | None = None


class AllPodsArguments(CountArguments):
    """The same pods, in a phase (running, or done, if none is named), ready if that is asked."""

    ready: bool = False


class _Ours(Block):
    type: Literal["python"]
    module: Literal["chaos.ctk"]


class Inject(_Ours):
    """Inject a fault."""

    func: Literal["inject"]
    arguments: InjectArguments


class Promql(_Ours):
    """Ask Prometheus."""

    func: Literal["promql"]
    arguments: PromqlArguments


class Slo(_Ours):
    """Ask the recorded metrics, simulated or real."""

    func: Literal["slo"]
    arguments: SloArguments


class KubernetesField(_Ours):
    """Ask the cluster for a field of an object."""

    func: Literal["kubernetes"]
    arguments: FieldArguments


class Available(_Ours):
    """Ask the cluster whether every replica that a workload asks for is ready."""

    func: Literal["available"]
    arguments: AvailableArguments


class CountPods(_Ours):
    """Ask the cluster how many pods there are."""

    func: Literal["count_pods"]
    arguments: CountArguments


class AllPods(_Ours):
    """Ask the cluster whether there are pods, and all of them are as they should be."""

    func: Literal["all_pods"]
    arguments: AllPodsArguments


class Http(Block):
    """A GET or HEAD request; the answer is ``{status, headers, body}``."""

    type: Literal["http"]
    url: Annotated[str, Field(pattern="^https?://[^/]")]
    method: Literal["GET", "HEAD"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    timeout: _Timeout | Annotated[Many[_Timeout], Field(min_length=2, max_length=2)] = 5.0
    verify_tls: bool = True
    secrets: Many[Text] = ()

    @property
    def timeout_s(self) -> float:
        """How long to wait, s; of a pair (connect, read) the longer."""
        return max(self.timeout) if isinstance(self.timeout, tuple) else self.timeout


class Python(Block):
    """A function of a module that the caller allows; its answer is what it returns."""

    type: Literal["python"]
    module: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$",
            json_schema_extra={"not": {"const": OURS}},
        ),
    ]
    func: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*$")]
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    secrets: Many[Text] = ()


class Process(Block):
    """A program that the caller allows, with arguments as a list; never a line for a shell."""

    type: Literal["process"]
    path: Text
    arguments: Many[str | int | float | bool] | dict[str, str | int | float | bool] = ()
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0

    @field_validator("arguments", mode="before")
    @classmethod
    def _no_shell(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(  # noqa: TRY004  the error that pydantic reads
                "give the arguments as a list; a line for a shell is never run"
            )
        return value

    @property
    def argv(self) -> tuple[str, ...]:
        """The program and its arguments, one by one."""
        listed = self.arguments
        if isinstance(listed, dict):
            listed = tuple(part for pair in listed.items() for part in pair)
        return (self.path, *(str(part) for part in listed))


def _which(value: Any) -> str | None:
    block = written(value)
    if block is None:
        return None
    if block.get("type") == "python" and block.get("module") == OURS:
        return tag(f"{OURS}.{block.get('func')}")
    return tag(block.get("type"))


ActionProvider = Annotated[
    Annotated[Inject, Tag("<chaos.ctk.inject>")]
    | Annotated[Python, Tag("<python>")]
    | Annotated[Process, Tag("<process>")],
    Discriminator(_which),
]
ProbeProvider = Annotated[
    Annotated[Promql, Tag("<chaos.ctk.promql>")]
    | Annotated[Slo, Tag("<chaos.ctk.slo>")]
    | Annotated[KubernetesField, Tag("<chaos.ctk.kubernetes>")]
    | Annotated[Available, Tag("<chaos.ctk.available>")]
    | Annotated[CountPods, Tag("<chaos.ctk.count_pods>")]
    | Annotated[AllPods, Tag("<chaos.ctk.all_pods>")]
    | Annotated[Http, Tag("<http>")]
    | Annotated[Python, Tag("<python>")]
    | Annotated[Process, Tag("<process>")],
    Discriminator(_which),
]
Ours = Promql | Slo | KubernetesField | Available | CountPods | AllPods
"""Our own probes."""

Seen = Ours | Http | Python | Process
"""What a probe looks at."""
