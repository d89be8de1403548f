"""The loop itself: what it leaves behind when it holds, when it does not, and when it crashes."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from aiops import datasets, pipeline
from aiops.guides import ApprovedBy, NobodyApproves
from aiops.proving.prove import SCRIPTS, Loop, prove
from aiops.proving.tools import workload
from aiops.settings import Detection, Ranking, Settings
from aiops.store import Store
from aiops.types import Anomaly, IncidentState, InvalidExperiment, Outcome
from chaos import Journal, RunEvent
from chaos.backend import SimBackend
from chaos.marks import runs_on
from chaos.safety import OPT_IN
from chaos.simulation.simulator import Simulator

SCRIPT = SCRIPTS["sim"]
STORE = workload("shop", "store")


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with Store(tmp_path / "aiops.sqlite") as opened:
        yield opened


@pytest.fixture
def shops():
    """Every simulator that the loop starts."""
    return []


@pytest.fixture
def loop(tmp_path, store, shops):
    """Everything the loop needs, approved by Grace."""

    @contextmanager
    def open_backend(seed):
        shops.append(Simulator(seed))
        yield SimBackend(shops[-1])

    return Loop(
        store=store,
        journal=Journal(tmp_path / "journal.jsonl"),
        folder=tmp_path / "cases",
        settings=Settings(),
        seed=7,
        script=SCRIPT,
        open_backend=open_backend,
        approver=ApprovedBy("grace"),
        progress=lambda what: None,
    )


def marked(shop):
    """Return the pods that bear the mark of a run, each of which then burns CPU."""
    return [one for one in shop.list("Pod", "shop") if runs_on(one)]


def held(proof):
    return {stage.name: stage.ok for stage in proof.stages}


class TestProof:
    @pytest.fixture
    def proof(self, loop):
        return prove(loop)

    def test_holds_what_the_store_holds(self, proof, store):
        assert proof.ok
        assert len(proof.incidents) == len(SCRIPT.faults)
        for incident in proof.incidents:
            assert incident == store.incident(incident.id)
            places = [place for place in proof.places if place.run == incident.chaos_run]
            assert sorted(places, key=lambda place: place.ranker) == store.places(incident.id)

    def test_each_investigation_carries_the_labelled_case(self, proof, loop):
        for (fault, service), found in zip(SCRIPT.faults, proof.investigations, strict=True):
            assert found.case.fault == fault
            assert found.case.root_cause.service == service
            [path] = loop.folder.glob(f"*/{found.case.id}")
            assert datasets.load(path).metrics.equals(found.case.metrics)

    def test_the_label_ends_with_the_fault_and_holds_no_recovery(self, proof, loop):
        undone = {
            entry.run: entry.time
            for entry in loop.journal.entries()
            if entry.event is RunEvent.UNDONE
        }
        for found in proof.investigations:
            held = found.case.metrics.loc[found.case.inject_time :]
            step = held.index[1] - held.index[0]
            assert held.index[-1] + step == undone[found.case.id]
            assert len(held) * step.total_seconds() >= SCRIPT.hold_s
            assert found.onset >= found.case.inject_time


class TestStates:
    @pytest.fixture
    def saved(self, monkeypatch):
        """Fault number → the states in which its incident was saved."""
        states = {1: [], 2: []}
        save = Store.save

        def record(self, incident):
            states[int(incident.id[-1])].append(incident.state.value)
            save(self, incident)

        monkeypatch.setattr(Store, "save", record)
        return states

    def test_a_write_that_succeeded_mitigates(self, loop, saved):
        prove(loop)
        assert saved[1] == ["open", "mitigated", "resolved"]

    def test_a_write_that_was_not_needed_does_not(self, loop, saved):
        proof = prove(loop)
        assert proof.incidents[1].guide_runs[-1].steps[-1].outcome is Outcome.SKIPPED
        assert saved[2] == ["open", "open", "resolved"]

    def test_a_write_that_was_refused_does_not(self, loop, saved):
        prove(replace(loop, approver=NobodyApproves()))
        assert saved[1] == ["open", "open", "resolved"]


class TestWhatDoesNotHold:
    def test_faults_that_nobody_notices_are_undone_and_graded_all_the_same(self, loop, store):
        deaf = Settings(detection=Detection(level=1e6))
        proof = prove(replace(loop, settings=deaf))
        assert [name for name, ok in held(proof).items() if not ok] == [
            "detect", "incident", "rank", "guide",
        ]  # fmt: skip
        assert store.incidents() == []
        assert (proof.incidents, proof.investigations) == ((), ())
        assert loop.journal.pending() == {}
        assert len(datasets.cases(loop.folder)) == len(SCRIPT.faults)

    def test_where_nobody_is_blamed_no_guide_runs(self, loop):
        timid = Settings(ranking=Ranking(abstain_above=0.0))
        proof = prove(replace(loop, settings=timid))
        assert [name for name, ok in held(proof).items() if not ok] == ["rank", "guide", "score"]
        assert all(incident.guide_runs == () for incident in proof.incidents)
        assert all(incident.state is IncidentState.RESOLVED for incident in proof.incidents)

    def test_an_alarm_in_the_calm_is_a_false_one(self, loop, monkeypatch):
        looked = []

        def jumpy(metrics, *, calm_until, settings):
            looked.append(calm_until)
            real = detect(metrics, calm_until=calm_until, settings=settings)
            ghost = Anomaly("web", "cpu", calm_until, calm_until, 9.0, "ghost")
            return (*real, ghost) if len(looked) == 1 else real

        detect = pipeline.detect
        monkeypatch.setattr(pipeline, "detect", jumpy)
        proof = prove(loop)
        assert [name for name, ok in held(proof).items() if not ok] == ["detect"]
        [stage] = [stage for stage in proof.stages if stage.name == "detect"]
        first, second = stage.detail.split("; ")
        assert "1 false alarm" in first
        assert "0 false alarms" in second


class TestCrash:
    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
    @pytest.mark.parametrize("step", ["detect", "investigate", "open_incident"])
    def test_leaves_no_fault_behind(self, loop, shops, monkeypatch, step, error):
        """The step fails as soon as it is called while the fault is in place."""
        real, struck = getattr(pipeline, step), []

        def crash(*args, **kwargs):
            if not loop.journal.pending():
                return real(*args, **kwargs)
            struck.append(marked(shops[-1]))
            raise error

        monkeypatch.setattr(pipeline, step, crash)
        with pytest.raises(error):
            prove(loop)
        [shop] = shops
        assert struck[0]
        assert marked(shop) == []
        assert shop.get(STORE)["spec"] == Simulator(shop.seed).get(STORE)["spec"]
        assert loop.journal.pending() == {}
        assert [entry.event for entry in loop.journal.entries()] == [
            RunEvent.PLANNED, RunEvent.INJECTED, RunEvent.ARMED, RunEvent.UNDONE, RunEvent.VERIFIED,
        ]  # fmt: skip


class TestGates:
    @pytest.mark.parametrize("asked", [0, 1])
    def test_one_that_is_shut_keeps_the_fault_out(self, loop, shops, asked):
        """A namespace that has not opted in, or is frozen while we learn what is normal."""

        @contextmanager
        def open_backend(seed):
            backend = SimBackend(Simulator(seed))
            began = backend.cluster.now
            backend.scope = SimpleNamespace(labels=lambda _: labels(backend.cluster.now - began))
            shops.append(backend.cluster)
            yield backend

        def labels(passed):
            late = passed >= timedelta(seconds=SCRIPT.calm_s)
            return {OPT_IN: "true"} if asked and not late else {}

        with pytest.raises(InvalidExperiment, match="namespace shop has not opted in"):
            prove(replace(loop, open_backend=open_backend))
        assert loop.journal.entries() == ()
        assert marked(shops[-1]) == []


def test_the_journal_tells_how_to_repeat_each_run(loop, shops):
    prove(loop)
    planned = [entry for entry in loop.journal.entries() if entry.event is RunEvent.PLANNED]
    assert [entry.payload["seed"] for entry in planned] == [shop.seed for shop in shops] == [7, 8]
    assert {entry.payload["hold_s"] for entry in planned} == {SCRIPT.hold_s + SCRIPT.treat_s}


def test_says_what_it_is_doing(loop):
    said = []
    prove(replace(loop, progress=said.append))
    for fault, service in SCRIPT.faults:
        assert f"{fault} on {service}: injected, watching" in said
    assert said[-1] == "grading"


def test_runs_have_names_that_give_nothing_away(loop):
    prove(loop)
    prove(loop)
    runs = {entry.run for entry in loop.journal.entries()}
    assert len(runs) == 2 * len(SCRIPT.faults)
    for fault, service in SCRIPT.faults:
        assert not any(fault in run or service in run for run in runs)
