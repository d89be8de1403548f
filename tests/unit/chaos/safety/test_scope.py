"""The scope: denied names stay denied, whatever label or flag there is."""

import pytest

from chaos import FAULTS, ObjectRef
from chaos.safety import DENIED, ClusterScope, Limits, OptedIn, check, denied
from chaos.safety.scope import DENIED_OBJECTS
from tests.memory_cluster import MemoryCluster, application, namespace, opted_in

EVERYTHING = Limits(99, 999, 100.0, 0, 1e9, 99, respect_budgets=False)


@pytest.mark.parametrize("pattern", DENIED)
def test_no_label_and_no_limit_opens_a_denied_namespace(pattern):
    name = pattern.replace("*", "system")
    cluster = MemoryCluster(opted_in(name), *application(name, "dns"))
    plan = FAULTS["pod.delete"].plan(cluster, ObjectRef("Deployment", name, "dns"))
    for scope in (OptedIn(), ClusterScope(cluster)):
        preflight = check((plan,), cluster, scope, limits=EVERYTHING)
        assert [finding.gate for finding in preflight.refusals] == ["denied"]


@pytest.mark.parametrize("name", ["shop", "default", "kubeflow", "my-kube-system", "aiops"])
def test_other_names_are_not_denied(name):
    assert denied(name) is None


def test_the_address_of_the_api_server_is_denied():
    (ref,) = DENIED_OBJECTS
    document = application("default", "kubernetes")[1]
    cluster = MemoryCluster(opted_in("default"), document)
    plan = FAULTS["svc.selector"].plan(cluster, ref)
    preflight = check((plan,), cluster, ClusterScope(cluster), limits=EVERYTHING)
    assert [finding.gate for finding in preflight.refusals] == ["denied"]


def test_labels_are_read_anew_each_time():
    cluster = MemoryCluster(opted_in("shop"))
    scope = ClusterScope(cluster)
    assert scope.labels("shop") == {"chaos.aiops/enabled": "true"}
    cluster.objects[ObjectRef("Namespace", "", "shop")] = namespace("shop")
    assert scope.labels("shop") == {}


def test_a_namespace_without_any_label_has_none():
    cluster = MemoryCluster({"kind": "Namespace", "metadata": {"name": "bare"}})
    assert ClusterScope(cluster).labels("bare") == {}
