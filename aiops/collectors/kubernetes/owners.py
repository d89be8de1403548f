"""Whose pod it is: ownership followed up to the workload, never guessed from a name.

Pod → ReplicaSet → Deployment, Pod → Job → CronJob, and so on by ``ownerReferences``. A pod that is
gone has no document any more; the event by which its owner made it still says whose it was.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aiops.collectors.inventory.families import display_name
from aiops.collectors.kubernetes.happenings import makers
from aiops.collectors.kubernetes.state import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiops.collectors.kubernetes.happenings import Happening
    from aiops.collectors.kubernetes.state import Document

LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "service")
"""Labels that name the service of a pod that nothing owns; the first that a pod has counts."""


class Owners:
    """The ownership in a cluster at one moment.

    Parameters
    ----------
    documents : iterable of dict
        Everything that owns or is owned.
    happenings : sequence of Happening
        For the pods that are gone.
    """

    def __init__(self, documents: Iterable[Document], happenings: Sequence[Happening] = ()) -> None:
        self._owner: dict[Ref, Ref] = makers(happenings)
        self._labelled: dict[Ref, str] = {}
        for document in documents:
            ref = Ref.of(document)
            self._labelled[ref] = _label(document)
            if (owner := _controller(document)) is not None:
                self._owner[ref] = owner
        self._shared = self._names_in_several_namespaces()

    def workload(self, ref: Ref) -> Ref:
        """Return what stands at the top of the owners of `ref`; itself when nothing owns it."""
        seen = {ref}
        while (owner := self._owner.get(ref)) is not None and owner not in seen:
            seen.add(owner)
            ref = owner
        return ref

    def service(self, ref: Ref) -> str | None:
        """Return the name of the workload that `ref` belongs to.

        A pod that nothing owns goes by its label, or else by its own name. Where two namespaces
        have a workload of the same name, theirs is part of it: ``cart.staging``. None where it is
        not known: a node, or a pod that is gone without a trace of its owner.
        """
        top = self.workload(ref)
        name = self._name(top)
        if name is None:
            return None
        return display_name(name, top.namespace if name in self._shared else "")

    def _name(self, top: Ref) -> str | None:
        if top.kind == "Pod":
            return self._labelled[top] or top.name if top in self._labelled else None
        return top.name if top.namespace and top.kind != "Namespace" else None

    def _names_in_several_namespaces(self) -> frozenset[str]:
        where: dict[str, set[str]] = defaultdict(set)
        for ref in self._labelled:
            top = self.workload(ref)
            if (name := self._name(top)) is not None:
                where[name].add(top.namespace)
        return frozenset(name for name, namespaces in where.items() if len(namespaces) > 1)


def _label(document: Document) -> str:
    """Return what the labels say whose it is; "" if nothing."""
    labels = document["metadata"].get("labels") or {}
    return next((labels[label] for label in LABELS if labels.get(label)), "")


def _controller(document: Document) -> Ref | None:
    metadata = document["metadata"]
    for owner in metadata.get("ownerReferences") or ():
        # A static pod is its node's; it is no workload of the node.
        if owner.get("controller") and owner["kind"] != "Node":
            return Ref(owner["kind"], metadata.get("namespace", ""), owner["name"])
    return None
