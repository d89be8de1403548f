"""The run loop on the simulator: its phases, what stops it, and that it always takes back."""

import json
import signal
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.types import InvalidExperiment, InvalidInput, Unreachable
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.files import Allowed, load
from chaos.journal import Journal
from chaos.marks import runs_on
from chaos.patch import PatchConflict
from chaos.record import RunOutcome
from chaos.run import conduct
from chaos.safety import FREEZE_LABEL, OPT_IN, Finding, Limits
from chaos.signals import Interrupted
from chaos.simulation.simulator import Simulator
from chaos.trial import Trial, from_file, prepare

CART = ObjectRef("Deployment", "shop", "cart")
STORE = ObjectRef("Deployment", "shop", "store")
WIDE = Limits(max_workloads=3).with_outage()
BASELINE, HOLD, RECOVER = 30, 40, 150
TAKES_BACK = ["planned", "injected", "armed", "undone", "verified"]


class Shop(SimBackend):
    """The simulated shop; `meanwhile` is called after every wait, and `frozen_at` freezes it."""

    def __init__(self, seed=7):
        super().__init__(Simulator(seed))
        self.frozen_at = None
        self.meanwhile = lambda: None
        self.told = []
        self.scope = self

    def labels(self, namespace):
        late = self.frozen_at is not None and self.cluster.now >= self.frozen_at
        return {OPT_IN: "true", FREEZE_LABEL: "true" if late else "false"}

    def wait(self, seconds):
        super().wait(seconds)
        self.meanwhile()

    def disturb(self, decoy, service, seed):
        self.told.append((self.cluster.now, decoy, service))
        super().disturb(decoy, service, seed)

    def in_s(self, seconds):
        return self.cluster.now + timedelta(seconds=seconds)

    def scale(self, ref, replicas):
        self.cluster.patch(ref, [{"op": "replace", "path": "/spec/replicas", "value": replicas}])


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal.jsonl")


def ours(func, **arguments):
    return {"type": "python", "module": "chaos.ctk", "func": func, "arguments": arguments}


def inject(fault="scale.zero", name="cart", hold=f"{HOLD}s", **more):
    target = {"namespace": "shop", "kind": "Deployment", "name": name}
    provider = ours("inject", fault=fault, target=target, hold=hold)
    return {"type": "action", "name": f"{fault} on {name}", "provider": provider, **more}


def complete(name="cart"):
    provider = ours("available", kind="Deployment", namespace="shop", name=name)
    return {"type": "probe", "name": f"{name} is up", "tolerance": True, "provider": provider}


def ready(name, tolerance):
    provider = ours("slo", service=name, metric="replicas_ready", window="5s", aggregate="last")
    return {"type": "probe", "name": "ready", "tolerance": tolerance, "provider": provider}


def asked(tolerance="> 0"):
    provider = ours("promql", expr="up")
    return {"type": "probe", "name": "asked", "tolerance": tolerance, "provider": provider}


def slo_guard(condition, **more):
    slo = {"service": "cart", "metric": "replicas_ready", "window": "5s", "aggregate": "last"}
    return {"slo": slo, "abort_if": condition, **more}


@pytest.fixture
def written(tmp_path):
    """Write an experiment file and return what is read of it."""

    def write(*method, probes=(), guards=(), rollbacks=(), allowed=None, **settings):
        phases = {"baseline": BASELINE, "hold": HOLD, "recover": RECOVER}
        radius = {"max_percent": 100, "min_ready_left": 0}
        extension = {"name": "aiops", "schema": "aiops.chaos/v1", "seed": 7, "phases": phases}
        extension |= {"blast_radius": radius, "guards": list(guards), **settings}
        document = {
            "version": "1.0.0",
            "title": "The shop survives",
            "description": "A fault.",
            "steady-state-hypothesis": {"title": "It is well", "probes": list(probes)},
            "method": list(method),
            "rollbacks": list(rollbacks),
            "extensions": [extension],
        }
        path = tmp_path / "experiment.json"
        path.write_text(json.dumps(document))
        return load(path, allowed=allowed or Allowed())

    return write


@pytest.fixture
def go(shop, journal, written):
    """Run an experiment of these steps, and return its record."""

    def run(*method, limits=WIDE, progress=lambda _: None, **parts):
        trial = from_file(written(*method, **parts), shop, run="r1", seed=7)
        return conduct(prepare(replace(trial, limits=limits), shop), shop, journal, progress)

    return run


