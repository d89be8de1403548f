"""Gamedays: every draw becomes a kept run, on simulators side by side or on one cluster in turn."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aiops.proving.drawn import title_of
from aiops.proving.gameday import JOURNAL_FILE, run_on_cluster, run_on_simulator
from aiops.proving.judges import AiopsJudge
from aiops.proving.played import FAILURES_FILE
from aiops.proving.running import run_trial
from aiops.proving.score import score
from aiops.proving.suite import Phases, Row, Suite, draw
from aiops.settings import Settings
from aiops.types import InvalidExperiment, RevertIncomplete, Unreachable
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.journal import Journal, RunEvent
from chaos.record import RunOutcome
from chaos.runs import RunFolder
from chaos.signals import Interrupted
from chaos.simulation.changes import CHANGES
from chaos.simulation.simulator import Simulator

CART = ObjectRef("Deployment", "shop", "cart")
SHORT = Phases(baseline=300.0, hold=60.0, recover=30.0)
SUITE = Suite(
    faults=(Row(fault="scale.zero", targets=("cart",)), Row(fault="pod.delete")),
    phases=SHORT,
    decoys=0.25,
    seed=3,
    allow_outage=True,
)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A small suite on simulators: its folder, its runs, and what was said."""
    folder, said = tmp_path_factory.mktemp("gameday") / "out", []
    found = run_on_simulator(SUITE, folder, workers=2, progress=lambda *told: said.append(told))
    assert (found.failures, found.interrupted) == ((), False)
    return folder, found.runs, said


class TestSimulator:
    def test_every_draw_is_a_run_with_a_record_and_a_case(self, played):
        folder, runs, _ = played
        drawn = draw(SUITE)
        assert [run.path for run in runs] == [folder / f"{one.number:04d}" for one in drawn]
        assert [run.record.fault for run in runs] == [one.fault for one in drawn]
        assert [run.record.seed for run in runs] == [one.seed for one in drawn]
        assert all(run.measured for run in runs)
        assert RunFolder.find(folder) == runs

    def test_controls_and_decoys_are_among_them(self, played):
        _, runs, _ = played
        assert sum(run.record.control == "noop" for run in runs) >= 0.2 * len(runs)
        decoys = [run.record.decoy for run in runs if run.record.decoy]
        assert decoys
        assert {decoy.partition(" of ")[0] for decoy in decoys} <= set(CHANGES)

    def test_phases_are_those_of_the_suite(self, played):
        for run in played[1]:
            phases = run.record.phases
            assert (phases.injected - phases.baseline_start).total_seconds() == SHORT.baseline
            assert (phases.reverted - phases.injected).total_seconds() == SHORT.hold

    def test_nothing_is_left_behind(self, played):
        for run in played[1]:
            assert Journal(run.path / JOURNAL_FILE).pending() == {}

    def test_says_how_far_it_is(self, played):
        _, runs, said = played
        assert [done for done, _, _ in said] == list(range(1, len(runs) + 1))
        assert {total for _, total, _ in said} == {len(runs)}
        assert "scale.zero on cart" in {what for _, _, what in said}

    def test_names_of_folders_and_runs_say_nothing(self, played):
        for run in played[1]:
            case = json.loads((run.path / "case" / "case.json").read_text())
            for word in ("scale", "zero", "delete", "control", "decoy", "rollout"):
                assert word not in run.path.name + run.record.run + case["id"]

    def test_it_can_be_graded(self, played):
        board = score(played[1], AiopsJudge(Settings()))
        assert len(board.runs) == len(played[1])
        assert {one.kind for one in board.runs} == {"fault", "control", "decoy"}

    def test_the_same_suite_gives_the_same_metrics(self, tmp_path, monkeypatch):
        monkeypatch.setattr("aiops.proving.gameday.ProcessPoolExecutor", Here)
        one = SUITE.model_copy(update={"faults": SUITE.faults[:1], "decoys": 0.0})
        folders = tmp_path / "a", tmp_path / "b"
        first, again = (run_on_simulator(one, folder).runs for folder in folders)
        for left, right in zip(first, again, strict=True):
            assert left.case().metrics.equals(right.case().metrics)
            assert left.record.victims == right.record.victims

    def test_a_folder_in_use_is_refused_and_left_alone(self, tmp_path):
        (tmp_path / "mine").write_text("precious")
        with pytest.raises(InvalidExperiment, match="is in use; name a new folder"):
            run_on_simulator(SUITE, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (
                {"fault": "scale.zero", "targets": ("cart",)},
                r"scale.zero on cart can strike nothing in this system: .*caps: .*--allow-outage",
            ),
            (
                {"fault": "scale.zero", "targets": ("crat",)},
                r"scale.zero on crat can strike nothing .*nearest is Deployment shop/cart",
            ),
            ({"fault": "scale.zero"}, r"scale.zero can strike nothing in this system: "),
        ],
        ids=["too hard", "unknown target", "no target"],
    )
    def test_a_fault_that_can_strike_nothing_is_refused_with_the_reason(
        self, tmp_path, monkeypatch, row, words
    ):
        suite = Suite(faults=(Row(**row),), phases=SHORT, controls=0.2)
        monkeypatch.setattr("aiops.proving.gameday.ProcessPoolExecutor", Here)
        with pytest.raises(InvalidExperiment, match=words):
            run_on_simulator(suite, tmp_path / "out")

    def test_a_fault_that_can_strike_nothing_does_not_end_the_others(self, tmp_path, monkeypatch):
        rows = (Row(fault="scale.zero", targets=("crat", "cart")),)
        suite = Suite(faults=rows, phases=SHORT, allow_outage=True)
        monkeypatch.setattr("aiops.proving.gameday.ProcessPoolExecutor", Here)
        played = run_on_simulator(suite, tmp_path / "out")
        assert [one.what for one in played.failures] == ["scale.zero on crat"]
        assert {run.record.fault for run in played.runs} == {"scale.zero", None}
        assert (tmp_path / "out" / FAILURES_FILE).exists()

    @pytest.mark.parametrize("system", ["drawn", "twin"])
    def test_other_systems_can_be_played_on(self, tmp_path, monkeypatch, system):
        rows = (Row(fault="pod.delete"),)
        suite = Suite(faults=rows, phases=SHORT, system=system, allow_outage=True)
        monkeypatch.setattr("aiops.proving.gameday.ProcessPoolExecutor", Here)
        runs = run_on_simulator(suite, tmp_path / "out").runs
        assert {run.record.fault for run in runs} == {"pod.delete", None}
        assert all(run.measured for run in runs)


