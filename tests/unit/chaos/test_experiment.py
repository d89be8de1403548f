"""An experiment is always taken back: at its end, after an exception, and after a crash."""

import math
from dataclasses import replace

import pytest

from aiops.types import InvalidExperiment, MetricId, RevertIncomplete, RootCause, check_metrics
from chaos import (
    Experiment,
    Journal,
    ObjectRef,
    PatchConflict,
    RunEvent,
    as_case,
    fault,
    injected,
    recover,
)
from chaos.injection import inject
from chaos.simulator import Simulator

CART = ObjectRef("Deployment", "shop", "cart")
SCALE = Experiment("scale.zero", CART, hold_s=60.0, seed=7, run="r1")
REPLICAS = "/spec/replicas"


@pytest.fixture
def journal(tmp_path):
    """An empty journal."""
    return Journal(tmp_path / "journal.jsonl")


@pytest.fixture
def shop():
    """A shop that has run for a minute."""
    simulator = Simulator(seed=7)
    simulator.advance(12)
    return simulator


def events(journal, run="r1"):
    return [entry.event for entry in journal.entries() if entry.run == run]


def scale(shop, replicas):
    shop.patch(CART, [{"op": "replace", "path": REPLICAS, "value": replicas}])


def crash_after_injecting(shop, journal, run="r1", ref=CART):
    """Leave behind what a process leaves that is killed while its fault is in place."""
    plan = fault("scale.zero").plan(shop, ref)
    journal.append(run, RunEvent.PLANNED, time=shop.now, payload=plan.to_json())
    inject(shop, plan)
    journal.append(run, RunEvent.INJECTED, time=shop.now)


class Watched:
    """A cluster that calls `before_patch` before each patch."""

    def __init__(self, shop, before_patch):
        self.shop = shop
        self.before_patch = before_patch

    @property
    def now(self):
        return self.shop.now

    def get(self, ref):
        return self.shop.get(ref)

    def patch(self, ref, ops):
        self.before_patch()
        return self.shop.patch(ref, ops)


def test_the_fault_is_in_place_inside_and_gone_outside(shop, journal):
    before = shop.get(CART)
    with injected(SCALE, shop, journal) as plan:
        assert plan.target == CART
        assert shop.get(CART)["spec"]["replicas"] == 0
    assert shop.get(CART) == before
    assert events(journal) == ["planned", "injected", "armed", "undone", "verified"]
    assert journal.pending() == {}


def test_the_undo_is_on_disk_before_the_deed(shop, journal):
    seen = []

    def look():
        seen.append([(e.event, e.payload.get("undo")) for e in Journal(journal.path).entries()])

    with injected(SCALE, Watched(shop, look), journal) as plan:
        pass
    assert seen[0] == [("planned", list(plan.undo))]


def test_the_journal_tells_the_time_of_the_cluster(shop, journal):
    injected_at = shop.now
    with injected(SCALE, shop, journal):
        shop.advance(3)
        undone_at = shop.now
    times = {entry.event: entry.time for entry in journal.entries()}
    assert times["injected"] == injected_at
    assert times["undone"] == undone_at


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_inside_the_fault_is_taken_back(shop, journal, error):
    before = shop.get(CART)
    with pytest.raises(error), injected(SCALE, shop, journal):
        raise error
    assert shop.get(CART) == before
    assert events(journal)[-1] == "verified"


def test_an_interrupt_during_the_injection_is_taken_back(shop, journal):
    before = shop.get(CART)

    class Interrupted(Watched):
        def patch(self, ref, ops):
            self.patch = self.shop.patch
            self.shop.patch(ref, ops)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), injected(SCALE, Interrupted(shop, None), journal):
        pytest.fail("nothing was yielded")
    assert shop.get(CART) == before
    assert events(journal) == ["planned", "undone", "verified"]


def test_a_fault_that_something_sets_back_at_once_is_reported(shop, journal):
    class SelfHealing(Watched):
        def patch(self, ref, ops):
            self.shop.patch(ref, ops)
            scale(self.shop, 3)

    with (
        pytest.raises(InvalidExperiment, match="did not take hold"),
        injected(SCALE, SelfHealing(shop, None), journal),
    ):
        pytest.fail("nothing was yielded")
    assert events(journal) == ["planned", "injected", "undone", "verified"]


def test_a_target_that_changes_before_the_injection_is_left_alone(shop, journal):
    racing = Watched(shop, lambda: scale(shop, 5))
    with pytest.raises(PatchConflict), injected(SCALE, racing, journal):
        pytest.fail("nothing was yielded")
    assert shop.get(CART)["spec"]["replicas"] == 5
    assert journal.pending() == {}


