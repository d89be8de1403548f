"""Who else writes to a workload: autoscalers that own its replicas, and GitOps tools that own it all.

They may set a fault back while it is held, so a run is warned of them and not refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.deeds import PatchDeed
from chaos.patch import lookup
from chaos.safety.affected import REPLICAS
from chaos.safety.findings import Finding
from chaos.undoing import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.cluster import ObjectRef
    from chaos.safety.look import Look

ARGO_INSTANCE = "argocd.argoproj.io/instance"
ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
FLUX = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "helmrelease"),
)
"""Group of the labels that Flux leaves, the kind that they name, and what its command calls it."""


def gitops_owner(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the delivery tool that owns an object, and how to pause it; None if there is none.

    >>> gitops_owner({"metadata": {"labels": {"argocd.argoproj.io/instance": "shop"}}})
    ('Argo CD application shop', 'argocd app set shop --sync-policy none')
    """
    labels, annotations = _names(document, "labels"), _names(document, "annotations")
    tracked = str(annotations.get(ARGO_TRACKING, "")).partition(":")[0]
    app = tracked or annotations.get(ARGO_INSTANCE) or labels.get(ARGO_INSTANCE)
    if app:
        return f"Argo CD application {app}", f"argocd app set {app} --sync-policy none"
    for group, kind, command in FLUX:
        if name := labels.get(f"{group}/name"):
            namespace = labels.get(f"{group}/namespace", "flux-system")
            pause = f"flux suspend {command} {name} -n {namespace}"
            return f"Flux {kind} {namespace}/{name}", pause
    return None


def owned(look: Look) -> Iterator[Finding]:
    """Warn of each object to be patched that a GitOps tool keeps as it is in Git."""
    for ref in sorted({deed.target for deed in _patches(look) if deed.target.kind != "Pod"}):
        if owner := gitops_owner(look.cluster.get(ref)):
            text = f"{owner[0]} owns {ref} and may set the fault back while it is held"
            yield Finding("gitops", "warn", text, f"pause it for the run: {owner[1]}")


def autoscaled(look: Look) -> Iterator[Finding]:
    """Warn of each autoscaler that owns the replicas a fault is to change."""
    scaled = sorted({deed.target for deed in _patches(look) if REPLICAS in paths(deed.ops)})
    for ref in scaled:
        for scaler in look.cluster.list("HorizontalPodAutoscaler", ref.namespace):
            if _scales(scaler, ref):
                name = f"{ref.namespace}/{scaler['metadata']['name']}"
                text = f"HorizontalPodAutoscaler {name} owns the replicas of {ref}"
                hint = "it may set them back; only 0 replicas switch it off"
                yield Finding("autoscaler", "warn", text, hint)


def _scales(scaler: Mapping[str, Any], ref: ObjectRef) -> bool:
    found = lookup(scaler, "/spec/scaleTargetRef")
    return isinstance(found, dict) and (found.get("kind"), found.get("name")) == (
        ref.kind,
        ref.name,
    )


def _patches(look: Look) -> Iterator[PatchDeed]:
    for plan in look.plans:
        for deed in plan.deeds:
            if isinstance(deed, PatchDeed):
                yield deed


def _names(document: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    found = lookup(document, f"/metadata/{what}")
    return found if isinstance(found, dict) else {}
