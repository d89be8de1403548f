"""Owners: named, with the way to pause them; a run is warned and not refused."""

import pytest

from chaos import ObjectRef
from chaos.safety import Limits
from chaos.safety.owners import gitops_owner

OUTAGE = Limits().with_outage()
ARGO_LABEL = {"labels": {"argocd.argoproj.io/instance": "shop"}}
ARGO_ANNOTATION = {
    "annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/cart"}
}
FLUX = {
    "labels": {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "delivery",
    }
}
HELM = {"labels": {"helm.toolkit.fluxcd.io/name": "cart"}}


@pytest.mark.parametrize(
    ("metadata", "owner", "pause"),
    [
        (ARGO_LABEL, "Argo CD application shop", "argocd app set shop --sync-policy none"),
        (ARGO_ANNOTATION, "Argo CD application shop", "argocd app set shop --sync-policy none"),
        (FLUX, "Flux Kustomization delivery/apps", "flux suspend kustomization apps -n delivery"),
        (
            HELM,
            "Flux HelmRelease flux-system/cart",
            "flux suspend helmrelease cart -n flux-system",
        ),
    ],
)
def test_a_run_is_warned_of_the_owner_of_what_it_patches(ask, cluster, metadata, owner, pause):
    deployment = next(ref for ref in cluster.objects if ref.kind == "Deployment")
    cluster.objects[deployment]["metadata"] |= metadata
    (finding,) = ask("image.bad", limits=OUTAGE).findings
    assert (finding.gate, finding.level) == ("gitops", "warn")
    assert owner in finding.text
    assert pause in finding.remedy


def test_nobody_sets_back_what_is_done_to_pods(ask, cluster):
    deployment = next(ref for ref in cluster.objects if ref.kind == "Deployment")
    cluster.objects[deployment]["metadata"] |= FLUX
    assert ask("pod.delete").findings == ()


def test_an_object_of_nobody_has_no_owner():
    assert gitops_owner({"metadata": {"labels": {"app.kubernetes.io/instance": "shop"}}}) is None


@pytest.mark.parametrize(("name", "count"), [("cart", 1), ("web", 0)])
@pytest.mark.parametrize("fault", ["scale.zero", "scale.down"])
def test_a_run_is_warned_of_the_autoscaler_of_the_replicas(ask, cluster, fault, name, count):
    scaler = _autoscaler(cluster, name)
    findings = ask(fault, limits=Limits(max_percent=100, min_ready_left=0)).findings
    assert [finding.gate for finding in findings] == ["autoscaler"] * count
    assert all(scaler in finding.text and finding.level == "warn" for finding in findings)


def test_an_autoscaler_does_not_matter_to_other_faults(ask, cluster):
    _autoscaler(cluster, "cart")
    assert ask("image.bad", limits=OUTAGE).findings == ()


def _autoscaler(cluster, name):
    cluster.objects[ObjectRef("HorizontalPodAutoscaler", "shop", "scaler")] = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}},
    }
    return "shop/scaler"