def test_a_foreign_change_is_kept_reported_and_stays_pending(shop, journal):
    with (
        pytest.raises(RevertIncomplete, match=r"run r1: scale.zero on .*cart left /spec/replicas"),
        injected(SCALE, shop, journal),
    ):
        scale(shop, 2)
    assert shop.get(CART)["spec"]["replicas"] == 2
    assert events(journal)[-2:] == ["undone", "conflict"]
    assert journal.entries()[-1].payload == {"pointers": [REPLICAS]}
    assert list(journal.pending()) == ["r1"]


def test_a_foreign_change_that_was_set_right_can_be_recovered(shop, journal):
    with pytest.raises(RevertIncomplete), injected(SCALE, shop, journal):
        scale(shop, 2)
    with pytest.raises(RevertIncomplete):
        recover(shop, journal)
    scale(shop, 3)
    assert recover(shop, journal) == ("r1",)
    assert journal.pending() == {}


def test_a_mitigation_that_sets_the_value_back_is_no_conflict(shop, journal):
    with injected(SCALE, shop, journal):
        scale(shop, 3)
    assert events(journal)[-1] == "verified"


def test_a_crash_is_recovered_from_the_journal(shop, journal):
    before = shop.get(CART)
    crash_after_injecting(shop, journal)
    assert shop.get(CART) != before
    assert recover(shop, Journal(journal.path)) == ("r1",)
    assert shop.get(CART) == before
    assert recover(shop, Journal(journal.path)) == ()


def test_a_crash_between_plan_and_deed_is_recovered_too(shop, journal):
    before = shop.get(CART)
    plan = fault("scale.zero").plan(shop, CART)
    journal.append("r1", RunEvent.PLANNED, time=shop.now, payload=plan.to_json())
    assert recover(shop, journal) == ("r1",)
    assert shop.get(CART) == before


def test_recover_tries_all_before_it_complains(shop, journal):
    store = replace(CART, name="store")
    crash_after_injecting(shop, journal, "r1")
    crash_after_injecting(shop, journal, "r2", store)
    scale(shop, 2)
    with pytest.raises(RevertIncomplete, match="r1"):
        recover(shop, journal)
    assert shop.get(store)["spec"]["replicas"] == 2
    assert list(journal.pending()) == ["r1"]


def test_a_target_that_is_gone_is_named(shop, journal):
    crash_after_injecting(shop, journal)
    del shop._control._objects[CART]
    with pytest.raises(RevertIncomplete, match="there is no Deployment shop/cart"):
        recover(shop, journal)


def test_a_run_that_left_its_fault_behind_is_not_started_again(shop, journal):
    crash_after_injecting(shop, journal)
    with (
        pytest.raises(InvalidExperiment, match="recover it first"),
        injected(SCALE, shop, journal),
    ):
        pytest.fail("nothing was yielded")


def test_what_cannot_be_planned_is_not_journaled(shop, journal):
    lost = replace(SCALE, target=replace(CART, name="crat"))
    with (
        pytest.raises(InvalidExperiment, match="nearest is Deployment shop/cart"),
        injected(lost, shop, journal),
    ):
        pytest.fail("nothing was yielded")
    assert journal.entries() == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"fault": "scale.zreo"}, "nearest is 'scale.zero'"),
        ({"hold_s": 0.0}, "hold_s is 0.0"),
        ({"hold_s": math.nan}, "hold_s is nan"),
        ({"hold_s": math.inf}, "hold_s is inf"),
        ({"run": ""}, "no name"),
    ],
)
def test_an_impossible_experiment_is_refused(change, complaint):
    with pytest.raises(InvalidExperiment, match=complaint):
        replace(SCALE, **change)


def test_a_case_carries_the_right_answer(shop, journal):
    inject_time = shop.now
    with injected(SCALE, shop, journal):
        shop.advance(12)
    trigger = MetricId("web", "error_ratio")
    case = as_case(SCALE, shop.metrics(), shop.topology, inject_time=inject_time, trigger=trigger)
    check_metrics(case.metrics)
    assert case.root_cause == RootCause("cart", (MetricId("cart", "replicas_ready"),))
    assert (case.id, case.fault, case.system) == ("r1", "scale.zero", "shop")
    assert (case.inject_time, case.trigger) == (inject_time, trigger)
    assert ("web", "cart") in case.topology
