"""The gates together: what is refused is refused for every reason at once, and changes nothing."""

import pytest

from aiops.types import InvalidExperiment
from chaos import FAULTS, ObjectRef
from chaos.marks import put_mark, write_mark
from chaos.safety import Limits, OptedIn, check, dry_run
from chaos.safety.findings import Finding, Preflight
from chaos.simulation.shop import SHOP
from chaos.simulation.simulator import Simulator
from tests.memory_cluster import namespace, opted_in

OUTAGE = Limits().with_outage()


def refused(preflight):
    return [finding.gate for finding in preflight.refusals]


def test_one_pod_of_four_in_a_namespace_that_has_opted_in_is_clear(ask):
    preflight = ask("pod.delete")
    assert preflight == Preflight()
    preflight.refuse_unless_clear()


def test_nothing_was_changed_by_asking(ask, cluster):
    ask("scale.zero")
    assert cluster.mutations == cluster.rehearsed == []


@pytest.mark.parametrize("labels", [{}, {"chaos.aiops/enabled": "True"}, {"enabled": "true"}])
def test_a_namespace_that_has_not_opted_in_is_refused(ask, cluster, labels):
    cluster.objects[ref("shop")] = namespace("shop", labels)
    assert refused(ask()) == ["opt-in"]


def test_a_namespace_that_does_not_exist_is_refused(ask, cluster):
    del cluster.objects[ref("shop")]
    assert refused(ask()) == ["opt-in"]


def test_a_backend_without_namespaces_gives_a_scope_of_its_own(ask, cluster):
    plan = ask.plan()
    del cluster.objects[ref("shop")]
    assert check((plan,), cluster, OptedIn()).clear


def test_a_frozen_namespace_is_refused(ask, cluster):
    cluster.objects[ref("shop")] = opted_in("shop", {"chaos.aiops/freeze": "true"})
    assert refused(ask()) == ["frozen"]


def test_an_object_that_another_run_struck_after_planning_is_refused(ask, cluster):
    plan = ask.plan("pod.delete", count=1)
    bystander = next(
        p for p in sorted(cluster.objects) if p.kind == "Pod" and p not in plan.victims
    )
    cluster.patch(
        bystander, put_mark(cluster.get(bystander), "r7", write_mark("pod.failure", {}, None))
    )
    preflight = check((plan,), cluster, OptedIn())
    assert [finding.gate for finding in preflight.refusals] == ["busy"]
    assert f"run r7 is at work on {bystander}" in str(preflight.refusals[0])


@pytest.mark.parametrize(("hold_s", "clear"), [(900.0, True), (900.5, False)])
def test_the_hold_is_capped(ask, hold_s, clear):
    assert ask(hold_s=hold_s).clear is clear


def test_pods_are_capped(ask):
    assert ask(count=2, limits=Limits(max_pods=2)).clear
    assert refused(ask(count=2, limits=Limits(max_pods=1))) == ["caps"]


@pytest.mark.parametrize(("count", "clear"), [(2, True), (3, False)])
def test_a_share_of_the_pods_is_capped(ask, count, clear):
    assert ask(count=count).clear is clear


def test_several_plans_count_together(ask, cluster):
    plans = (ask.plan(count=2), ask.plan("pod.failure", count=2))
    struck = {victim for plan in plans for victim in plan.victims}
    limits = Limits(max_percent=100 * (len(struck) - 1) / 4)
    assert not check(plans, cluster, OptedIn(), limits=limits).clear
    assert all(check((plan,), cluster, OptedIn()).clear for plan in plans)


def test_two_targets_are_more_than_one_workload(ask, cluster):
    plans = (ask.plan(), ask.plan("svc.selector"))
    preflight = check(plans, cluster, OptedIn(), limits=OUTAGE)
    assert "2 targets, max_workloads is 1" in str(preflight.refusals[0])


@pytest.mark.parametrize("fault", ["scale.zero", "svc.selector", "image.bad", "pod.failure"])
def test_an_outage_has_to_be_allowed(ask, fault):
    preflight = ask(fault)
    assert refused(preflight) == ["caps", "last-replica"]
    assert all("--allow-outage" in finding.remedy for finding in preflight.refusals)
    assert ask(fault, limits=OUTAGE).clear


def test_only_ready_pods_count_as_left(ask, cluster):
    for pod in list(cluster.objects):
        if pod.kind == "Pod" and pod.name != "cart-0":
            cluster.objects[pod]["status"]["conditions"][0]["status"] = "False"
    preflights = [ask(count=1, limits=Limits(max_percent=100, min_ready_left=n)) for n in (1, 2)]
    assert preflights[0].clear is (ask.plan(count=1).victims[0].name != "cart-0")
    assert refused(preflights[1]) == ["last-replica"]


def test_a_gate_that_may_not_look_is_shut(ask, cluster):
    cluster.unreadable.add("PodDisruptionBudget")
    (finding,) = ask().refusals
    assert "may not read PodDisruptionBudget" in finding.text
    assert "rbac" in finding.remedy


def test_every_refusal_is_told_at_once(ask, cluster):
    cluster.objects[ref("shop")] = namespace("shop")
    preflight = ask("scale.zero", hold_s=10_000)
    with pytest.raises(InvalidExperiment) as error:
        preflight.refuse_unless_clear()
    text = str(error.value)
    assert "\n" not in text
    assert all(str(finding) in text for finding in preflight.refusals)
    assert {"opt-in", "caps", "last-replica"} == {one.gate for one in preflight.refusals}


def test_a_warning_does_not_refuse():
    preflight = Preflight((Finding("gitops", "warn", "owned"), Finding("lease", "note", "none")))
    assert preflight.clear
    preflight.refuse_unless_clear()


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
def test_a_simulator_can_be_asked_like_any_cluster(kind):
    simulator = Simulator(seed=7)
    simulator.advance(2)
    plan = kind.plan(simulator, ObjectRef(kind.target_kind, "shop", SHOP[-1].name))
    preflight = check((plan,), simulator, OptedIn(), limits=OUTAGE, hold_s=60.0)
    assert preflight.clear
    assert dry_run(plan, simulator) == ()


def ref(name):
    return ObjectRef("Namespace", "", name)
