"""The documents of a cluster at one moment, read once and looked at from many sides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient

Document = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds that say how many pods they want."""

OWNED = ("Pod", "ReplicaSet", *WORKLOADS, "Job", "CronJob")
"""What is read to know whose a pod is."""

HISTORY = ("ControllerRevision", "Event")
"""What else tells of the past."""


class Ref(NamedTuple):
    """One object; `namespace` is "" for kinds that live in none."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Ref:
        """Return the reference to `document`."""
        metadata = document["metadata"]
        return cls(document["kind"], metadata.get("namespace", ""), metadata["name"])

    def __str__(self) -> str:
        """Write it as people do: ``Pod cart-0``."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class State:
    """The documents that were read, by kind."""

    documents: Mapping[str, tuple[Document, ...]]

    def of(self, *kinds: str) -> tuple[Document, ...]:
        """Return the documents of these kinds; none for a kind that was not read."""
        return tuple(one for kind in kinds for one in self.documents.get(kind, ()))


def read_state(
    client: KubernetesClient, namespaces: Sequence[str], kinds: Sequence[str], *, nodes: bool
) -> State:
    """List `kinds` in `namespaces` (in the whole cluster when there is none), and the nodes.

    Raises
    ------
    Denied
        If one of them may not be listed; the text names the right.
    Unreachable
        If the API server does not answer.
    """
    found = {
        kind: tuple(one for name in namespaces or (None,) for one in client.list(kind, name))
        for kind in kinds
    }
    if nodes:
        found["Node"] = tuple(client.list("Node", None))
    return State(found)


def moment(text: Any) -> datetime | None:
    """Read a time as Kubernetes writes it; None where there is none.

    >>> moment("2026-11-22T19:31:10.250000Z").isoformat()
    '2026-11-22T19:31:10.250000+00:00'
    """
    return datetime.fromisoformat(text) if text else None
