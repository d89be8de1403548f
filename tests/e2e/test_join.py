"""The join of all rooms: the proving loop through the command, judged by what it left on disk.

Nothing here believes what was printed: the incidents are read back from the store, the faults from
the journal, the labels from the case folders.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from aiops import datasets, pipeline
from aiops.cli import main
from aiops.proving.prove import SCRIPTS
from aiops.settings import Settings
from aiops.store import Store
from aiops.types import STAGES, IncidentState, Outcome
from chaos import Journal, RunEvent

FAULTS = {"stress.cpu": "store", "scale.zero": "cart"}
WRITE_STEP = "restart"
ENTRY = "import sys; sys.argv[0] = 'aiops'; from aiops.cli.main import run; run()"


@dataclass(frozen=True)
class Left:
    """What one `aiops prove` left behind."""

    out: Path
    code: int
    printed: str

    @cached_property
    def journal(self):
        return Journal(self.out / "journal.jsonl")

    @cached_property
    def runs(self):
        """Fault → the id of the run that injected it."""
        return {
            entry.payload["fault"]: entry.run
            for entry in self.journal.entries()
            if entry.event is RunEvent.PLANNED
        }

    def events(self, fault):
        """Event → its line in the journal, in the order in which they were written."""
        return {
            entry.event: entry for entry in self.journal.entries() if entry.run == self.runs[fault]
        }

    def incident(self, fault):
        with Store(self.out / "aiops.sqlite") as store:
            [found] = [one for one in store.incidents() if one.chaos_run == self.runs[fault]]
            return found

    def places(self, fault):
        with Store(self.out / "aiops.sqlite") as store:
            return {place.ranker: place for place in store.places(self.incident(fault).id)}

    def case(self, fault):
        [folder] = (self.out / "cases").glob(f"*/{self.runs[fault]}")
        return datasets.load(folder)


def aiops(*words):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", ENTRY, *map(str, words)], capture_output=True, text=True, check=False
    )


def leave(out, *words):
    done = aiops("prove", "--backend", "sim", "--out", out, "--json", *words)
    return Left(out, done.returncode, done.stdout)


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The loop with every write approved."""
    return leave(tmp_path_factory.mktemp("join") / "out")


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """The loop with every write refused."""
    return leave(tmp_path_factory.mktemp("join") / "out", "--no-approve")


