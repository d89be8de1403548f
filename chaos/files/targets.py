"""From the target that a file names to the one object in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.errors import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.patch import lookup

if TYPE_CHECKING:
    from chaos.cluster import Cluster
    from chaos.files.providers import Target

_LABELS = {
    "Deployment": "/spec/template/metadata/labels",
    "StatefulSet": "/spec/template/metadata/labels",
    "Service": "/spec/selector",
    "Pod": "/metadata/labels",
}


def resolve(target: Target, cluster: Cluster) -> ObjectRef:
    """Return the object that `target` means: by name, or the only one whose pods bear its labels.

    Raises
    ------
    InvalidExperiment
        If the labels fit no object, or more than one.
    """
    if target.name is not None:
        return ObjectRef(target.kind, target.namespace, target.name)
    found = sorted(
        str(lookup(item, "/metadata/name"))
        for item in cluster.list(target.kind, target.namespace)
        if _bears(item, target)
    )
    if len(found) != 1:
        which = f"{len(found)} of them: {', '.join(found)}" if found else "none"
        raise InvalidExperiment(f"{target} must mean one object, but there is {which}; name it")
    return ObjectRef(target.kind, target.namespace, found[0])


def _bears(item: dict[str, Any], target: Target) -> bool:
    labels = lookup(item, _LABELS[target.kind])
    return isinstance(labels, dict) and target.labels.items() <= labels.items()