def events(journal, run=None):
    return [entry.event for entry in journal.entries() if run in {None, entry.run}]


def held_s(record):
    return (record.phases.reverted - record.phases.injected).total_seconds()


class TestPhases:
    def test_each_lasts_as_long_as_the_file_says(self, go, shop):
        began = shop.cluster.now
        record = go(inject())
        phases = record.phases
        assert phases.baseline_start == began
        assert phases.injected - began == timedelta(seconds=BASELINE)
        assert phases.armed == phases.injected
        assert held_s(record) == HOLD
        assert phases.verified == phases.reverted
        assert phases.end - phases.reverted == timedelta(seconds=RECOVER)

    def test_the_fault_is_there_in_the_hold_and_at_no_other_time(self, go, shop, journal):
        seen = []
        shop.meanwhile = lambda: seen.append(
            (shop.cluster.now, shop.cluster.get(CART)["spec"]["replicas"])
        )
        record = go(inject())
        phases = record.phases
        for now, replicas in seen:
            assert (replicas == 0) == (phases.injected < now <= phases.reverted)
        assert events(journal) == TAKES_BACK

    def test_says_what_it_does(self, go):
        said = []
        go(inject(), progress=said.append)
        assert said == [
            f"measuring the baseline for {BASELINE} s",
            "injecting scale.zero into Deployment shop/cart",
            f"holding scale.zero for {HOLD} s",
            "taking the fault back",
            f"measuring the recovery for {RECOVER} s",
        ]

    def test_the_record_says_what_was_done_to_whom(self, go):
        record = go(inject())
        assert (record.run, record.backend, record.system) == ("r1", "sim", "shop")
        assert (record.fault, record.target, record.victims) == ("scale.zero", CART, (str(CART),))
        assert (record.outcome, record.control, record.decoy) == (RunOutcome.HELD, None, None)
        assert record.revert.restored == ("/spec/replicas",)
        assert record.revert.conflicts == ()
        assert (record.expected.service, record.hold_s) == ("cart", HOLD)
        assert record.effect is None

    def test_tells_how_long_the_pods_took_to_be_ready_again(self, go):
        [note] = [one for one in go(inject()).notes if "ready" in one]
        assert note.startswith("all pods were ready again ")
        assert "later" not in note

    def test_tells_when_that_took_too_long(self, go):
        notes = go(inject(), expect={"recover_within": "1s"}).notes
        assert any("later than the 1 s expected" in note for note in notes)

    def test_tells_when_they_were_not_ready_in_time(self, go, shop, journal):
        def scale():
            if journal.entries() and not journal.pending():
                shop.scale(CART, 9)

        shop.meanwhile = scale
        notes = go(inject(), phases={"baseline": BASELINE, "hold": HOLD, "recover": 5}).notes
        assert "not all pods were ready again within 5 s of the revert" in notes

    def test_a_cluster_that_falls_silent_in_the_recovery_costs_the_note_and_not_the_record(
        self, go, shop, journal, monkeypatch
    ):
        real = shop.cluster.get

        def get(ref):
            if "verified" in events(journal) and ref == CART:
                raise Unreachable("no answer")
            return real(ref)

        monkeypatch.setattr(shop.cluster, "get", get)
        record = go(inject())
        assert record.outcome is RunOutcome.HELD
        assert any(note.startswith("not all pods were ready again") for note in record.notes)


