"""What runs in a cluster, and which Services reach it.

Deployments, StatefulSets, DaemonSets and CronJobs are read from their templates, so that one
without a pod is there too: it may be what broke. Any other pod belongs to what
`aiops.collectors.kubernetes.owners` says; one that nothing owns is its own workload. Secrets are
never read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiops.collectors.kubernetes.owners import Owners
from aiops.collectors.kubernetes.state import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.collectors.callgraph.hosts import Name
    from aiops.collectors.kubernetes.state import Document

_TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_BETWEEN = ("ReplicaSet", "Job")
_NAMES = ("app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/component")
"""Labels by which metrics often name a workload."""


@dataclass(frozen=True)
class Workload:
    """What Kubernetes keeps running under one name; `spec` and `labels` are those of its pods."""

    ref: Ref
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def namespace(self) -> str:
        """The namespace that it and its pods live in."""
        return self.ref.namespace

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its name, and the names that its labels give it."""
        named = (self.labels.get(label, "") for label in _NAMES)
        return (self.ref.name, *filter(None, named))

    def __str__(self) -> str:
        kind, namespace, name = self.ref
        return f"{kind} {namespace}/{name}"


@dataclass(frozen=True)
class Service:
    """A Service: its ports, and the labels of the pods that it leads to (none: it has no pods)."""

    name: Name
    ports: frozenset[int]
    selector: Mapping[str, str] = field(default_factory=dict)

    def selects(self, workload: Workload) -> bool:
        """Say whether it leads to the pods of `workload`."""
        here = self.name[0] == workload.namespace
        return here and bool(self.selector) and self.selector.items() <= workload.labels.items()


def list_all(client: KubernetesClient, kind: str, namespaces: Sequence[str]) -> Iterable[Document]:
    """Yield all objects of a kind in `namespaces`; in every one where none is named."""
    for namespace in namespaces or (None,):
        yield from client.list(kind, namespace)


def read_services(client: KubernetesClient, namespaces: Sequence[str]) -> list[Service]:
    """Return the Services of the namespaces."""
    return [
        Service(
            _place(document),
            frozenset(port["port"] for port in document["spec"].get("ports") or ()),
            document["spec"].get("selector") or {},
        )
        for document in list_all(client, "Service", namespaces)
    ]


def read_workloads(client: KubernetesClient, namespaces: Sequence[str]) -> list[Workload]:
    """Return all that runs, or should run, in the namespaces."""

    def every(*kinds: str) -> list[Document]:
        return [one for kind in kinds for one in list_all(client, kind, namespaces)]

    found = {one.ref: one for one in map(_templated, every(*_TEMPLATED))}
    pods = every("Pod")
    owners = Owners([*every(*_BETWEEN), *pods])
    for pod in pods:
        ref = owners.workload(Ref.of(pod))
        labels = pod["metadata"].get("labels") or {}
        found.setdefault(ref, Workload(ref, labels, pod.get("spec") or {}))
    return list(found.values())


def _templated(document: Document) -> Workload:
    spec = document["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Workload(Ref.of(document), labels, template.get("spec") or {})


def _place(document: Document) -> Name:
    return document["metadata"]["namespace"], document["metadata"]["name"]
