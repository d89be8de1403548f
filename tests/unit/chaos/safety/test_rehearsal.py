"""The rehearsal: every deed is sent as a dry run, and nothing else is."""

import pytest

from chaos.safety import dry_run
from tests.memory_cluster import deployment


@pytest.mark.parametrize("fault", ["pod.delete", "pod.failure", "scale.zero", "svc.selector"])
def test_each_deed_is_rehearsed_and_nothing_is_changed(ask, cluster, fault):
    plan = ask.plan(fault)
    assert dry_run(plan, cluster) == ()
    assert [ref for _, ref in cluster.rehearsed] == list(plan.victims)
    assert cluster.mutations == []


def test_of_a_process_only_the_mark_can_be_rehearsed(ask, cluster):
    plan = ask.plan("stress.cpu", count=1)
    assert dry_run(plan, cluster) == ()
    assert cluster.rehearsed == [("patch", plan.victims[0])]
    assert cluster.processes == set()


def test_an_object_that_changed_since_is_refused(ask, cluster):
    plan = ask.plan("scale.zero")
    cluster.objects[plan.target]["spec"]["replicas"] = 9
    (finding,) = dry_run(plan, cluster)
    assert (finding.gate, finding.level) == ("dry-run", "refuse")
    assert "/spec/replicas" in finding.text


def test_a_pod_that_is_gone_or_another_is_refused(ask, cluster):
    plan = ask.plan("pod.delete", count=2)
    cluster.objects[plan.victims[0]]["metadata"]["uid"] = "another"
    del cluster.objects[plan.victims[1]]
    assert [finding.level for finding in dry_run(plan, cluster)] == ["refuse", "refuse"]


def test_a_webhook_that_sets_the_change_back_is_found(ask, cluster):
    plan = ask.plan("image.bad")
    cluster.admit = lambda document: deployment("shop", "cart", replicas=4)
    (finding,) = dry_run(plan, cluster)
    assert "alters image.bad" in finding.text
