"""A plan of several deeds under way: what is done, what is undone, and what the journal says."""

from datetime import timedelta

import pytest

from aiops.types import Denied, InvalidExperiment, RevertIncomplete, Unreachable
from chaos.cluster import NoSuchObject, ObjectRef
from chaos.deeds import NotStarted
from chaos.faults import make_fault
from chaos.journal import Journal, RunEvent
from chaos.marks import runs_on
from chaos.patience import Patience
from chaos.reverting import Reverting
from chaos.simulation.simulator import Simulator

CART = ObjectRef("Deployment", "shop", "cart")
GONE = NoSuchObject("no container app")


@pytest.fixture
def shop():
    simulator = Simulator(7)
    simulator.advance(12)
    return simulator


@pytest.fixture
def run(shop, tmp_path):
    """A run that fails all pods of the cart, not yet begun, with no patience."""
    return reverting(shop, tmp_path, "pod.failure", count=3)


def reverting(shop, folder, fault, **params):
    plan = make_fault(fault, params).plan(shop, CART, seed=7, hold_s=60.0)
    journal = Journal(folder / "journal.jsonl")
    journal.append("r1", RunEvent.PLANNED, time=shop.now, payload=plan.to_json())
    return Reverting("r1", plan, shop, journal, Patience(0.0))


def expires(shop):
    return shop.now + timedelta(seconds=60)


def last(run):
    entry = run.journal.entries()[-1]
    return entry.event, entry.payload


def refused(*_):
    raise Denied("you may not exec")


def marked(shop, run):
    return [ref for ref in run.plan.victims if runs_on(shop.get(ref))]


def failing(shop, monkeypatch, method, error, at):
    """Let the `at`-th call of a method of the cluster fail, before it does anything."""
    real, calls = getattr(shop, method), []

    def call(*args, **kwargs):
        calls.append(args)
        if len(calls) == at:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(shop, method, call)
    return calls


def wipe_marks(shop, run):
    for ref in run.plan.victims:
        shop.patch(ref, [{"op": "replace", "path": "/metadata/annotations", "value": {}}])


class TestStart:
    """A process that cannot be started, or asked after, because exec is refused."""

    @pytest.fixture
    def run(self, shop, tmp_path):
        return reverting(shop, tmp_path, "stress.cpu", count=2)

    @pytest.mark.parametrize("error", [Denied("exec"), InvalidExperiment("no shell"), GONE])
    def test_refused_leaves_no_mark_and_counts_as_not_begun(self, shop, run, monkeypatch, error):
        failing(shop, monkeypatch, "launch", error, at=1)
        expected = NoSuchObject if error is GONE else NotStarted
        with pytest.raises(expected, match=str(error)):
            run.inject(expires(shop))
        assert (run.begun, marked(shop, run)) == ((), [])
        monkeypatch.setattr(shop, "running", refused)
        run.revert()
        assert last(run) == ("verified", {"injected": False})

    def test_of_which_nobody_knows_is_unmarked_where_exec_is_refused(self, shop, run, monkeypatch):
        failing(shop, monkeypatch, "launch", Unreachable("no answer"), at=1)
        with pytest.raises(Unreachable):
            run.inject(expires(shop))
        assert len(marked(shop, run)) == 1
        monkeypatch.setattr(shop, "running", refused)
        run.revert()
        assert marked(shop, run) == []
        assert last(run)[0] == "verified"

    def test_that_runs_for_sure_is_not_given_up_where_exec_is_refused(self, shop, run, monkeypatch):
        run.inject(expires(shop))
        monkeypatch.setattr(shop, "running", refused)
        with pytest.raises(RevertIncomplete, match="may not exec"):
            run.revert()
        assert run.pending
        assert len(marked(shop, run)) == 2

    def test_that_may_have_been_started_is_stopped(self, shop, run):
        run.inject(expires(shop))
        Reverting("r1", run.plan, shop, run.journal).revert()
        assert not any(shop.running(ref, "r1") for ref in run.plan.victims)
        assert marked(shop, run) == []


class TestInject:
    def test_does_every_deed_behind_a_mark(self, shop, run):
        assert run.plan.deeds[1:]
        run.inject(expires(shop))
        assert run.begun == run.plan.deeds
        assert run.plan.armed(shop, "r1")
        assert marked(shop, run) == list(run.plan.victims)
        assert (run.known, run.pending) == (len(run.plan.deeds), True)

    def test_a_victim_that_has_gone_is_not_counted_as_begun(self, shop, run):
        gone = run.plan.victims[1]
        shop.delete(gone, uid=shop.get(gone)["metadata"]["uid"])
        with pytest.raises(NoSuchObject):
            run.inject(expires(shop))
        assert run.begun == run.plan.deeds[:1]
        run.revert()
        assert last(run)[0] == "verified"
        assert not runs_on(shop.get(run.plan.victims[0]))

    @pytest.mark.parametrize("error", [Unreachable("no answer"), Denied("no"), ZeroDivisionError()])
    def test_a_deed_that_was_not_answered_may_have_been_done(self, shop, run, monkeypatch, error):
        with monkeypatch.context() as patched:
            failing(shop, patched, "patch", error, at=3)
            with pytest.raises(type(error)):
                run.inject(expires(shop))
        assert run.known == 1
        assert len(run.begun) == 2
        run.revert()
        assert marked(shop, run) == []