class TestSteadyState:
    def test_is_looked_at_before_during_and_after(self, go):
        record = go(inject(), probes=[complete()])
        found = record.hypothesis
        [[before], [during], [after]] = [found.before, found.during, found.after]
        assert (before.ok, during.ok, after.ok) == (True, False, True)
        assert record.outcome is RunOutcome.DEVIATED

    def test_that_holds_throughout_holds(self, go):
        record = go(inject(), probes=[complete("payment")])
        assert record.outcome is RunOutcome.HELD
        assert [one.ok for one in record.hypothesis.during] == [True]

    def test_that_is_not_back_after_the_revert_deviates(self, go, shop, journal):
        def scale():
            if journal.entries() and not journal.pending():
                shop.scale(STORE, 1)

        shop.meanwhile = scale
        record = go(inject(), probes=[ready("store", "> 1")])
        found = [record.hypothesis.before, record.hypothesis.during, record.hypothesis.after]
        assert [[one.ok for one in checks] for checks in found] == [[True], [True], [False]]
        assert record.outcome is RunOutcome.DEVIATED

    def test_that_does_not_hold_before_lets_nothing_be_injected(self, go, journal):
        record = go(inject(), probes=[ready("cart", "> 7")])
        assert record.outcome is RunOutcome.DEVIATED
        assert "nothing was injected: the steady state did not hold before" in record.notes
        assert journal.entries() == ()
        assert record.phases.armed is None
        assert record.hypothesis.during == ()

    def test_that_cannot_be_read_here_is_noted_where_there_is_no_source(self, go, journal):
        record = go(inject(), probes=[asked()])
        assert "parts of the steady state cannot be evaluated here" in record.notes
        assert record.outcome is RunOutcome.HELD
        assert events(journal) == TAKES_BACK

    def test_that_cannot_be_read_lets_nothing_be_injected_where_there_is_one(
        self, go, shop, journal
    ):
        class Silent:
            def query(self, expr):
                raise Unreachable("no answer")

        shop.queries = Silent()
        record = go(inject(), probes=[asked()])
        assert record.outcome is RunOutcome.DEVIATED
        assert "nothing was injected: the steady state could not be evaluated before" in (
            record.notes
        )
        assert journal.entries() == ()

    def test_metrics_that_are_not_measured_are_not_evaluated(self, go, shop, monkeypatch):
        def nothing(since):
            raise InvalidInput("nothing is measured here")

        monkeypatch.setattr(shop, "metrics", nothing)
        record = go(inject(), probes=[ready("cart", "> 2")])
        assert [one.ok for one in record.hypothesis.before] == [None]
        assert "nothing is measured here" in record.hypothesis.before[0].detail


class TestGuards:
    def test_one_aborts_within_two_ticks_and_the_fault_is_taken_back_at_once(
        self, go, shop, journal
    ):
        before = shop.cluster.get(CART)
        record = go(inject(hold="10m"), guards=[slo_guard("< 1")])
        assert record.outcome is RunOutcome.ABORTED
        assert "replicas_ready" in record.guards
        assert 0 < held_s(record) <= 2 * shop.step_s
        assert events(journal) == TAKES_BACK
        assert shop.cluster.get(CART)["spec"] == before["spec"]
        assert record.phases.end - record.phases.reverted == timedelta(seconds=RECOVER)

    @pytest.mark.parametrize("for_s", [10, 25])
    def test_one_waits_for_its_own_time_first(self, go, shop, for_s):
        record = go(inject(hold="10m"), guards=[slo_guard("< 1", **{"for": f"{for_s}s"})])
        assert record.outcome is RunOutcome.ABORTED
        assert for_s <= held_s(record) <= for_s + 2 * shop.step_s

    def test_one_that_holds_in_the_baseline_lets_nothing_be_injected(self, go, journal):
        record = go(inject(), guards=[slo_guard("> 2")])
        assert record.outcome is RunOutcome.ABORTED
        assert any(note.startswith("nothing was injected: ") for note in record.notes)
        assert journal.entries() == ()

    def test_one_with_nothing_to_look_at_is_told_in_the_record(self, go):
        record = go(inject(), guards=[{"promql": "up", "abort_if": "< 1"}])
        assert record.outcome is RunOutcome.HELD
        assert "there is no Prometheus here" in record.notes

    def test_one_that_cannot_see_the_metrics_aborts_once_it_was_blind_too_long(
        self, go, shop, monkeypatch
    ):
        def nothing(since):
            raise InvalidInput("nothing is measured here")

        monkeypatch.setattr(shop, "metrics", nothing)
        long = {"baseline": 60, "hold": HOLD, "recover": 5}
        record = go(inject(), guards=[slo_guard("< 1")], phases=long)
        assert record.outcome is RunOutcome.ABORTED
        assert "a guard has seen nothing" in record.guards


