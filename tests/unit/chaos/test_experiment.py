"""An experiment is always taken back: at its end, after an exception, and after a crash."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.types import (
    Denied,
    InvalidExperiment,
    MetricId,
    RevertIncomplete,
    RootCause,
    Unreachable,
    check_metrics,
)
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
    recover_marked,
)
from chaos.experiment import GRACE_S
from chaos.patience import Patience
from chaos.simulation.simulator import Simulator

CART = ObjectRef("Deployment", "shop", "cart")
SCALE = Experiment("scale.zero", CART, hold_s=60.0, seed=7, run="r1")
REPLICAS = "/spec/replicas"
HERE = {"cluster": "simulator"}


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
    journal.append(run, RunEvent.PLANNED, time=shop.now, payload=plan.to_json() | HERE)
    plan.inject(shop, run)
    journal.append(run, RunEvent.INJECTED, time=shop.now)


class Watched:
    """A cluster that calls `before_patch` before each patch."""

    def __init__(self, shop, before_patch):
        self.shop = shop
        self.before_patch = before_patch

    def __getattr__(self, name):
        return getattr(self.shop, name)

    def patch(self, ref, ops, *, dry_run=False):
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
        seen.append([(e.event, e.payload["deeds"]) for e in Journal(journal.path).entries()])

    watched = Watched(shop, look)
    with injected(SCALE, watched, journal) as plan:
        watched.before_patch = lambda: None
    assert seen[0] == [("planned", [deed.to_json() for deed in plan.deeds])]


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
        def patch(self, ref, ops, *, dry_run=False):
            self.shop.patch(ref, ops)
            if ops[-1]["path"] == REPLICAS:
                self.patch = self.shop.patch
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), injected(SCALE, Interrupted(shop, None), journal):
        pytest.fail("nothing was yielded")
    assert shop.get(CART) == before
    assert events(journal) == ["planned", "undone", "verified"]


def test_a_fault_that_something_sets_back_at_once_is_reported(shop, journal):
    class SelfHealing(Watched):
        def patch(self, ref, ops, *, dry_run=False):
            after = self.shop.patch(ref, ops)
            scale(self.shop, 3)
            return after

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


def test_a_foreign_change_is_kept_and_reported_once(shop, journal):
    with (
        pytest.raises(
            RevertIncomplete, match=r"run r1: scale.zero .* gone, but /spec/replicas was changed"
        ),
        injected(SCALE, shop, journal),
    ):
        scale(shop, 2)
    assert shop.get(CART)["spec"]["replicas"] == 2
    assert events(journal)[-2:] == ["undone", "conflict"]
    assert journal.entries()[-1].payload == {"pointers": [REPLICAS]}
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
    journal.append("r1", RunEvent.PLANNED, time=shop.now, payload=plan.to_json() | HERE)
    assert recover(shop, journal) == ("r1",)
    assert shop.get(CART) == before


def test_from_the_marks_alone_it_is_recovered_too(shop, journal, tmp_path):
    before = shop.get(CART)
    crash_after_injecting(shop, journal)
    plan = fault("scale.zero").plan(shop, replace(CART, name="store"))
    with injected(replace(SCALE, target=replace(CART, name="store"), run="r2"), shop, journal):
        elsewhere = Journal(tmp_path / "elsewhere.jsonl")
        assert recover_marked(shop, elsewhere, ["shop"]) == ("r1", "r2")
        assert not plan.armed(shop, "r2")
    assert shop.get(CART) == before
    assert [entry.event for entry in elsewhere.entries()][2:] == ["undone", "verified"] * 2


def test_recover_tries_all_before_it_complains(shop, journal):
    store = replace(CART, name="store")
    crash_after_injecting(shop, journal, "r1")
    crash_after_injecting(shop, journal, "r2", store)
    scale(shop, 2)
    with pytest.raises(RevertIncomplete, match="r1"):
        recover(shop, journal)
    assert shop.get(store)["spec"]["replicas"] == 2
    assert journal.pending() == {}


def test_a_target_that_is_gone_has_taken_the_fault_with_it(shop, journal):
    crash_after_injecting(shop, journal)
    del shop._control._objects[CART]
    assert recover(shop, journal) == ("r1",)
    assert journal.entries()[-2].payload["gone"] is True


class Silent(Watched):
    """A cluster that does not answer for some calls."""

    def __init__(self, shop, calls):
        super().__init__(shop, lambda: None)
        self.calls = calls

    def get(self, ref):
        if self.calls:
            self.calls -= 1
            raise Unreachable("no answer")
        return self.shop.get(ref)


def waiting(seconds):
    """Return patience whose time passes only by its own pauses."""
    clock = [0.0]

    def sleep(pause):
        clock[0] += pause

    return Patience(seconds, sleep, lambda: clock[0])


def test_a_cluster_that_is_away_for_a_while_is_waited_for(shop, journal):
    crash_after_injecting(shop, journal)
    assert recover(Silent(shop, 5), journal, patience=waiting(60.0)) == ("r1",)


def test_one_that_stays_away_leaves_the_run_pending(shop, journal):
    crash_after_injecting(shop, journal)
    with pytest.raises(RevertIncomplete, match="not proved undone: no answer"):
        recover(Silent(shop, 10**6), journal, patience=waiting(60.0))
    assert list(journal.pending()) == ["r1"]


class Recorded:
    """A guardian that remembers what it was told."""

    arming_s = 40.0

    def __init__(self, told, fails=False, stays=None):
        self.told, self.fails, self.stays = told, fails, stays

    def arm(self, run, plan, expires):
        self.told.append("arm")
        self.expires = expires
        if self.fails:
            raise InvalidExperiment("no such image")

    def disarm(self, run):
        self.told.append("disarm")
        if self.stays:
            raise self.stays


def test_guardians_are_armed_before_the_deed_and_let_go_after_the_revert(shop, journal):
    told = []
    with injected(SCALE, shop, journal, guardians=[Recorded(told)]):
        assert told == ["arm"]
    assert told == ["arm", "disarm"]


def test_no_guardian_no_deed(shop, journal):
    told, before = [], shop.get(CART)
    with (
        pytest.raises(InvalidExperiment, match="no such image"),
        injected(SCALE, shop, journal, guardians=[Recorded(told, fails=True)]),
    ):
        pytest.fail("nothing was yielded")
    assert shop.get(CART) == before
    assert told == ["arm", "disarm"]
    assert journal.pending() == {}


@pytest.mark.parametrize("stays", [Denied("delete jobs"), Unreachable("no"), OSError("no")])
def test_a_guardian_that_cannot_be_let_go_is_logged_and_no_error(shop, journal, caplog, stays):
    with injected(SCALE, shop, journal, guardians=[Recorded([], stays=stays)]):
        pass
    assert events(journal)[-1] == "verified"
    assert f"a guardian of run r1 is still there: {stays}" in caplog.text


def test_a_guardian_that_cannot_be_let_go_hides_no_conflict(shop, journal):
    told = []
    guardian = Recorded(told, stays=Denied("delete jobs"))
    with (
        pytest.raises(RevertIncomplete, match="changed by someone else"),
        injected(SCALE, shop, journal, guardians=[guardian]),
    ):
        scale(shop, 2)
    assert told == ["arm", "disarm"]


def test_what_arming_and_taking_hold_may_take_is_no_part_of_the_hold(shop, journal):
    guardians = [Recorded([]), Recorded([])]
    with injected(SCALE, shop, journal, guardians=guardians, armed_within=30.0):
        pass
    for guardian in guardians:
        assert guardian.expires == shop.now + timedelta(seconds=60 + 2 * 40 + 30 + GRACE_S)


def test_the_moment_of_the_first_deed_is_told_and_written_up(shop, journal):
    begun = []

    class Slow(Watched):
        def patch(self, ref, ops, *, dry_run=False):
            self.shop.advance(1)
            return self.shop.patch(ref, ops)

    planned_at = shop.now
    with injected(SCALE, Slow(shop, None), journal, on_inject=begun.append):
        assert shop.now > planned_at
    assert begun == [planned_at]
    (entry,) = [one for one in journal.entries() if one.event == "injected"]
    assert entry.payload == {"began": planned_at.isoformat()}
    assert entry.time > planned_at


def test_the_journal_knows_on_which_cluster(shop, journal):
    with injected(SCALE, shop, journal):
        assert list(journal.pending("simulator")) == ["r1"]
        assert journal.pending("another") == {}


def test_a_guardian_stays_while_the_fault_may_be_there(shop, journal):
    told, silent = [], Silent(shop, 0)
    with (
        pytest.raises(RevertIncomplete),
        injected(SCALE, silent, journal, guardians=[Recorded(told)], patience=waiting(5.0)),
    ):
        silent.calls = 10**6
    assert told == ["arm"]
    assert list(journal.pending()) == ["r1"]


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
        ({"run": ""}, "the name ''"),
        ({"run": "A_b"}, "the name 'A_b'"),
        ({"params": {"strength": 2}}, "strength 2"),
        ({"params": {"forse": True}}, "no parameter 'forse'"),
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
