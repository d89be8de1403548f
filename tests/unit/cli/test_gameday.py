"""`aiops gameday`: a suite becomes runs and a page; a real cluster is struck only on request."""

import io
import json
import sys
from concurrent.futures import Future

import pytest
import yaml

from aiops.cli import gameday
from aiops.proving import running
from aiops.proving.gameday import run_on_simulator
from aiops.proving.kubernetes import KubernetesBackend
from aiops.proving.played import Played
from aiops.types import InvalidExperiment, RevertIncomplete
from chaos.runs import RunFolder
from chaos.signals import Interrupted
from tests import memory_cluster

SUITE = {
    "title": "Two faults",
    "seed": 3,
    "phases": {"baseline": "5m", "hold": "1m", "recover": "30s"},
    "allow_outage": True,
    "faults": [
        {"fault": "scale.zero", "targets": ["cart"]},
        {"fault": "pod.delete", "targets": ["store"]},
    ],
}


class Here:
    """A pool that does the work at once and in this process."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, work, *args):
        future = Future()
        try:
            future.set_result(work(*args))
        except InvalidExperiment as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures):
        assert cancel_futures


@pytest.fixture
def suite(tmp_path):
    """Write a suite with some of it changed, and return its path."""

    def write(**changes):
        path = tmp_path / "suite.yaml"
        path.write_text(yaml.safe_dump(SUITE | changes))
        return path

    return write


@pytest.fixture
def here(monkeypatch):
    """Let the simulators run in this process."""
    monkeypatch.setattr("aiops.proving.gameday.ProcessPoolExecutor", Here)


@pytest.mark.usefixtures("here")
class TestSimulator:
    def test_plays_the_suite_grades_it_and_writes_the_page(self, aiops, suite, tmp_path):
        out = tmp_path / "out"
        answer = aiops("gameday", suite(), "--out", out, "--report", out / "gameday.json", "--json")
        assert answer.code == 0
        document = answer.json
        assert document == json.loads((out / "gameday.json").read_text())
        kept = RunFolder.find(out)
        assert len(document["runs"]) == len(kept) == 3
        assert {one.record.run for one in kept} == {run["run"] for run in document["runs"]}
        page = (out / "gameday.html").read_text(encoding="utf-8")
        assert page.startswith("<!doctype html>")
        assert "scale.zero" in page

    def test_people_read_the_figures_and_where_the_page_is(self, aiops, suite):
        answer = aiops("gameday", suite())
        assert answer.code == 0
        assert answer.out.splitlines()[-1] == "report: out/gameday/gameday.html"

    def test_a_starter_needs_no_suite(self, aiops, tmp_path):
        answer = aiops("gameday", "--starter", "shop", "--out", tmp_path / "out", "--json")
        assert answer.code == 0
        faults = [run["fault"] for run in answer.json["runs"]]
        assert len([one for one in faults if one]) == 5
        assert None in faults

    def test_a_starter_names_the_only_namespace_there_is(self, aiops, tmp_path, refused):
        refused(aiops("gameday", "--starter", "mall"), "shop alone, not mall", "--backend k8s")
        assert list((tmp_path / "here").iterdir()) == []

    def test_a_suite_for_another_namespace_can_be_simulated(self, aiops, suite):
        assert aiops("gameday", suite(namespace="mall")).code == 0

    def test_what_failed_is_named_and_the_rest_is_graded(self, aiops, suite):
        rows = [{"fault": "scale.zero", "targets": ["cart", "crat"]}]
        answer = aiops("gameday", suite(faults=rows))
        assert answer.code == 0
        [said] = [line for line in answer.err.splitlines() if line.startswith("not kept: run ")]
        assert "scale.zero on crat: scale.zero on crat can strike nothing" in said

    def test_one_that_was_interrupted_is_graded_until_there(
        self, aiops, suite, tmp_path, monkeypatch
    ):
        def some(*args, **kwargs):
            played = run_on_simulator(*args, **kwargs)
            return Played(played.runs[:1], (), interrupted=True)

        monkeypatch.setattr("aiops.proving.gameday.run_on_simulator", some)
        answer = aiops("gameday", suite(), "--out", tmp_path / "out", "--json")
        assert (answer.code, len(answer.json["runs"])) == (130, 1)
        assert (tmp_path / "out" / "gameday.html").exists()
        assert answer.err.endswith("error: interrupted; the page is about the runs until there\n")

    def test_a_folder_in_use_is_refused(self, aiops, suite, tmp_path, refused):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("precious")
        refused(aiops("gameday", suite(), "--out", tmp_path / "out"), "is in use")

    def test_a_fault_that_can_strike_nothing_is_refused(self, aiops, suite, refused):
        path = suite(faults=[{"fault": "scale.zero", "targets": ["crat"]}])
        refused(aiops("gameday", path), "scale.zero on crat", "Deployment shop/cart")

    def test_a_bad_suite_is_refused_before_anything_is_run(self, aiops, suite, tmp_path, refused):
        refused(aiops("gameday", suite(fualts=[])), "fualts", "'faults'")
        assert list((tmp_path / "here").iterdir()) == []

    def test_so_is_a_report_in_a_form_that_there_is_none_of(self, aiops, suite, tmp_path, refused):
        refused(aiops("gameday", suite(), "--report", "page.pdf"), "page.pdf", ".html")
        assert list((tmp_path / "here").iterdir()) == []

    @pytest.mark.parametrize("words", [(), ("--starter", "shop")])
    def test_one_of_suite_and_starter(self, aiops, suite, words, refused):
        both = (suite(), *words) if words else ()
        refused(aiops("gameday", *both), "name a suite, or --starter NAMESPACE, and not both")


class TestCluster:
    @pytest.fixture
    def place(self, monkeypatch):
        """Let a cluster that nobody measures count as measured, and its time stand still."""
        monkeypatch.setattr(gameday.Where, "refuse_unmeasured", lambda self: None)
        monkeypatch.setattr(running, "SETTLE_S", 0.0)
        monkeypatch.setattr(KubernetesBackend, "wait", lambda self, seconds: None)

    @pytest.fixture
    def play(self, aiops, suite, reach, place, tmp_path):
        def act(*words, **changes):
            phases = {"baseline": 0.01, "hold": 0.01, "recover": 0.01}
            faults = [{"fault": "pod.delete", "targets": ["cart"], "params": {"count": 1}}]
            path = suite(**{"phases": phases, "faults": faults, **changes})
            out = ("--out", tmp_path / "out")
            return aiops("gameday", path, "--backend", "k8s", *reach, *out, *words)

        return act

    def test_asks_first_and_says_what_and_how_long(self, play, server):
        answer = play(phases=SUITE["phases"])
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.splitlines() == [
            "Two faults: 2 runs, 1 with a fault",
            "  pod.delete on cart",
            "it takes about 13 minutes",
            "error: nobody is there to be asked; add --yes if they may be struck",
        ]
        assert server.log == []

    def test_a_no_is_a_no(self, play, server, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        answer = play()
        assert answer.code == 2
        assert answer.err.endswith("error: nothing was done: you said no\n")
        assert server.log == []

    def test_plays_it_where_it_is_allowed(self, play, server, tmp_path):
        answer = play("--yes", "--json")
        assert answer.code == 0
        assert [run["fault"] for run in answer.json["runs"]].count("pod.delete") == 1
        deleted = [one for one in server.log if one.method == "DELETE"]
        assert len(deleted) == 1
        assert (tmp_path / "out" / "gameday.html").exists()

    def test_a_namespace_that_has_not_opted_in_is_left_alone(self, play, server):
        server.add(memory_cluster.namespace("other"))
        for document in memory_cluster.application("other", "cart"):
            server.add(document)
        answer = play("--yes", namespace="other", controls=0.2, seed=1)
        assert answer.code == 2
        assert "namespace other has not opted in" in answer.err.splitlines()[-1]
        assert [one for one in server.log if "/leases" not in one.path] == []

    def test_a_starter_there_names_what_is_in_the_way(self, aiops, reach, place, server, refused):
        server.add({"kind": "Namespace", "metadata": {"name": "other"}})
        words = ("--starter", "other", "--backend", "k8s", *reach, "--yes")
        refused(aiops("gameday", *words), "namespace other has no Deployment to strike")
        assert server.log == []

    def test_a_fault_that_is_not_proved_gone_ends_with_4(self, play, monkeypatch):
        def incomplete(*_, **__):
            raise RevertIncomplete("the gameday ends with 0001")

        monkeypatch.setattr("aiops.proving.gameday.run_on_cluster", incomplete)
        answer = play("--yes")
        assert answer.code == 4
        assert answer.err.endswith("error: the gameday ends with 0001\n")

    def test_an_interrupt_between_faults_ends_with_130(self, play, monkeypatch):
        def interrupt(*_, **__):
            raise Interrupted(15)

        monkeypatch.setattr("aiops.proving.gameday.run_on_cluster", interrupt)
        answer = play("--yes")
        assert (answer.code, answer.out) == (130, "")
        assert answer.err.endswith("error: interrupted by SIGTERM; no fault is left\n")