class TestFreeze:
    def test_in_the_hold_takes_the_fault_back_within_a_tick(self, go, shop, journal):
        shop.frozen_at = shop.in_s(BASELINE + 12)
        record = go(inject(hold="10m"))
        assert record.outcome is RunOutcome.ABORTED
        assert FREEZE_LABEL in record.guards
        assert record.phases.reverted - shop.frozen_at < timedelta(seconds=shop.step_s)
        assert events(journal) == TAKES_BACK

    def test_in_the_baseline_ends_it(self, go, shop, journal):
        shop.frozen_at = shop.in_s(10)
        record = go(inject())
        assert record.outcome is RunOutcome.ABORTED
        assert record.phases.injected == shop.frozen_at
        assert journal.entries() == ()

    def test_in_the_pause_before_a_fault_keeps_that_from_being_injected(self, go, shop, journal):
        shop.frozen_at = shop.in_s(BASELINE + 10)
        record = go(inject(pauses={"before": 30.0}))
        assert record.outcome is RunOutcome.ABORTED
        assert journal.entries() == ()

    def test_between_two_faults_keeps_the_second_from_being_injected(self, go, shop, journal):
        shop.frozen_at = shop.in_s(BASELINE + 10)
        go(inject(), inject("pod.delete", "store"))
        assert {entry.run for entry in journal.entries()} == {"r1-1"}

    @pytest.mark.parametrize("moment", ["baseline", "hold"])
    def test_a_switch_that_cannot_be_read_ends_what_is_in_place(self, go, shop, moment):
        since = shop.in_s(BASELINE + 10 if moment == "hold" else 5)
        until = shop.in_s(BASELINE - 5 if moment == "baseline" else 10**6)
        labels = shop.labels

        def unreadable(namespace):
            if since <= shop.cluster.now < until:
                raise Unreachable("no answer")
            return labels(namespace)

        shop.labels = unreadable
        record = go(inject())
        wanted = {"baseline": RunOutcome.HELD, "hold": RunOutcome.ABORTED}[moment]
        assert record.outcome is wanted
        assert ("cannot be read" in (record.guards or "")) == (moment == "hold")


class Leased:
    """A lease that is lost after some renewals."""

    def __init__(self, renewals=10**6, note=None):
        self.renewals, self.note, self.told = renewals, note, []

    def take(self):
        self.told.append("take")
        return self.note

    def renew(self):
        if self.note:
            raise InvalidInput("there are no leases")
        self.renewals -= 1
        return self.renewals >= 0

    def release(self):
        self.told.append("release")


class TestLease:
    @pytest.fixture
    def lease(self, shop, monkeypatch):
        """Return a setter of the lease that the shop has."""

        def use(lease):
            monkeypatch.setattr(shop, "lease", lambda run: lease)
            return lease

        return use

    def test_is_taken_and_given_back(self, go, lease):
        own = lease(Leased())
        assert go(inject()).outcome is RunOutcome.HELD
        assert own.told == ["take", "release"]

    def test_that_is_lost_ends_the_run(self, go, lease, shop, journal):
        ticks = BASELINE / shop.step_s + 1 + 2  # one more look right before the deed
        own = lease(Leased(renewals=ticks))
        record = go(inject(hold="10m"))
        assert record.outcome is RunOutcome.ABORTED
        assert "lease" in record.guards
        assert held_s(record) == 3 * shop.step_s
        assert events(journal) == TAKES_BACK
        assert own.told == ["take", "release"]

    def test_where_there_are_none_the_run_goes_on(self, go, lease):
        own = lease(Leased(note=Finding("lease", "note", "the cluster keeps no leases")))
        assert go(inject()).outcome is RunOutcome.HELD
        assert own.told == ["take"]

    def test_that_cannot_be_given_back_costs_no_record(self, go, lease):
        class Stuck(Leased):
            def release(self):
                raise Unreachable("no answer")

        lease(Stuck())
        assert go(inject()).outcome is RunOutcome.HELD

    def test_that_another_run_holds_lets_nothing_begin(self, go, lease, shop):
        class Held(Leased):
            def take(self):
                raise InvalidExperiment("run r0 is at work in namespace shop")

        lease(Held())
        began = shop.cluster.now
        with pytest.raises(InvalidExperiment, match="run r0 is at work"):
            go(inject())
        assert shop.cluster.now == began