@pytest.mark.slow
class TestInterrupted:
    """A gameday in a process of its own, which is told to end in the midst of it."""

    PROGRAM = """
import sys
from pathlib import Path
from aiops.proving.gameday import run_on_simulator
from aiops.proving.suite import Row, Suite
from chaos.signals import interruptible

if __name__ == "__main__":
    suite = Suite(faults=(Row(fault="pod.delete", repeats=200),), allow_outage=True)
    with interruptible():
        played = run_on_simulator(
            suite, Path(sys.argv[1]), progress=lambda *told: print(*told, flush=True)
        )
    print("kept", len(played.runs), played.interrupted, flush=True)
"""

    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
    def test_keeps_what_there_is_and_leaves_no_process(self, tmp_path, signum):
        program = tmp_path / "program.py"
        program.write_text(self.PROGRAM)
        with subprocess.Popen(
            [sys.executable, program, tmp_path / "out"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        ) as gameday:  # fmt: skip
            assert gameday.stdout.readline().startswith("1 250 ")
            workers = [os.pidfd_open(int(pid)) for pid in children(gameday.pid)]
            os.kill(gameday.pid, signum)
            *_, last = gameday.stdout.read().splitlines()
        word, kept, interrupted = last.split()
        assert (word, interrupted, gameday.returncode) == ("kept", "True", 0)
        assert 1 <= int(kept) < 250
        assert len(workers) >= 2
        for worker in workers:
            assert select.select([worker], [], [], 10.0)[0], "a process is left"
            os.close(worker)


def children(pid):
    """Return the process ids of the children of a process."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


class Here:
    """A pool that does the work at once and in this process."""

    def __init__(self, *_, **__):
        self.cancelled = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, work, *args):
        from concurrent.futures import Future

        future = Future()
        try:
            future.set_result(work(*args))
        except InvalidExperiment as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures):
        assert cancel_futures


class Cluster(SimBackend):
    """A simulator that stands for the one cluster there is; `meanwhile` is called in each wait."""

    def __init__(self):
        super().__init__(Simulator(7))
        self.meanwhile = lambda: None

    def wait(self, seconds):
        super().wait(seconds)
        self.meanwhile()


class TestCluster:
    suite = SUITE.model_copy(update={"seed": 5})

    @pytest.fixture
    def place(self):
        return Cluster()

    def test_runs_follow_one_another_in_the_drawn_order(self, place, tmp_path):
        said = []
        runs = run_on_cluster(
            self.suite, place, tmp_path / "out", progress=lambda *told: said.append(told)
        ).runs
        assert [run.record.fault for run in runs] == [one.fault for one in draw(self.suite)]
        ends = [run.record.phases.end for run in runs[:-1]]
        starts = [run.record.phases.baseline_start for run in runs[1:]]
        assert all(end <= start for end, start in zip(ends, starts, strict=True))
        assert said[-1][:2] == (len(runs), len(runs))
        assert Journal(tmp_path / "out" / JOURNAL_FILE).pending() == {}

    def test_the_only_decoy_is_a_rolling_restart(self, place, tmp_path):
        runs = run_on_cluster(self.suite, place, tmp_path / "out").runs
        decoys = {run.record.decoy.partition(" of ")[0] for run in runs if run.record.decoy}
        assert decoys == {"rollout"}

    def test_after_a_revert_that_is_incomplete_nothing_more_is_injected(self, place, tmp_path):
        struck = []

        def scale():
            for ref in (CART,):
                if place.cluster.get(ref)["spec"]["replicas"] == 0:
                    struck.append(ref)
                    ops = [{"op": "replace", "path": "/spec/replicas", "value": 2}]
                    place.cluster.patch(ref, ops)

        place.meanwhile = scale
        rows = (Row(fault="scale.zero", targets=("cart",), repeats=4),)
        suite = self.suite.model_copy(update={"faults": rows})
        with pytest.raises(RevertIncomplete, match="was changed by someone else"):
            run_on_cluster(suite, place, tmp_path / "out")
        assert struck == [CART]
        kept = RunFolder.find(tmp_path / "out")
        assert kept[-1].record.outcome is RunOutcome.REVERT_INCOMPLETE

    def test_an_interrupted_run_is_the_last(self, place, tmp_path):
        def interrupt():
            if place.cluster.get(CART)["spec"]["replicas"] == 0:
                place.meanwhile = lambda: None
                raise Interrupted(2)

        place.meanwhile = interrupt
        rows = (Row(fault="scale.zero", targets=("cart",), repeats=4),)
        suite = self.suite.model_copy(update={"faults": rows})
        played = run_on_cluster(suite, place, tmp_path / "out")
        assert played.interrupted
        assert played.runs[-1].record.outcome is RunOutcome.INTERRUPTED
        assert len(played.runs) < len(draw(suite))

    @pytest.mark.parametrize("ending", [Interrupted(15), KeyboardInterrupt()])
    def test_one_interrupted_between_faults_returns_what_is_kept(
        self, place, tmp_path, monkeypatch, ending
    ):
        def second(*args):
            if kept:
                raise ending
            kept.append(run_trial(*args))
            return kept[0]

        kept = []
        monkeypatch.setattr("aiops.proving.gameday.run_trial", second)
        played = run_on_cluster(self.suite, place, tmp_path / "out")
        assert played.interrupted
        assert played.runs == tuple(kept)

    def test_one_that_fails_before_anything_is_done_is_tried_again(self, place, tmp_path, failing):
        tried = failing(lambda *_: None, times=1)
        played = run_on_cluster(self.suite, place, tmp_path / "out")
        assert len(played.runs) == len(draw(self.suite)) == len(tried) - 1
        assert played.failures == ()

    def test_one_that_fails_twice_is_named_and_the_others_go_on(self, place, tmp_path, failing):
        failing(lambda *_: None, times=2)
        played = run_on_cluster(self.suite, place, tmp_path / "out")
        assert len(played.runs) == len(draw(self.suite)) - 1
        [failure] = played.failures
        first = draw(self.suite)[0]
        assert (failure.run, failure.what) == ("0001", title_of(first))
        assert failure.why == "gone for a moment"
        [written] = json.loads((tmp_path / "out" / FAILURES_FILE).read_text())
        assert written == {"run": "0001", "what": failure.what, "why": failure.why}

    @pytest.mark.parametrize(
        ("event", "payload"),
        [(RunEvent.INJECTED, {}), (RunEvent.UNDONE, {"found": True})],
        ids=["injected", "half injected"],
    )
    def test_one_that_fails_once_something_was_done_is_not_tried_again(
        self, place, tmp_path, failing, event, payload
    ):
        def struck(trial, backend, journal):
            journal.append(trial.run, event, time=backend.cluster.now, payload=payload)

        tried = failing(struck, times=1)
        played = run_on_cluster(self.suite, place, tmp_path / "out")
        assert len(played.failures) == 1
        assert len(tried) == len(draw(self.suite))

    @pytest.fixture
    def failing(self, monkeypatch):
        """Let the first runs fail once `done` was called; return the trials that were tried."""

        def fail(done, times):
            def attempt(trial, backend, journal, folder):
                tried.append(trial)
                if len(tried) <= times:
                    done(trial, backend, journal)
                    raise Unreachable("gone for a moment")
                return run_trial(trial, backend, journal, folder)

            tried = []
            monkeypatch.setattr("aiops.proving.gameday.run_trial", attempt)
            return tried

        return fail

    def test_a_gate_that_is_shut_ends_it(self, place, tmp_path):
        suite = self.suite.model_copy(update={"allow_outage": False})
        with pytest.raises(InvalidExperiment, match="refused, nothing was changed"):
            run_on_cluster(suite, place, tmp_path / "out")
        assert not any(Journal(tmp_path / "out" / JOURNAL_FILE).entries())

    def test_an_empty_namespace_is_refused_and_leaves_no_run(self, place, tmp_path, monkeypatch):
        monkeypatch.setattr(place.cluster, "list", lambda *_: [])
        with pytest.raises(InvalidExperiment, match="namespace shop has no Deployment"):
            run_on_cluster(self.suite, place, tmp_path / "out")

    def test_one_that_does_not_answer_is_told(self, place, tmp_path, monkeypatch):
        def away(*_):
            raise Unreachable("no answer")

        monkeypatch.setattr(place.cluster, "list", away)
        with pytest.raises(Unreachable):
            run_on_cluster(self.suite, place, tmp_path / "out")

    def test_a_folder_in_use_is_refused(self, place, tmp_path):
        Path(tmp_path, "mine").touch()
        with pytest.raises(InvalidExperiment, match="is in use"):
            run_on_cluster(self.suite, place, tmp_path)
