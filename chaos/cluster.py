"""The port to whatever is made to suffer: objects shaped like Kubernetes', read and changed.

`Cluster` is a Protocol; the simulator in `chaos.simulation.simulator` implements it, and `chaos.live` does
over a real API server. Nothing here talks to a network.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args

from aiops.suggest import nearest
from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chaos.patch import Patch


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """The address of one object.

    >>> print(ObjectRef("Deployment", "shop", "cart"))
    Deployment shop/cart
    """

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class NoSuchObject(InvalidExperiment):
    """The cluster holds no such object, or no longer the same one."""


ProcessKind = Literal["cpu", "memory", "delay"]

NO_LABELS: Mapping[str, str] = MappingProxyType({})

SIMULATED: Final = "simulator"
"""The identity of every simulated cluster: each ends with its process, and its runs with it."""


@dataclass(frozen=True, slots=True)
class Process:
    """Something that runs in a pod beside the application, and ends by itself.

    Attributes
    ----------
    kind : {"cpu", "memory", "delay"}
        Burns CPU, holds ever more memory, or holds requests up.
    amount : float
        Cores, bytes per second, or seconds for each request; above 0.
    seconds : float
        How long it runs if nobody stops it; above 0.

    Raises
    ------
    InvalidExperiment
        If the kind is unknown, or a number is not positive.
    """

    kind: ProcessKind
    amount: float
    seconds: float

    def __post_init__(self) -> None:
        if self.kind not in get_args(ProcessKind):
            raise InvalidExperiment(f"there is no process {self.kind!r}; use cpu, memory or delay")
        for name, number in (("amount", self.amount), ("seconds", self.seconds)):
            if not (math.isfinite(number) and number > 0):
                raise InvalidExperiment(
                    f"a {self.kind} process has {name} {number}; give a positive number"
                )

    def to_json(self) -> dict[str, Any]:
        """Return the process as a JSON object."""
        return asdict(self)


class Cluster(Protocol):
    """Where faults are injected, and where tools of a guide read and write.

    All methods raise `Unreachable` if nobody answers and `Denied` if we may not; after either,
    nobody knows whether a change was made. `dry_run` asks the server to check a change and to
    leave it at that.
    """

    @property
    def now(self) -> datetime:
        """The cluster's own time, in UTC; a simulator's runs at its own speed."""
        ...

    @property
    def identity(self) -> str:
        """Tells this cluster from all others, whoever asks by whatever address, if it can be told.

        Two clusters never share one; of one cluster, somebody with fewer rights may see another.
        """
        ...

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a copy of the object.

        Raises
        ------
        NoSuchObject
            If there is no such object; the text names the nearest one.
        """
        ...

    def list(
        self, kind: str, namespace: str, labels: Mapping[str, str] = NO_LABELS
    ) -> list[dict[str, Any]]:
        """Return copies of the objects of a kind that bear all `labels`, by name."""
        ...

    def patch(self, ref: ObjectRef, ops: Patch, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply a JSON Patch, all of it or nothing, and return a copy of the object after it.

        Raises
        ------
        PatchConflict
            If a ``test`` fails or a pointer leads nowhere; the object is then unchanged.
        NoSuchObject
            If there is no such object.
        InvalidExperiment
            If the result would not be a legal object.
        """
        ...

    def delete(
        self, ref: ObjectRef, *, uid: str, grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        """Delete the object if it is still the one with this uid.

        Raises
        ------
        NoSuchObject
            If it is not, or is gone already.
        """
        ...

    def launch(self, pod: ObjectRef, process: Process, token: str) -> None:
        """Start a process in the first container of the pod; `token` finds it again.

        Raises
        ------
        NoSuchObject
            If there is no such pod.
        InvalidExperiment
            If the pod cannot run such a process.
        """
        ...

    def running(self, pod: ObjectRef, token: str) -> bool:
        """Say whether a process with this token still runs in the pod; False if the pod is gone."""
        ...

    def stop(self, pod: ObjectRef, token: str) -> None:
        """End every process with this token; none, or no pod, is fine."""
        ...


def no_such_object(ref: ObjectRef, existing: Iterable[ObjectRef]) -> NoSuchObject:
    """Return the error that says `ref` does not exist and which existing object is nearest.

    >>> print(no_such_object(ObjectRef("Pod", "shop", "crat"), [ObjectRef("Pod", "shop", "cart")]))
    there is no Pod shop/crat; the nearest is Pod shop/cart
    """
    near = nearest(str(ref), map(str, existing))
    hint = f"the nearest is {near}" if near else "the cluster holds no object at all"
    return NoSuchObject(f"there is no {ref}; {hint}")
