"""What holds for every fault: it plans without touching, takes hold, and goes without a trace."""

import json
import re

import pytest

from aiops.types import InvalidExperiment
from chaos import FAULTS, Experiment, Journal, ObjectRef, Plan, fault, injected
from chaos.faults.rollout import RolloutFault
from chaos.injection import Undone, inject, leftovers, undo
from chaos.sampling import METRICS
from chaos.shop import SHOP
from chaos.simulator import Simulator

every_fault = pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
every_target = pytest.mark.parametrize("target", [service.ref for service in SHOP], ids=str)


@pytest.fixture
def shop():
    """A shop that has run for a minute."""
    simulator = Simulator(seed=7)
    simulator.advance(12)
    return simulator


@every_fault
@every_target
def test_plan_inject_armed_undo_verify(kind, target, shop):
    before = shop.get(target)
    plan = kind.plan(shop, target)
    assert shop.get(target) == before
    assert not kind.armed(shop, plan)
    inject(shop, plan)
    assert kind.armed(shop, plan)
    assert leftovers(shop, plan) != ()
    undo(shop, plan)
    assert shop.get(target) == before
    assert leftovers(shop, plan) == ()
    assert undo(shop, plan) == Undone((), ())


@every_fault
@every_target
def test_after_a_hold_only_the_status_may_differ(kind, target, shop, tmp_path):
    before = shop.get(target)
    experiment = Experiment(kind.id, target, hold_s=30.0, seed=7, run="r1")
    with injected(experiment, shop, Journal(tmp_path / "journal.jsonl")):
        shop.advance(6)
    assert shop.get(target) | {"status": None} == before | {"status": None}
    shop.advance(2)
    assert shop.get(target) == before


@every_fault
def test_the_same_state_gives_the_same_plan_through_json_too(kind, shop):
    target = SHOP[0].ref
    plan = kind.plan(shop, target)
    assert plan == kind.plan(shop, target)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@every_fault
def test_everything_that_is_taken_back_is_guarded(kind, shop):
    undo_ops = kind.plan(shop, SHOP[0].ref).undo
    guarded = {operation["path"] for operation in undo_ops if operation["op"] == "test"}
    assert {operation["path"] for operation in undo_ops if operation["op"] != "add"} <= guarded


@every_fault
def test_a_fault_that_is_in_place_cannot_be_planned_again(kind, shop):
    target = SHOP[0].ref
    inject(shop, kind.plan(shop, target))
    with pytest.raises(InvalidExperiment, match="already in that state"):
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
    assert kind.tried == "request"  # nothing has been tried on a real cluster yet
    assert kind.reversible
    assert kind.target_kind == "Deployment"


@every_fault
@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_any_strength_can_be_planned_and_taken_back(kind, strength, shop):
    target = SHOP[-1].ref
    before = shop.get(target)
    plan = type(kind)(strength).plan(shop, target)
    inject(shop, plan)
    undo(shop, plan)
    assert shop.get(target) == before


@pytest.mark.parametrize("kind", [k for k in FAULTS.values() if isinstance(k, RolloutFault)])
def test_a_forced_rollout_is_taken_back_whole(kind, shop):
    target = SHOP[-1].ref
    before = shop.get(target)
    plan = type(kind)(force=True).plan(shop, target)
    inject(shop, plan)
    assert shop.get(target)["spec"]["strategy"] == {"type": "Recreate"}
    shop.advance(4)
    undo(shop, plan)
    shop.advance(2)
    assert shop.get(target) == before


def test_an_unknown_fault_is_named_with_its_nearest():
    with pytest.raises(
        InvalidExperiment, match=r"no fault 'stress.gpu'; the nearest is 'stress.cpu'"
    ):
        fault("stress.gpu")
