"""`aiops chaos score | export`: what is printed of recorded runs, and in which forms."""

import json
import shutil
from xml.etree import ElementTree as ET

import pytest

from aiops import datasets
from aiops.proving.running import run_trial
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.journal import Journal
from chaos.record import Expected
from chaos.runs import Alert, write_alerts
from chaos.safety import Limits
from chaos.simulation.simulator import Simulator
from chaos.trial import FaultStep, Trial

CART = ObjectRef("Deployment", "shop", "cart")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two runs: one in which the cart was away, and one in which nothing was done."""
    root = tmp_path_factory.mktemp("runs")
    step = FaultStep(Experiment("scale.zero", CART, 120.0, 7, "run-a"))
    for name, steps in (("run-a", (step,)), ("run-b", ())):
        trial = Trial(
            name,
            7,
            "t",
            steps=steps,
            baseline_s=600.0,
            hold_s=120.0,
            recover_s=60.0,
            limits=Limits().with_outage(),
            expected=Expected("cart", ("replicas_ready",), ("CartDown",)) if steps else Expected(),
        )
        kept = run_trial(
            trial, SimBackend(Simulator(7)), Journal(root / "journal.jsonl"), root / name
        )
        injected = kept.record.phases.injected
        fired = (Alert("CartDown", injected, None, {"service": "cart"}),) if steps else ()
        write_alerts(fired, kept.path)
    return root


class TestScore:
    def test_says_how_many_were_found_and_how_many_false(self, aiops, runs):
        answer = aiops("chaos", "score", runs)
        assert answer.code == 0
        assert "aiops" in answer.out.splitlines()[0]
        assert "\u202f" not in answer.out
        for name in ("default", "max_z", "random"):
            assert name in answer.out

    def test_json_is_one_document_with_every_run(self, aiops, runs):
        document = aiops("chaos", "score", runs, "--json").json
        assert document["judge"] == "aiops"
        assert {run["run"] for run in document["runs"]} == {"run-a", "run-b"}
        found = {run["run"]: run["detected"] for run in document["runs"]}
        assert found == {"run-a": True, "run-b": False}

    def test_the_alerts_of_a_monitoring_can_be_graded_instead(self, aiops, runs):
        document = aiops(
            "chaos", "score", runs, "--judge", "prometheus-alerts", "--json"
        ).json  # fmt: skip
        assert document["judge"] == "prometheus-alerts"
        assert {run["run"]: run["detected"] for run in document["runs"]} == {
            "run-a": True, "run-b": False,
        }  # fmt: skip

    def test_folders_can_be_named_one_by_one(self, aiops, runs):
        document = aiops("chaos", "score", runs / "run-b", runs / "run-a", "--json").json
        assert {run["run"] for run in document["runs"]} == {"run-a", "run-b"}
        alone = aiops("chaos", "score", runs / "run-b", "--json").json
        assert [run["run"] for run in alone["runs"]] == ["run-b"]

    def test_a_folder_that_is_named_twice_counts_once(self, aiops, runs):
        document = aiops("chaos", "score", runs, runs, runs / "run-b", "--json").json
        assert sorted(run["run"] for run in document["runs"]) == ["run-a", "run-b"]

    def test_a_copy_of_a_run_is_refused(self, aiops, runs, tmp_path, refused):
        copy = shutil.copytree(runs / "run-a", tmp_path / "copy")
        refused(aiops("chaos", "score", runs, copy), "both hold run 'run-a'")

    def test_alerts_without_a_time_zone_are_refused(self, aiops, runs, tmp_path, refused):
        copy = shutil.copytree(runs / "run-a", tmp_path / "copy")
        (copy / "alerts.json").write_text('[{"name": "Down", "start": "2026-11-22T12:00:00"}]')
        refused(aiops("chaos", "score", copy), copy / "alerts.json", "no time zone")

    def test_writes_every_form_that_is_asked_for(self, aiops, runs, tmp_path):
        out = tmp_path / "made" / "here"
        forms = [out / f"report{ending}" for ending in (".html", ".md", ".xml", ".json")]
        answer = aiops("chaos", "score", runs, *(w for form in forms for w in ("--report", form)))
        assert answer.code == 0
        assert [line for line in answer.out.splitlines() if line.startswith("report: ")] == [
            f"report: {form}" for form in forms
        ]
        html, markdown, junit, document = (form.read_text(encoding="utf-8") for form in forms)
        assert html.startswith("<!doctype html>")
        assert "scale.zero" in html
        assert markdown.startswith("# ")
        assert ET.fromstring(junit).tag in {"testsuite", "testsuites"}  # noqa: S314  our own
        assert json.loads(document) == aiops("chaos", "score", runs, "--json").json

    def test_another_form_is_refused_before_anything_is_read(
        self, aiops, tmp_path, refused, monkeypatch
    ):
        monkeypatch.setattr(datasets, "load", pytest.fail)
        answer = aiops("chaos", "score", tmp_path, "--report", tmp_path / "report.pdf")
        refused(answer, "report.pdf", ".html, .md, .xml, .json")

    def test_a_folder_without_runs_is_refused(self, aiops, tmp_path, refused):
        refused(aiops("chaos", "score", tmp_path), "no run.json in or below", tmp_path)

    def test_a_broken_record_is_refused_with_its_place(self, aiops, tmp_path, refused):
        (tmp_path / "run.json").write_text("{}")
        refused(aiops("chaos", "score", tmp_path), tmp_path / "run.json")

    def test_an_unknown_judge_is_named(self, aiops, runs):
        answer = aiops("chaos", "score", runs, "--judge", "gut")
        assert answer.code == 2
        assert "prometheus-alerts" in answer.err


class TestCompare:
    def test_runs_against_themselves_differ_in_nothing(self, aiops, runs):
        answer = aiops("chaos", "compare", runs, runs, "--json")
        assert answer.code == 0
        assert answer.json
        assert {row["difference"] for row in answer.json} <= {0, None}

    def test_people_get_a_column_for_each(self, aiops, runs):
        head, *rows = aiops("chaos", "compare", runs / "run-a", runs / "run-b").out.splitlines()
        assert head.split() == ["figure", "run-a", "run-b", "difference"]
        assert rows

    def test_a_folder_without_runs_is_refused(self, aiops, runs, tmp_path, refused):
        refused(aiops("chaos", "compare", runs, tmp_path), "no run.json in or below", tmp_path)


class TestExport:
    def test_writes_what_the_grader_reads(self, aiops, runs, tmp_path):
        out = tmp_path / "cases" / "one"
        answer = aiops("chaos", "export", runs / "run-a", out)
        assert answer.code == 0
        assert answer.out.startswith(f"{out}: scale.zero, root cause cart, ")
        graded = aiops("eval", "rca", tmp_path / "cases", "--json").json
        [summary] = graded["rankers"]["default"]["sets"].values()
        assert (summary["cases"], summary["failures"]) == (1, 0)

    def test_json_says_what_it_is(self, aiops, runs, tmp_path):
        document = aiops("chaos", "export", runs / "run-b", tmp_path / "out", "--json").json
        assert document == {
            "case": "run-b",
            "out": str(tmp_path / "out"),
            "fault": None,
            "root_cause": None,
        }

    def test_it_can_be_investigated(self, aiops, runs, tmp_path):
        aiops("chaos", "export", runs / "run-a", tmp_path / "out")
        assert aiops("investigate", tmp_path / "out", "--json").code == 0

    def test_a_folder_in_use_is_refused(self, aiops, runs, tmp_path, refused):
        (tmp_path / "mine").write_text("precious")
        refused(aiops("chaos", "export", runs / "run-a", tmp_path), tmp_path)
        assert (tmp_path / "mine").read_text() == "precious"

    def test_what_is_no_run_is_refused(self, aiops, tmp_path, refused):
        refused(aiops("chaos", "export", tmp_path, tmp_path / "out"), tmp_path / "run.json")
