"""What holds for every fault: it plans without touching, takes hold, and goes without a trace."""

import json
import re

import pytest

from aiops.types import InvalidExperiment
from chaos import FAULTS, Experiment, Journal, ObjectRef, Plan, fault, injected, make_fault
from chaos.faults.rollout import RolloutFault
from chaos.reverting import Reverting
from chaos.simulation.sampling import METRICS
from chaos.simulation.shop import SHOP
from chaos.simulation.simulator import Simulator
from chaos.undoing import Undone

every_fault = pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
every_service = pytest.mark.parametrize("service", SHOP, ids=lambda service: service.name)
RUN = "r1"


@pytest.fixture
def shop():
    """A shop that has run for a minute."""
    simulator = Simulator(seed=7)
    simulator.advance(12)
    return simulator


def target_of(kind, service):
    return ObjectRef(kind.target_kind, service.namespace, service.name)


def objects(shop):
    """Return every object of the cluster; of pods those that were never struck stay the same."""
    kinds = ("Deployment", "Service", "Pod")
    return {kind: shop.list(kind, "shop") for kind in kinds}


@every_fault
@every_service
def test_plan_inject_armed_undo_verify(kind, service, shop, tmp_path):
    target, before = target_of(kind, service), objects(shop)
    plan = kind.plan(shop, target)
    assert objects(shop) == before
    assert not plan.armed(shop, RUN)
    plan.inject(shop, RUN)
    assert plan.armed(shop, RUN)
    run = Reverting(RUN, plan, shop, Journal(tmp_path / "journal.jsonl"))
    if kind.reversible:
        assert all(deed.leftovers(shop, RUN) for deed in plan.deeds)
    run.revert()
    assert not any(deed.leftovers(shop, RUN) for deed in plan.deeds)
    assert run.revert() == Undone()
    if kind.reversible:
        assert without_status(objects(shop)) == without_status(before)


def without_status(found):
    return {kind: [one | {"status": None} for one in some] for kind, some in found.items()}


@every_fault
@every_service
def test_after_a_hold_and_a_while_all_is_as_before(kind, service, shop, tmp_path):
    target, before = target_of(kind, service), objects(shop)
    experiment = Experiment(kind.id, target, hold_s=30.0, seed=7, run=RUN)
    with injected(experiment, shop, Journal(tmp_path / "journal.jsonl")):
        shop.advance(6)
    shop.advance(30)
    after = objects(shop)
    assert (after["Deployment"], after["Service"]) == (before["Deployment"], before["Service"])
    assert len(after["Pod"]) == len(before["Pod"])
    assert not any(pod["metadata"]["annotations"] for pod in after["Pod"])


@every_fault
def test_the_same_state_gives_the_same_plan_through_json_too(kind, shop):
    target = target_of(kind, SHOP[0])
    plan = kind.plan(shop, target, seed=3)
    assert plan == kind.plan(shop, target, seed=3)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@every_fault
def test_everything_that_is_taken_back_is_guarded(kind, shop):
    for deed in kind.plan(shop, target_of(kind, SHOP[0])).deeds:
        undo_ops = getattr(deed, "undo_ops", ())
        guarded = {operation["path"] for operation in undo_ops if operation["op"] == "test"}
        assert {operation["path"] for operation in undo_ops if operation["op"] != "add"} <= guarded


@every_fault
def test_what_another_run_works_on_is_refused(kind, shop):
    target = target_of(kind, SHOP[0])
    plan = kind.plan(shop, target)
    plan.inject(shop, RUN)
    if kind.reversible:
        with pytest.raises(InvalidExperiment, match=f"struck already by run {RUN}"):
            kind.plan(shop, target)


@every_fault
def test_a_target_of_another_kind_is_refused(kind, shop):
    with pytest.raises(InvalidExperiment, match=f"acts on a {kind.target_kind}"):
        kind.plan(shop, ObjectRef("Node", "", "node-1"))


@every_fault
def test_a_target_that_does_not_exist_is_refused(kind, shop):
    with pytest.raises(InvalidExperiment, match="nearest"):
        kind.plan(shop, ObjectRef(kind.target_kind, "shop", "nobody"))


@every_fault
def test_it_is_registered_under_its_own_well_formed_name(kind):
    assert fault(kind.id) is kind
    assert re.fullmatch(r"[a-z]+\.[a-z]+", kind.id)
    assert kind.id.startswith(f"{kind.family}.")
    assert kind.metrics
    assert set(kind.metrics) <= set(METRICS)


@every_fault
def test_it_says_what_it_needs_and_how_far_it_has_been_tried(kind):
    assert kind.rbac
    assert all(re.fullmatch(r"[a-z]+ [a-z/]+", need) for need in kind.rbac)
    assert re.fullmatch(r"1\.[0-9]+", kind.min_kubernetes)
    assert kind.tried in {"real", "request"}
    assert kind.target_kind in {"Deployment", "Service"}


@every_fault
@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_any_strength_can_be_planned_and_taken_back(kind, strength, shop, tmp_path):
    target, before = target_of(kind, SHOP[-1]), objects(shop)
    experiment = Experiment(kind.id, target, 30.0, 7, RUN, params={"strength": strength})
    with injected(experiment, shop, Journal(tmp_path / "journal.jsonl")):
        pass
    if kind.reversible:
        assert without_status(objects(shop)) == without_status(before)


@pytest.mark.parametrize(
    "kind", [kind for kind in FAULTS.values() if isinstance(kind, RolloutFault)]
)
def test_a_forced_rollout_is_taken_back_whole(kind, shop, tmp_path):
    target, before = SHOP[-1].ref, shop.get(SHOP[-1].ref)
    experiment = Experiment(kind.id, target, 30.0, 7, RUN, params={"force": True})
    with injected(experiment, shop, Journal(tmp_path / "journal.jsonl")):
        assert shop.get(target)["spec"]["strategy"] == {"type": "Recreate"}
        shop.advance(4)
    shop.advance(2)
    assert shop.get(target) == before


def test_an_unknown_fault_is_named_with_its_nearest():
    with pytest.raises(
        InvalidExperiment, match=r"no fault 'stress.gpu'; the nearest is 'stress.cpu'"
    ):
        fault("stress.gpu")


@pytest.mark.parametrize("count", [1, 2])
def test_the_seed_chooses_the_pods(count, shop):
    plans = [
        make_fault("pod.delete", {"count": count}).plan(shop, SHOP[1].ref, seed=seed).victims
        for seed in range(12)
    ]
    assert {len(victims) for victims in plans} == {count}
    assert len(set(plans)) == 3  # of three pods, every choice is made


def test_more_pods_than_there_are_cannot_be_struck(shop):
    with pytest.raises(InvalidExperiment, match=r"strike 4 pods of .*cart, which has 3"):
        make_fault("pod.delete", {"count": 4}).plan(shop, SHOP[1].ref)
