"""The freeze switch: who throws it stops every run in a namespace, before and at each tick.

It is thrown by a ConfigMap, which whoever owns the namespace can create, or by a label on the
Namespace. The toolkit only ever reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.cluster import NoSuchObject, ObjectRef
from chaos.patch import lookup

if TYPE_CHECKING:
    from chaos.cluster import Cluster
    from chaos.safety.scope import Scope

FREEZE_MAP: Final = "chaos-aiops-freeze"
"""Name of the ConfigMap; that it exists is enough."""

FREEZE_LABEL: Final = "chaos.aiops/freeze"
"""Label on a Namespace; ``true`` freezes."""


def frozen(cluster: Cluster, scope: Scope, namespace: str) -> str | None:
    """Return what freezes a namespace and how to lift it; None if nothing does.

    Raises
    ------
    Unreachable, Denied
        If that cannot be read: whoever asks at every tick must then stop.
    """
    try:
        if scope.labels(namespace).get(FREEZE_LABEL) == "true":
            return f"the label {FREEZE_LABEL}=true is on namespace {namespace}"
        found = cluster.get(ObjectRef("ConfigMap", namespace, FREEZE_MAP))
    except NoSuchObject:
        return None
    reason = lookup(found, "/data/reason")
    said = f": {' '.join(reason.split())}" if isinstance(reason, str) else ""
    return f"ConfigMap {namespace}/{FREEZE_MAP} is there{said}"


def freeze_manifest(namespace: str, reason: str) -> dict[str, Any]:
    """Return the ConfigMap that freezes a namespace, for whoever may create it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": FREEZE_MAP, "namespace": namespace},
        "data": {"reason": reason},
    }
