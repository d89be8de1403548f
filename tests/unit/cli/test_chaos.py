"""`aiops chaos`: makes cases, and says what can be injected."""

import json

import pytest

from aiops import datasets
from aiops.proving.cases import MANIFEST
from chaos import FAULTS

KEYS = {"id", "family", "target_kind", "rbac", "reversible", "min_kubernetes", "tried"}


class TestCases:
    def test_writes_cases_and_says_how_many_of_each(self, aiops, tmp_path):
        answer = aiops("chaos", "cases", "--n", 4, "--seed", 2, tmp_path / "out")
        assert answer.code == 0
        assert len(datasets.cases(tmp_path / "out")) == 4
        assert answer.out.startswith(f"4 cases in {tmp_path / 'out'}: 3 with a fault")
        assert f"aiops eval rca {tmp_path / 'out'}" in answer.out

    def test_json_counts_what_the_manifest_lists(self, aiops, tmp_path):
        out = tmp_path / "out"
        counts = aiops("chaos", "cases", "--n", 4, "--seed", 2, out, "--json").json
        rows = json.loads((out / MANIFEST).read_text())["cases"]
        listed = [row["kind"] for row in rows]
        moved = [
            row for row in rows if row["kind"] == "fault" and row["effect"]["effect"] == "effective"
        ]
        assert counts == {
            "out": str(out),
            "seed": 2,
            "cases": 4,
            **{kind: listed.count(kind) for kind in ("fault", "healthy", "change")},
            "noticed": len(moved),
        }

    def test_progress_goes_to_stderr(self, aiops, tmp_path, monkeypatch):
        from aiops.cli import output

        monkeypatch.setattr(output, "PATIENCE_S", 0.0)
        answer = aiops("chaos", "cases", "--n", 2, tmp_path / "out", "--json")
        assert answer.json["cases"] == 2
        assert "cases 2/2" in answer.err

    def test_a_folder_with_something_in_it_is_refused(self, aiops, refused, tmp_path):
        (tmp_path / "note").write_text("mine")
        refused(aiops("chaos", "cases", "--n", 1, tmp_path), tmp_path, "empty folder")

    @pytest.mark.parametrize("option", [("--n", 0), ("--seed", -1)])
    def test_impossible_numbers_are_refused(self, aiops, option, tmp_path):
        answer = aiops("chaos", "cases", *option, tmp_path / "out")
        assert answer.code == 2
        assert not (tmp_path / "out").exists()


class TestList:
    def test_json_says_of_every_fault_what_it_needs(self, aiops):
        rows = aiops("chaos", "list", "--json").json
        assert [row["id"] for row in rows] == sorted(FAULTS)
        for row in rows:
            assert set(row) == KEYS
            known = FAULTS[row["id"]]
            assert row["rbac"] == list(known.rbac)
            assert (row["tried"], row["reversible"]) == (known.tried, known.reversible)

    def test_people_get_a_line_for_each(self, aiops):
        lines = aiops("chaos", "list").out.splitlines()
        assert set(lines[0].split()) == KEYS
        assert [line.split()[0] for line in lines[1:]] == sorted(FAULTS)


class TestDescribe:
    def test_says_what_it_does(self, aiops):
        answer = aiops("chaos", "describe", "net.delay")
        assert answer.code == 0
        assert "in the simulator" in answer.out
        assert "latency_p95" in answer.out

    @pytest.mark.parametrize("name", FAULTS)
    def test_json_has_what_the_list_has_and_more(self, aiops, name):
        facts = aiops("chaos", "describe", name, "--json").json
        assert set(facts) == KEYS | {"summary", "metrics", "graded"}
        assert facts["metrics"] == list(FAULTS[name].metrics)
        assert facts["summary"].endswith(".")
        assert "\n" not in facts["summary"]

    def test_an_unknown_fault_is_named_with_its_nearest(self, aiops, refused):
        refused(aiops("chaos", "describe", "net.dealy"), "net.delay")
