"""`aiops prove` and `aiops demo`: what they print, where they write, and how they end."""

import getpass

import pytest

from aiops import datasets
from aiops.cli import prove
from aiops.types import STAGES, Proof, Stage


class TestProve:
    @pytest.fixture
    def answer(self, aiops, tmp_path):
        """One run of the loop, approved."""
        return aiops("prove", "--backend", "sim", "--out", tmp_path / "out", "--json")

    def test_json_holds_the_stages_in_order(self, answer, tmp_path):
        assert answer.code == 0
        document = answer.json
        assert tuple(document["stages"]) == STAGES
        for stage in document["stages"].values():
            assert set(stage) == {"ok", "detail"}
            assert stage["ok"] is True
            assert stage["detail"]
        assert document["ok"] is True
        assert document["out"] == str(tmp_path / "out")

    def test_everything_is_below_out(self, answer, tmp_path):
        assert {path.name for path in (tmp_path / "out").iterdir()} >= {
            "aiops.sqlite", "journal.jsonl", "cases",
        }  # fmt: skip
        assert list((tmp_path / "here").iterdir()) == []

    def test_the_folder_is_out_when_left_out_and_a_second_run_adds_to_it(self, aiops, tmp_path):
        for count in (1, 2):
            answer = aiops("prove")
            assert answer.code == 0
            assert answer.out.splitlines()[-1] == "store, journal and labelled cases: out"
            runs = (tmp_path / "here" / "out" / "cases").iterdir()
            assert len(list(runs)) == count

    def test_a_write_that_is_refused_is_a_check_that_did_not_hold(self, aiops, tmp_path):
        answer = aiops("prove", "--no-approve", "--out", tmp_path / "out", "--json")
        assert answer.code == 1
        held = {name: stage["ok"] for name, stage in answer.json["stages"].items()}
        assert held == {name: name != "guide" for name in STAGES}
        assert "restart refused" in answer.json["stages"]["guide"]["detail"]
        assert answer.json["ok"] is False

    def test_the_seed_decides_what_happens(self, aiops, tmp_path):
        def seen(out, seed):
            folder = tmp_path / out
            assert aiops("prove", "--seed", seed, "--out", folder).code == 0
            return [datasets.load(path).metrics for path in datasets.cases(folder / "cases")]

        first, again, other = seen("first", 3), seen("again", 3), seen("other", 4)
        assert all(one.equals(same) for one, same in zip(first, again, strict=True))
        assert not any(one.equals(same) for one, same in zip(first, other, strict=True))

    def test_writes_are_approved_in_the_name_of_whoever_ran_it(self, aiops, tmp_path, monkeypatch):
        monkeypatch.setattr(getpass, "getuser", lambda: "grace")
        stages = aiops("prove", "--out", tmp_path / "out", "--json").json["stages"]
        assert "approved by grace" in stages["guide"]["detail"]

    @pytest.mark.parametrize("error", [KeyError, OSError])
    def test_a_user_without_a_name_can_approve_too(self, monkeypatch, error):
        def nameless():
            raise error

        monkeypatch.setattr(getpass, "getuser", nameless)
        assert prove._person() == "whoever ran aiops prove"


class TestWords:
    def test_one_line_per_stage_and_fault(self, capsys, tmp_path):
        stages = (Stage("inject", True, "a on b: x; c on d: y"), Stage("detect", False, "not\x07"))
        prove.show(Proof(stages, (), (), ()), tmp_path)
        assert capsys.readouterr().out.splitlines() == [
            "stage   held  what was seen",
            "inject  yes   a on b: x",
            "              c on d: y",
            r"detect  NO    not\x07",
            f"store, journal and labelled cases: {tmp_path}",
        ]


class TestBadOut:
    @pytest.fixture(params=["prove", "demo"])
    def into(self, request, aiops):
        return lambda out: aiops(request.param, "--out", out)

    def test_a_file(self, into, tmp_path, refused):
        path = tmp_path / "file"
        path.write_text("precious")
        refused(into(path), f"--out {path}", "File exists", "another folder")
        assert path.read_text() == "precious"

    def test_is_refused_before_anything_is_done(self, aiops, monkeypatch, tmp_path, refused):
        monkeypatch.setattr(datasets, "load", pytest.fail)
        (tmp_path / "file").touch()
        refused(aiops("demo", "--out", tmp_path / "file"))

    def test_below_a_file(self, into, tmp_path, refused):
        path = tmp_path / "file"
        path.touch()
        refused(into(path / "out"), f"--out {path / 'out'}", "Not a directory", "another folder")

    def test_a_store_that_is_none(self, into, tmp_path, refused):
        store = tmp_path / "out" / "aiops.sqlite"
        store.parent.mkdir()
        store.write_text("this is no database, and it is longer than a header is" * 20)
        refused(into(store.parent), store, "is not an SQLite database")

    def test_a_journal_that_is_none(self, into, tmp_path, refused):
        journal = tmp_path / "out" / "journal.jsonl"
        journal.parent.mkdir()
        journal.write_text("{}\n")
        refused(into(journal.parent), journal, "line 1", "no journal entry")


class TestDemo:
    @pytest.fixture
    def answer(self, aiops, tmp_path):
        return aiops("demo", "--out", tmp_path / "out", "--json")

    def test_shows_the_shipped_incidents_and_the_loop_on_one_page(self, answer, tmp_path):
        assert answer.code == 0
        document = answer.json
        assert tuple(document["verdicts"]) == datasets.names()
        assert tuple(document["stages"]) == STAGES
        assert document["report"] == str(tmp_path / "out" / "demo.html")
        page = (tmp_path / "out" / "demo.html").read_text()
        assert all(name in page for name in (*datasets.names(), *STAGES))

    def test_the_truth_stands_beside_each_verdict(self, answer):
        for name, text in answer.json["verdicts"].items():
            truth = datasets.load(name).root_cause.service
            [mark] = [mark for mark in ("right", "wrong", "abstained") if text.endswith(f"{mark})")]
            assert f"(truth: {truth}, {mark})" in text
            assert text.startswith(f"{truth} is to blame") == (mark == "right")

    def test_a_person_reads_the_same(self, aiops, answer, tmp_path):
        text = aiops("demo", "--out", tmp_path / "again").out
        for name, said in answer.json["verdicts"].items():
            assert f"{name}: {said}\n" in text
        assert text.endswith(f"report: {tmp_path / 'again' / 'demo.html'}\n")

    @pytest.mark.parametrize("words", [(), ("--json",)])
    def test_a_loop_that_did_not_hold_ends_with_1(self, aiops, tmp_path, monkeypatch, words):
        monkeypatch.setenv("AIOPS_DETECTION__LEVEL", "1e6")
        answer = aiops("demo", "--out", tmp_path / "out", *words)
        assert answer.code == 1
        assert "not noticed while it was held" in answer.out
