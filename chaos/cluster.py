"""The port to whatever is made to suffer: objects shaped like Kubernetes', read and patched.

`Cluster` is a Protocol; the simulator in `chaos.simulator` implements it, an adapter to a real
cluster can. Nothing here talks to a network.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiops.suggest import nearest
from aiops.types import InvalidExperiment
from chaos.patch import MISSING, lookup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chaos.patch import Patch

_CPU = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m", re.ASCII)
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(k|M|G|Ki|Mi|Gi)?", re.ASCII)
_UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


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


class Cluster(Protocol):
    """Where faults are injected, and where tools of a guide read and write."""

    @property
    def now(self) -> datetime:
        """The cluster's own time, in UTC; a simulator's runs at its own speed."""
        ...

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a copy of the object.

        Raises
        ------
        InvalidExperiment
            If there is no such object; the text names the nearest one.
        """
        ...

    def patch(self, ref: ObjectRef, ops: Patch) -> dict[str, Any]:
        """Apply a JSON Patch, all of it or nothing, and return a copy of the object after it.

        Raises
        ------
        PatchConflict
            If a ``test`` fails or a pointer leads nowhere; the object is then unchanged.
        InvalidExperiment
            If there is no such object, or the result would not be a legal one.
        """
        ...


def no_such_object(ref: ObjectRef, existing: Iterable[ObjectRef]) -> InvalidExperiment:
    """Return the error that says `ref` does not exist and which existing object is nearest.

    >>> print(no_such_object(ObjectRef("Pod", "shop", "crat"), [ObjectRef("Pod", "shop", "cart")]))
    there is no Pod shop/crat; the nearest is Pod shop/cart
    """
    near = nearest(str(ref), map(str, existing))
    hint = f"the nearest is {near}" if near else "the cluster holds no object at all"
    return InvalidExperiment(f"there is no {ref}; {hint}")


def cpu_limit(workload: dict[str, Any]) -> float:
    """Return the CPU limit of one pod of `workload`, in cores, over all its containers.

    Raises
    ------
    InvalidExperiment
        If there is no container, or one has no limit that is a positive quantity.

    Examples
    --------
    >>> containers = [{"name": "app", "resources": {"limits": {"cpu": "1500m"}}}]
    >>> cpu_limit({"spec": {"template": {"spec": {"containers": containers}}}})
    1.5
    """
    containers = lookup(workload, "/spec/template/spec/containers")
    if not isinstance(containers, list) or not containers:
        raise InvalidExperiment("spec.template.spec.containers is no list of containers")
    return sum(_container_limit(container) for container in containers)


def _container_limit(container: Any) -> float:
    text = str(lookup(container, "/resources/limits/cpu"))
    cores = 0.0
    if _CPU.fullmatch(text):
        cores = int(text[:-1]) / 1000 if text.endswith("m") else float(text)
    if cores <= 0:
        raise InvalidExperiment(
            f"container {lookup(container, '/name')!r} has the CPU limit {text!r}; "
            'give resources.limits.cpu in cores ("2") or thousandths ("500m")'
        )
    return cores


def memory_limit(workload: dict[str, Any]) -> float:
    """Return the memory limit of one pod of `workload`, in bytes; infinite if a container has none.

    Raises
    ------
    InvalidExperiment
        If a limit is no positive quantity.

    Examples
    --------
    >>> containers = [{"name": "app", "resources": {"limits": {"memory": "1.5Mi"}}}]
    >>> memory_limit({"spec": {"template": {"spec": {"containers": containers}}}})
    1572864.0
    """
    containers = lookup(workload, "/spec/template/spec/containers")
    return sum(_container_memory(container) for container in containers)


def _container_memory(container: Any) -> float:
    text = lookup(container, "/resources/limits/memory")
    if text is MISSING:
        return math.inf
    found = _MEMORY.fullmatch(str(text))
    number = float(found[1]) * _UNITS[found[2] or ""] if found else 0.0
    if number <= 0:
        raise InvalidExperiment(
            f"container {lookup(container, '/name')!r} has the memory limit {text!r}; "
            'give resources.limits.memory in bytes, "512Mi" or "2G"'
        )
    return number