class TestInterrupted:
    @staticmethod
    def after(shop, seconds):
        """Interrupt the first wait that ends so long from now, and no other."""
        at = shop.in_s(seconds)

        def strike():
            if shop.cluster.now >= at:
                shop.meanwhile = lambda: None
                raise Interrupted(signal.SIGTERM)

        shop.meanwhile = strike

    def test_in_the_hold_the_fault_is_gone_and_nothing_more_is_measured(self, go, shop, journal):
        self.after(shop, BASELINE + 10)
        record = go(inject(hold="10m"), probes=[complete("payment")])
        assert record.outcome is RunOutcome.INTERRUPTED
        assert held_s(record) == 10
        assert record.phases.end == record.phases.reverted
        assert record.hypothesis.after == ()
        assert events(journal) == TAKES_BACK
        assert "interrupted by SIGTERM; what was injected was taken back" in record.notes

    def test_in_the_recovery_the_record_is_kept(self, go, shop, journal):
        self.after(shop, BASELINE + HOLD + 10)
        record = go(inject())
        assert record.outcome is RunOutcome.INTERRUPTED
        assert record.phases.end - record.phases.reverted == timedelta(seconds=10)
        assert events(journal) == TAKES_BACK

    def test_in_the_baseline_nothing_was_done(self, go, shop, journal):
        self.after(shop, 10)
        with pytest.raises(Interrupted):
            go(inject())
        assert journal.entries() == ()


class TestRevert:
    def test_that_is_incomplete_is_the_outcome(self, go, shop, journal):
        at = shop.in_s(BASELINE + 20)

        def scale():
            if shop.cluster.now == at:
                shop.scale(CART, 2)

        shop.meanwhile = scale
        record = go(inject())
        assert record.outcome is RunOutcome.REVERT_INCOMPLETE
        assert record.phases.verified is None
        assert record.revert.conflicts == ("/spec/replicas",)
        assert shop.cluster.get(CART)["spec"]["replicas"] == 2
        assert any("was changed by someone else" in note for note in record.notes)
        assert record.phases.end - record.phases.reverted == timedelta(seconds=RECOVER)

    def test_the_other_faults_are_taken_back_all_the_same(self, go, shop, journal):
        at = shop.in_s(BASELINE + 20)

        def scale():
            if shop.cluster.now == at:
                shop.scale(CART, 2)

        shop.meanwhile = scale
        record = go(inject(background=True), inject("image.bad", "store"))
        assert record.outcome is RunOutcome.REVERT_INCOMPLETE
        assert events(journal, "r1-2")[-1] == "verified"
        assert shop.cluster.get(STORE)["spec"] == Shop().cluster.get(STORE)["spec"]

    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
    def test_comes_before_any_exception_leaves(self, go, shop, journal, error):
        def crash():
            if journal.pending():
                raise error

        shop.meanwhile = crash
        with pytest.raises(error):
            go(inject())
        assert events(journal) == TAKES_BACK


class TestSeveralFaults:
    @staticmethod
    def spans(journal):
        """Return run → (first, last) moment of each fault."""
        entries = journal.entries()
        return {
            run: tuple(one.time for one in entries if (one.run, one.event) in {(run, "injected"), (run, "undone")})
            for run in ("r1-1", "r1-2")
        }  # fmt: skip

    def test_in_series_the_second_begins_when_the_first_is_gone(self, go, journal):
        record = go(inject(), inject("image.bad", "store", hold="20s"))
        first, second = self.spans(journal).values()
        assert first[1] == second[0]
        assert held_s(record) == HOLD + 20
        assert record.victims == (str(CART), str(STORE))
        assert record.beside == ("image.bad on Deployment shop/store",)

    def test_in_the_background_they_are_held_together_each_for_its_own_time(self, go, journal):
        record = go(inject(background=True), inject("image.bad", "store", hold="20s"))
        first, second = self.spans(journal).values()
        assert first[0] == second[0]
        assert [(end - start).total_seconds() for start, end in (first, second)] == [HOLD, 20]
        assert held_s(record) == HOLD

    def test_the_last_in_the_background_is_held_too(self, go, journal):
        go(inject(), inject("image.bad", "store", hold="20s", background=True))
        assert (self.spans(journal)["r1-2"][1] - self.spans(journal)["r1-2"][0]).seconds == 20

    def test_pauses_are_kept(self, go, journal):
        record = go(inject(pauses={"before": 10.0, "after": 15.0}))
        assert held_s(record) == HOLD + 15
        assert (record.phases.injected - record.phases.baseline_start).seconds == BASELINE + 10

    def test_an_abort_takes_all_of_them_back(self, go, shop, journal):
        shop.frozen_at = shop.in_s(BASELINE + 10)
        go(inject(background=True), inject("image.bad", "store"))
        (_, one), (_, other) = self.spans(journal).values()
        assert one == other == shop.frozen_at
        assert journal.pending() == {}


