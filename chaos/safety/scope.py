"""Where a fault may strike at all: namespaces that have opted in, and never those of the platform.

`Scope` is the port to the labels of namespaces. A real cluster's are read from its Namespace
objects; a backend that has none, because all of it is there to be struck, gives `OptedIn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Protocol

from chaos.cluster import ObjectRef
from chaos.patch import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.cluster import Cluster

OPT_IN: Final = "chaos.aiops/enabled"
"""The label by which a namespace allows faults; its value must be ``true``."""

DENIED: Final = (
    "kube-*",
    "openshift",
    "openshift-*",
    "gke-*",
    "gmp-*",
    "cattle-*",
    "calico-*",
    "tigera-*",
    "istio-system",
    "cert-manager",
    "argocd",
    "flux-system",
    "aiops-system",
)
"""Namespaces of control planes, networks, delivery tools and of this toolkit; no flag and no label
lifts them. ``default`` is not among them: small clusters keep their applications there, and it is
struck only where somebody has labelled it on purpose."""

DENIED_OBJECTS: Final = frozenset({ObjectRef("Service", "default", "kubernetes")})
"""The API server's own address, the one thing of the control plane in ``default``."""


class Scope(Protocol):
    """What is known of namespaces."""

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace.

        Raises
        ------
        NoSuchObject
            If there is no such namespace.
        """
        ...


@dataclass(frozen=True, slots=True)
class ClusterScope:
    """The labels that the Namespace objects of a cluster bear, read anew each time."""

    cluster: Cluster

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace as it is now."""
        found = lookup(self.cluster.get(ObjectRef("Namespace", "", namespace)), "/metadata/labels")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class OptedIn:
    """Every namespace has opted in, as in a cluster that exists to be struck: a simulator's."""

    def labels(self, namespace: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return the opt-in."""
        return {OPT_IN: "true"}


def denied(namespace: str) -> str | None:
    """Return the pattern that protects a namespace for good, or None.

    >>> denied("kube-system"), denied("shop")
    ('kube-*', None)
    """
    return next((pattern for pattern in DENIED if fnmatchcase(namespace, pattern)), None)
