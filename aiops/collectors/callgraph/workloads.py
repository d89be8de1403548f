"""What runs in a cluster, and which Services reach it: pods owned, step by step, up to a workload.

Deployments, StatefulSets, DaemonSets and CronJobs are read from their templates, so that one
without a pod is there too: it may be what broke. A pod whose owners end at another kind belongs to
that; one without an owner is its own workload. Secrets are never read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.collectors.callgraph.hosts import Name

Document = dict[str, Any]
Ref = tuple[str, str, str]
"""Kind, namespace and name."""

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
        return self.ref[1]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its name, and the names that its labels give it."""
        named = (self.labels.get(label, "") for label in _NAMES)
        return (self.ref[2], *filter(None, named))

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

    def every(kind: str) -> Iterable[Document]:
        return list_all(client, kind, namespaces)

    found = {one.ref: one for kind in _TEMPLATED for one in map(_templated, every(kind))}
    owners = {_ref(one): _owner(one) for kind in _BETWEEN for one in every(kind)}
    for pod in every("Pod"):
        ref = _top(_ref(pod), _owner(pod), owners.get)
        labels = pod["metadata"].get("labels") or {}
        found.setdefault(ref, Workload(ref, labels, pod.get("spec") or {}))
    return list(found.values())


def _templated(document: Document) -> Workload:
    spec = document["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Workload(_ref(document), labels, template.get("spec") or {})


def _top(ref: Ref, owner: Ref | None, owner_of: Callable[[Ref], Ref | None]) -> Ref:
    """Follow the owners up from `ref`; the last one that can be known is the workload."""
    seen = {ref}
    while owner is not None and owner not in seen:
        seen.add(owner)
        ref, owner = owner, owner_of(owner)
    return ref


def _owner(document: Document) -> Ref | None:
    """Return the object that controls this one, which lives in the same namespace."""
    for one in document["metadata"].get("ownerReferences") or ():
        if one.get("controller"):
            return one["kind"], document["metadata"]["namespace"], one["name"]
    return None


def _ref(document: Document) -> Ref:
    return document["kind"], *_place(document)


def _place(document: Document) -> Name:
    return document["metadata"]["namespace"], document["metadata"]["name"]