class TestOtherSteps:
    def test_a_probe_of_the_method_is_seen_during(self, go):
        record = go(ready("cart", "> 2"), inject(background=True), ready("cart", "> 2"))
        names = [(one.name, one.ok) for one in record.hypothesis.during]
        assert names[:2] == [("ready", True), ("ready", True)]

    def run(self, code):
        arguments = ["-c", code]
        provider = {"type": "process", "path": sys.executable, "arguments": arguments}
        return {"type": "action", "name": "by hand", "provider": provider}

    def test_an_allowed_action_is_done(self, go, tmp_path, journal):
        made = tmp_path / "made"
        action = self.run(f"open({str(made)!r}, 'w')")
        allowed = Allowed(process=frozenset([sys.executable]))
        record = go(inject(background=True), action, allowed=allowed)
        assert made.exists()
        assert record.outcome is RunOutcome.HELD

    def test_an_action_that_fails_ends_the_run_and_the_fault_is_taken_back(self, go, journal):
        allowed = Allowed(python=frozenset(["math"]))
        provider = {"type": "python", "module": "math", "func": "sqrt", "arguments": {"x": -1}}
        action = {"type": "action", "name": "by hand", "provider": provider}
        record = go(inject(background=True), action, inject("image.bad", "store"), allowed=allowed)
        assert record.outcome is RunOutcome.ABORTED
        assert record.guards.startswith("the action 'by hand' failed: ")
        assert {entry.run for entry in journal.entries()} == {"r1-1"}
        assert events(journal) == TAKES_BACK

    def test_a_rollback_is_done_in_the_end(self, go, tmp_path):
        made = tmp_path / "made"
        action = self.run(f"open({str(made)!r}, 'w')")
        go(inject(), rollbacks=[action], allowed=Allowed(process=frozenset([sys.executable])))
        assert made.exists()

    def test_a_method_without_an_action_of_ours_is_refused_by_trial(self, shop, written):
        from chaos.trial import refuse_without_victims

        trial = from_file(written(ready("cart", "> 2")), shop, run="r1", seed=7)
        with pytest.raises(InvalidExperiment, match="injects no fault"):
            refuse_without_victims(trial)


class TestControls:
    def trial(self, **changes):
        parts = {"baseline_s": BASELINE, "hold_s": HOLD, "recover_s": 20.0, "title": "quiet"}
        return Trial("r1", 7, **(parts | changes))

    def test_a_control_does_nothing_for_as_long_as_a_fault_is_held(self, shop, journal):
        before = [shop.cluster.get(ref) for ref in (CART, STORE)]
        record = conduct(prepare(self.trial(), shop), shop, journal)
        assert (record.control, record.fault, record.decoy) == ("noop", None, None)
        assert (record.victims, record.outcome) == ((), RunOutcome.HELD)
        assert held_s(record) == HOLD
        assert [shop.cluster.get(ref) for ref in (CART, STORE)] == before
        assert (journal.entries(), shop.told) == ((), [])

    def test_a_decoy_changes_something_at_the_moment_of_injection(self, shop, journal):
        record = conduct(prepare(self.trial(decoy=("rollout", "cart")), shop), shop, journal)
        assert (record.control, record.fault) == (None, None)
        assert record.decoy == "rollout of cart"
        assert shop.told == [(record.phases.injected, "rollout", "cart")]
        assert journal.entries() == ()

    def test_a_control_can_be_frozen_too(self, shop, journal):
        shop.frozen_at = shop.in_s(BASELINE + 10)
        record = conduct(prepare(self.trial(), shop), shop, journal)
        assert record.outcome is RunOutcome.ABORTED
        assert held_s(record) == 10