class TestRevert:
    def test_restores_and_proves_it(self, shop, run):
        before = [shop.get(ref)["spec"] for ref in run.plan.victims]
        run.inject(expires(shop))
        undone = run.revert()
        assert [shop.get(ref)["spec"] for ref in run.plan.victims] == before
        assert len(undone.restored) == len(run.plan.deeds)
        assert (undone.conflicts, undone.gone, undone.found) == ((), False, True)
        assert last(run) == ("verified", {"injected": True})
        assert not run.pending
        assert run.journal.pending() == {}

    def test_can_be_repeated(self, shop, run):
        run.inject(expires(shop))
        run.revert()
        again = run.revert()
        assert (again.restored, again.found) == ((), False)

    def test_of_what_was_never_begun_finds_nothing(self, shop, run):
        run.begun = ()
        undone = run.revert()
        assert (undone.restored, undone.found, undone.gone) == ((), False, False)
        assert last(run) == ("verified", {"injected": False})

    def test_of_a_run_that_was_only_planned_looks_at_all_deeds(self, shop, run):
        assert run.begun == run.plan.deeds
        assert run.revert().found is False

    def test_victims_that_have_gone_took_the_fault_with_them(self, shop, run):
        run.inject(expires(shop))
        for ref in run.plan.victims:
            shop.delete(ref, uid=shop.get(ref)["metadata"]["uid"])
        assert run.revert().gone
        assert last(run)[0] == "verified"

    def test_a_foreign_change_is_kept_and_named_with_its_object(self, shop, run):
        run.inject(expires(shop))
        other = run.plan.victims[1]
        image = "/spec/containers/0/image"
        shop.patch(other, [{"op": "replace", "path": image, "value": "registry.example/mine:1"}])
        with pytest.raises(RevertIncomplete, match=f"{other} {image} was changed by someone else"):
            run.revert()
        assert shop.get(other)["spec"]["containers"][0]["image"] == "registry.example/mine:1"
        assert last(run) == ("conflict", {"pointers": [f"{other} {image}"]})
        assert not run.pending

    @pytest.mark.parametrize(
        "error", [Unreachable("no answer"), Denied("you may not"), InvalidExperiment("a webhook")]
    )
    def test_one_that_cannot_be_done_leaves_the_run_pending(self, shop, run, monkeypatch, error):
        run.inject(expires(shop))
        with monkeypatch.context() as patched:
            failing(shop, patched, "patch", error, at=1)
            with pytest.raises(RevertIncomplete, match=f"is not proved undone: {error}"):
                run.revert()
        assert run.pending
        assert list(run.journal.pending()) == ["r1"]
        run.revert()
        assert marked(shop, run) == []

    def test_silence_is_waited_out(self, shop, run, monkeypatch):
        run.inject(expires(shop))
        run.patience = Patience(60.0, lambda _: None, lambda: 0.0)
        calls = failing(shop, monkeypatch, "patch", Unreachable("no answer"), at=1)
        run.revert()
        assert len(calls) > 1
        assert last(run)[0] == "verified"

    def test_what_is_known_to_be_done_is_undone_even_if_somebody_wiped_the_mark(self, shop, run):
        before = [shop.get(ref)["spec"] for ref in run.plan.victims]
        run.inject(expires(shop))
        run.note(RunEvent.INJECTED)
        wipe_marks(shop, run)
        Reverting("r1", run.plan, shop, run.journal).revert()
        assert [shop.get(ref)["spec"] for ref in run.plan.victims] == before

    def test_without_a_mark_what_nobody_knows_to_be_ours_is_left_alone(self, shop, run):
        run.inject(expires(shop))
        struck = [shop.get(ref)["spec"] for ref in run.plan.victims]
        wipe_marks(shop, run)
        assert Reverting("r1", run.plan, shop, run.journal).revert().found is False
        assert [shop.get(ref)["spec"] for ref in run.plan.victims] == struck
        assert last(run)[0] == "verified"

    def test_once_undone_the_same_value_is_somebody_elses(self, shop, run):
        run.inject(expires(shop))
        run.note(RunEvent.INJECTED)
        run.revert()
        ref, deed = run.plan.victims[0], run.plan.deeds[0]
        shop.patch(ref, deed.ops)
        theirs = shop.get(ref)
        assert run.revert().restored == ()
        assert shop.get(ref) == theirs

    def test_a_journal_that_cannot_be_read_keeps_nobody_from_it(self, shop, run):
        before = [shop.get(ref)["spec"] for ref in run.plan.victims]
        run.inject(expires(shop))
        with run.journal.path.open("a", encoding="utf-8") as file:
            file.write("torn\n")
        run.revert()
        assert [shop.get(ref)["spec"] for ref in run.plan.victims] == before

    def test_the_last_deed_is_undone_first(self, shop, run, monkeypatch):
        run.inject(expires(shop))
        calls = failing(shop, monkeypatch, "patch", None, at=0)
        run.revert()
        touched = list(dict.fromkeys(args[0] for args in calls))
        assert touched == list(reversed(run.plan.victims))

    def test_of_what_cannot_be_restored_restores_nothing(self, shop, tmp_path):
        run = reverting(shop, tmp_path, "pod.delete")
        run.inject(expires(shop))
        assert run.revert().restored == ()
        assert last(run) == ("verified", {"injected": True})


def test_the_journal_tells_the_time_of_the_cluster(shop, run):
    shop.advance(5)
    run.note(RunEvent.INJECTED)
    assert run.journal.entries()[-1].time == shop.now