@pytest.fixture(params=["left", "refused"])
def either(request):
    """The loop, whether or not writes were approved: only the guide depends on it."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=FAULTS)
def fault(request):
    """One of the faults that were injected."""
    return request.param


def test_every_stage_is_said_to_have_held(left):
    assert left.code == 0
    assert [name for name, stage in json.loads(left.printed)["stages"].items() if stage["ok"]] == [
        *STAGES
    ]


class TestInject:
    def test_both_faults_struck_their_service(self, either):
        assert set(either.runs) == set(FAULTS)
        for fault, service in FAULTS.items():
            assert either.events(fault)[RunEvent.PLANNED].payload["target"]["name"] == service

    def test_the_undo_was_on_disk_before_the_deed_and_the_fault_took_hold(self, either, fault):
        events = either.events(fault)
        assert list(events)[:3] == [RunEvent.PLANNED, RunEvent.INJECTED, RunEvent.ARMED]
        assert all(
            deed.get("undo") or "process" in deed
            for deed in events[RunEvent.PLANNED].payload["deeds"]
        )
        assert events[RunEvent.PLANNED].wall_time <= events[RunEvent.INJECTED].wall_time

    def test_it_hurt(self, either):
        for fault, metric in (("stress.cpu", "cpu"), ("scale.zero", "replicas_ready")):
            case = either.case(fault)
            series = case.metrics[FAULTS[fault], metric]
            before = series[series.index < case.inject_time].median()
            assert abs(series.iloc[-1] - before) > 0.5 * before


class TestDetect:
    def test_every_anomaly_began_after_the_injection(self, either, fault):
        injected = either.events(fault)[RunEvent.INJECTED].time
        anomalies = either.incident(fault).anomalies
        assert anomalies
        assert min(anomaly.start for anomaly in anomalies) >= injected

    def test_the_incident_was_opened_while_the_fault_was_held(self, either, fault):
        events, incident = either.events(fault), either.incident(fault)
        assert events[RunEvent.INJECTED].time < incident.opened <= events[RunEvent.UNDONE].time

    def test_nothing_was_strange_in_the_calm_before(self, either, fault):
        case = either.case(fault)
        calm = case.metrics[case.metrics.index < case.inject_time]
        script, step_s = SCRIPTS["sim"], (calm.index[1] - calm.index[0]).total_seconds()
        assert len(calm) * step_s == script.calm_s + script.watch_s
        watched = calm.index[int(script.calm_s / step_s)]
        assert pipeline.detect(calm, calm_until=watched, settings=Settings()) == ()


class TestIncident:
    def test_there_is_one_per_fault_and_it_is_over(self, either, fault):
        incident = either.incident(fault)
        assert incident.state is IncidentState.RESOLVED
        assert incident.chaos_run == either.runs[fault]

    def test_there_are_no_others(self, either):
        with Store(either.out / "aiops.sqlite") as store:
            assert len(store.incidents()) == len(FAULTS)


class TestRank:
    def test_both_versions_of_the_ranking_are_kept(self, either, fault):
        first, second = either.incident(fault).rankings
        assert first != second

    def test_the_truth_is_among_the_first_three(self, either, fault):
        ranking = either.incident(fault).rankings[-1]
        assert not ranking.abstained
        assert FAULTS[fault] in [entry.service for entry in ranking.services[:3]]


class TestGuide:
    def steps(self, left, fault):
        [guide_run] = left.incident(fault).guide_runs
        assert len(guide_run.steps) == 3
        return guide_run.outcome, {step.step: step for step in guide_run.steps}

    def test_a_write_ran_with_approval_or_was_not_needed(self, left, fault):
        outcome, steps = self.steps(left, fault)
        assert outcome is Outcome.SUCCEEDED
        write = steps.pop(WRITE_STEP)
        assert all(step.outcome is Outcome.SUCCEEDED for step in steps.values())
        assert all(step.approved_by is None for step in steps.values())
        if write.outcome is Outcome.SKIPPED:
            assert write.approved_by is None
        else:
            assert write.outcome is Outcome.SUCCEEDED
            assert write.approved_by

    def test_the_stress_was_ended_by_an_approved_restart(self, left):
        _, steps = self.steps(left, "stress.cpu")
        assert steps[WRITE_STEP].outcome is Outcome.SUCCEEDED
        assert steps[WRITE_STEP].approved_by
        # the burning process died with its pods, so the revert found nothing left to restore
        assert left.events("stress.cpu")[RunEvent.UNDONE].payload["restored"] == []

    def test_without_approval_nothing_was_restarted_and_the_command_says_so(self, refused):
        outcome, steps = self.steps(refused, "stress.cpu")
        assert outcome is Outcome.REFUSED
        assert steps[WRITE_STEP].outcome is Outcome.REFUSED
        assert steps[WRITE_STEP].approved_by is None
        # the fault was still in place when it was reverted
        assert refused.events("stress.cpu")[RunEvent.UNDONE].payload["restored"] == [
            "process",
            "process",
        ]
        assert refused.code == 1


class TestRevert:
    def test_every_fault_was_undone_and_that_was_verified(self, either, fault):
        events = either.events(fault)
        assert list(events)[3:] == [RunEvent.UNDONE, RunEvent.VERIFIED]

    def test_nothing_is_pending(self, either):
        assert either.journal.pending() == {}


class TestScore:
    def test_the_default_ranker_stands_beside_the_baselines(self, either, fault):
        places = either.places(fault)
        assert set(places) == {"default", "random", "max_z"}
        for place in places.values():
            assert place.run == either.runs[fault]
            assert place.candidates == 5
        assert 1 <= places["default"].place <= 3

    def test_each_run_is_a_case_with_the_right_answer_on_it(self, either, fault):
        case = either.case(fault)
        assert case.root_cause.service == FAULTS[fault]
        assert {series.service for series in case.root_cause.metrics} == {FAULTS[fault]}
        assert case.fault == fault
        assert case.inject_time == either.events(fault)[RunEvent.INJECTED].time

    def test_the_cases_are_read_back_by_the_grader(self, either):
        done = aiops("eval", "rca", either.out / "cases", "--json")
        assert done.returncode == 0
        rankers = json.loads(done.stdout)["rankers"]
        [summary] = rankers["default"]["sets"].values()
        assert (summary["cases"], summary["failures"]) == (len(FAULTS), 0)
        kept = [either.places(fault)["default"].place for fault in FAULTS]
        assert summary["ac1"] == sum(place == 1 for place in kept) / len(kept)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_crash_in_the_middle_of_watching_leaves_no_fault_behind(tmp_path, monkeypatch, error):
    journal = Journal(tmp_path / "out" / "journal.jsonl")
    detect = pipeline.detect

    def crash(*args, **kwargs):
        if RunEvent.ARMED in [entry.event for entry in journal.entries()]:
            raise error("in the middle of watching")
        return detect(*args, **kwargs)

    monkeypatch.setattr(pipeline, "detect", crash)
    monkeypatch.setattr(sys, "argv", ["aiops", "prove", "--out", str(tmp_path / "out")])
    with pytest.raises((error, SystemExit)):
        main.run()
    assert [entry.event for entry in journal.entries()] == [
        RunEvent.PLANNED, RunEvent.INJECTED, RunEvent.ARMED, RunEvent.UNDONE, RunEvent.VERIFIED,
    ]  # fmt: skip
    assert journal.pending() == {}
    with Store(tmp_path / "out" / "aiops.sqlite") as store:
        assert store.incidents() == []