class TestVictims:
    def prepared(self, written, shop, fault, seed=7, run="r1"):
        trial = from_file(written(inject(fault)), shop, run=run, seed=seed)
        return prepare(trial, shop)

    @pytest.mark.parametrize("fault", ["pod.delete", "pod.failure", "stress.cpu", "scale.zero"])
    def test_the_same_seed_gives_the_same_plan(self, written, fault):
        plans = [
            list(self.prepared(written, Shop(), fault, run=run).plans.values())
            for run in ("plan", "another")
        ]
        assert plans[0] == plans[1]

    def test_other_seeds_give_other_victims(self, written, shop):
        drawn = {self.prepared(written, shop, "pod.delete", seed).victims for seed in range(12)}
        assert len(drawn) > 1

    @pytest.mark.parametrize("fault", ["pod.delete", "pod.failure", "stress.cpu", "image.bad"])
    def test_what_was_planned_is_what_is_struck(self, written, shop, journal, fault):
        prepared = self.prepared(written, shop, fault)
        record = conduct(prepared, shop, journal)
        [planned] = [one for one in journal.entries() if one.event == "planned"]
        struck = [ObjectRef(**deed["target"]) for deed in planned.payload["deeds"]]
        assert record.victims == prepared.victims == tuple(map(str, struck))

    def test_a_value_that_changed_since_is_the_one_that_is_brought_back(
        self, written, shop, journal
    ):
        prepared = self.prepared(written, shop, "scale.zero")
        shop.scale(CART, 5)
        conduct(prepared, shop, journal)
        assert shop.cluster.get(CART)["spec"]["replicas"] == 5
        assert events(journal) == TAKES_BACK

    def test_a_victim_that_changes_at_the_last_moment_is_an_error_and_is_left_alone(
        self, written, shop, journal, monkeypatch
    ):
        prepared = self.prepared(written, shop, "scale.zero")
        real = shop.cluster.patch

        def patch(ref, ops, *, dry_run=False):
            monkeypatch.undo()
            shop.scale(ref, 5)
            return real(ref, ops)

        monkeypatch.setattr(shop.cluster, "patch", patch)
        with pytest.raises(PatchConflict):
            conduct(prepared, shop, journal)
        assert shop.cluster.get(CART)["spec"]["replicas"] == 5
        assert runs_on(shop.cluster.get(CART)) == ()
        assert journal.pending() == {}

    def test_a_victim_that_has_gone_since_is_an_error_and_no_other_is_struck(
        self, written, shop, journal
    ):
        prepared = self.prepared(written, shop, "pod.delete")
        [victim] = {deed.target for plan in prepared.plans.values() for deed in plan.deeds}
        shop.cluster.delete(victim, uid=shop.cluster.get(victim)["metadata"]["uid"])
        left = {pod["metadata"]["name"] for pod in shop.cluster.list("Pod", "shop")}
        with pytest.raises(InvalidExperiment, match=f"no longer those .*{victim} then"):
            conduct(prepared, shop, journal)
        assert left <= {pod["metadata"]["name"] for pod in shop.cluster.list("Pod", "shop")}
        assert journal.entries() == ()

    def test_a_gate_that_shuts_after_the_plan_keeps_the_fault_out(self, written, shop, journal):
        prepared = self.prepared(written, shop, "pod.delete")
        labels = shop.labels
        shop.labels = lambda namespace: {**labels(namespace), OPT_IN: "false"}
        record = conduct(prepared, shop, journal)
        assert (record.outcome, record.injected) == (RunOutcome.ABORTED, False)
        assert "no longer allows faults" in record.guards
        assert journal.entries() == ()


def test_what_a_gate_refuses_is_not_begun(go, shop, journal):
    began = shop.cluster.now
    with pytest.raises(InvalidExperiment, match="refused, nothing was changed: caps: "):
        go(inject(), limits=Limits())
    assert shop.cluster.now == began
    assert journal.entries() == ()


def test_the_same_seed_gives_the_same_run(written, tmp_path):
    def run(name):
        shop = Shop(3)
        trial = from_file(written(inject("pod.delete")), shop, run="r1", seed=3)
        prepared = prepare(replace(trial, limits=WIDE), shop)
        record = conduct(prepared, shop, Journal(tmp_path / f"{name}.jsonl"))
        return record, shop.metrics(record.phases.baseline_start)

    (first, seen), (again, repeated) = run("a"), run("b")
    assert first == again
    assert seen.equals(repeated)


