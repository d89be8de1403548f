"""Affected pods: exactly those that lose service."""

import pytest

from chaos import ObjectRef
from chaos.safety import affected
from chaos.safety.affected import lost
from tests.memory_cluster import pod


def names(refs):
    return sorted(ref.name for ref in refs)


ALL = ["cart-0", "cart-1", "cart-2", "cart-3"]


@pytest.mark.parametrize("fault", ["scale.zero", "image.bad", "env.mutate", "svc.selector"])
def test_a_change_of_the_workload_or_its_service_affects_all_its_pods(ask, cluster, fault):
    strike = affected(ask.plan(fault), cluster)
    assert names(strike.struck) == ALL
    assert strike.most == 4


@pytest.mark.parametrize("fault", ["pod.delete", "pod.failure", "stress.cpu"])
def test_deeds_on_pods_affect_those_pods(ask, cluster, fault):
    plan = ask.plan(fault, count=2)
    strike = affected(plan, cluster)
    assert strike.struck == frozenset(plan.victims)
    assert strike.most == 2


@pytest.mark.parametrize(("strength", "taken"), [(0.1, 1), (0.6, 2), (1.0, 3)])
def test_a_lower_number_of_replicas_affects_some_of_them(ask, cluster, strength, taken):
    strike = affected(ask.plan("scale.down", strength=strength), cluster)
    assert names(strike.struck) == ALL
    assert strike.most == taken


def test_a_forced_rollout_is_no_mere_scaling(ask, cluster):
    assert affected(ask.plan("image.bad", force=True), cluster).most == 4


@pytest.mark.parametrize("fault", ["scale.zero", "svc.selector"])
def test_pods_that_do_not_run_or_are_on_their_way_out_do_not_count(ask, cluster, fault):
    cluster.objects[ObjectRef("Pod", "shop", "cart-0")]["metadata"]["deletionTimestamp"] = "now"
    pending = pod("shop", "cart", 1, running=False)
    cluster.objects[ObjectRef("Pod", "shop", "cart-1")] = pending
    assert names(affected(ask.plan(fault), cluster).refs) == ["cart-2", "cart-3"]


def test_pods_of_others_do_not_count(ask, cluster):
    for other in (pod("shop", "web", 0), pod("elsewhere", "cart", 9)):
        meta = other["metadata"]
        cluster.objects[ObjectRef("Pod", meta["namespace"], meta["name"])] = other
    assert names(affected(ask.plan("scale.zero"), cluster).refs) == ALL


def test_strikes_that_overlap_count_once_and_never_more_than_there_are(ask, cluster):
    zero, one = (affected(ask.plan(fault), cluster) for fault in ("scale.zero", "pod.delete"))
    assert lost(zero.refs, [zero, one]) == 4
    assert lost(zero.refs, [one, one]) == 1
    assert lost(frozenset(), [zero]) == 0