class Blind(Shop):
    """A shop that passes for a real cluster of which nothing is measured."""

    name = "k8s"


class TestWhatReviewsFound:
    """Each of these was once otherwise."""

    def test_a_guard_is_asked_right_before_the_deed(self, go, journal):
        closed = {"window": "Sun 00:00-00:01"}  # the simulator begins on a Monday
        record = go(inject(), guards=[closed], phases={"baseline": 0})
        assert (record.outcome, record.injected) == (RunOutcome.ABORTED, False)
        assert journal.entries() == ()

    def test_a_probe_of_the_method_does_not_stand_for_the_hypothesis(self, go):
        record = go(ready("store", ">= 1"), inject(), probes=[complete()])
        assert record.outcome is RunOutcome.DEVIATED
        assert [check.name for check in record.hypothesis.during] == ["ready", "cart is up"]

    def test_every_fault_in_a_row_is_looked_at(self, go):
        record = go(inject("stress.cpu", "store", hold="20s"), inject(), probes=[complete()])
        assert record.outcome is RunOutcome.DEVIATED
        assert [check.ok for check in record.hypothesis.during] == [True, False]

    def test_whoever_aborts_does_not_wait_for_probes(self, go, shop):
        shop.frozen_at = shop.in_s(BASELINE + 10)
        record = go(inject(), probes=[complete()])
        assert (record.outcome, record.hypothesis.during) == (RunOutcome.ABORTED, ())

    def test_what_fails_after_something_was_done_is_kept_as_a_record(self, go, shop):
        def vanish():
            if runs_on(real(CART)):
                shop.cluster.get = broken

        real = shop.cluster.get

        def broken(ref):
            if ref == STORE:
                raise Unreachable("no answer")
            return real(ref)

        shop.meanwhile = vanish
        record = go(inject(), inject("image.bad", "store"))
        assert (record.outcome, record.injected) == (RunOutcome.ABORTED, True)
        assert "no answer" in record.guards
        assert runs_on(real(CART)) == ()

    def test_the_injection_is_timed_when_it_is_done(self, go):
        record = go(inject(pauses={"before": 25.0}))
        before = record.phases.injected - record.phases.baseline_start
        assert before.total_seconds() == BASELINE + 25

    def test_pauses_around_a_probe_are_kept(self, go):
        record = go(ready("cart", ">= 1") | {"pauses": {"before": 10.0, "after": 5.0}}, inject())
        assert (record.phases.injected - record.phases.baseline_start).seconds == BASELINE + 15

    def test_a_namespace_that_opts_out_ends_the_run(self, go, shop):
        def opt_out():
            if runs_on(shop.cluster.get(CART)):
                shop.labels = lambda _: {}

        shop.meanwhile = opt_out
        record = go(inject(hold="10m"))
        assert record.outcome is RunOutcome.ABORTED
        assert "no longer allows faults" in record.guards

    @pytest.mark.parametrize(
        "parts",
        [
            {"guards": [slo_guard("> 0")]},
            {"guards": [{"no_firing_alerts": "critical"}]},
            {"guards": [{"promql": "up", "abort_if": "< 1"}]},
            {"probes": [asked()]},
            {"probes": [ready("cart", ">= 1")]},
        ],
    )
    def test_what_nobody_would_measure_is_refused_on_a_real_cluster(self, written, parts):
        blind = Blind()
        trial = from_file(written(inject(), **parts), blind, run="r1", seed=7)
        with pytest.raises(InvalidExperiment, match="give --prometheus URL and --queries FILE"):
            prepare(trial, blind)

    def test_a_fault_of_the_simulator_is_refused_there_too(self, written):
        blind = Blind()
        trial = from_file(written(inject("net.delay")), blind, run="r1", seed=7)
        with pytest.raises(InvalidExperiment, match="exists in the simulator only"):
            prepare(trial, blind)

    def test_the_expected_kind_is_that_of_the_fault(self, written, shop):
        wrong = written(inject(), expect={"root_cause": {"service": "cart", "kind": "banana"}})
        with pytest.raises(InvalidExperiment, match=r"is 'banana', but .* write 'scale'"):
            from_file(wrong, shop, run="r1", seed=7)
