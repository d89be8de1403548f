"""`aiops eval rca`: which rankers are graded on what, in JSON, in a table, and what it refuses."""

import json

import numpy as np
import pytest

import rca
from aiops import datasets, pipeline
from aiops.types import NotEnoughData, RootCause

KEYS = {
    "cases", "failures", "ac1", "ac3", "ac5", "avg5", "mrr", "chance_ac1", "chance_avg5",
    "metric_ac1", "metric_avg5", "specificity", "abstained", "seconds_median",
}  # fmt: skip


@pytest.fixture
def suite(save, tmp_path):
    """A folder of two sets: two incidents in one, a healthy window in the other."""
    save("broken/one")
    save("broken/two", id="two", root_cause=RootCause("db"))
    calm = datasets.load(tmp_path / "cases" / "broken" / "one").metrics.copy()
    calm[:] = 10 + np.random.default_rng(1).normal(size=calm.shape)
    save("healthy/calm", id="calm", metrics=calm, root_cause=None, fault="none")
    return tmp_path / "cases"


class TestDocument:
    def test_holds_what_the_interface_promises(self, aiops, suite):
        answer = aiops("eval", "rca", suite, "--json")
        assert (answer.code, answer.err) == (0, "")
        rankers = answer.json["rankers"]
        assert set(rankers) == {"default", "random", "max_z"}
        for graded in rankers.values():
            assert set(graded) == {"sets", "mean"}
            assert set(graded["sets"]) == {"broken", "healthy"}
            for summary in [*graded["sets"].values(), graded["mean"]]:
                assert set(summary) == KEYS

    def test_the_numbers_are_the_graders(self, aiops, suite):
        graded = aiops("eval", "rca", suite, "--json").json["rankers"]["default"]
        broken, healthy = graded["sets"]["broken"], graded["sets"]["healthy"]
        assert (broken["cases"], broken["failures"], broken["ac1"]) == (2, 0, 1.0)
        assert broken["chance_ac1"] == pytest.approx(1 / 3)
        assert broken["metric_ac1"] == 1.0
        assert broken["specificity"] is None
        assert (healthy["cases"], healthy["specificity"]) == (0, 1.0)
        assert healthy["ac1"] is None
        assert graded["mean"]["ac1"] == 1.0

    def test_a_folder_that_is_a_set(self, aiops, suite):
        graded = aiops("eval", "rca", suite / "broken", "--json").json["rankers"]
        assert set(graded["default"]["sets"]) == {"broken"}

    def test_a_folder_that_is_a_case(self, aiops, suite):
        graded = aiops("eval", "rca", suite / "broken" / "one", "--json").json["rankers"]
        assert graded["default"]["sets"]["broken"]["cases"] == 1


class TestRankers:
    def test_the_option_repeats_and_the_baselines_are_always_there(self, aiops, suite):
        words = ("--ranker", "evidence", "--ranker", "default", "--json")
        rankers = aiops("eval", "rca", suite, *words).json["rankers"]
        assert set(rankers) == {"evidence", "default", "random", "max_z"}

    @pytest.mark.parametrize("name", rca.RANKERS)
    def test_every_ranker_has_a_name(self, aiops, suite, name):
        rankers = aiops("eval", "rca", suite, "--ranker", name, "--json").json["rankers"]
        assert set(rankers) == {name, "random", "max_z"}
        assert all(graded["mean"]["failures"] == 0 for graded in rankers.values())

    def test_default_is_the_ranker_of_the_settings(self, aiops, suite, monkeypatch):
        monkeypatch.setenv("AIOPS_RANKING__ABSTAIN_ABOVE", "0")
        strict = aiops("eval", "rca", suite, "--json").json["rankers"]["default"]
        assert strict["sets"]["broken"]["abstained"] == 1.0

    def test_the_seed_is_that_of_random_also_when_it_is_named(self, aiops, save):
        for number in range(4):
            save(f"many/{number}", id=f"case-{number}")
        folder = save("many/last").parent
        rows = {
            (seed, *words): json.dumps(without_time(aiops, folder, seed, words))
            for seed in (0, 1, 2, 3)
            for words in ((), ("--ranker", "random"))
        }
        for seed in (0, 1, 2, 3):
            assert rows[seed,] == rows[seed, "--ranker", "random"]
        assert len(set(rows.values())) > 1

    def test_onset_detected_asks_the_rankers_to_find_it(self, aiops, suite, monkeypatch):
        seen = []

        class Asked:
            def rank(self, metrics, *, onset=None, trigger=None, topology=()):
                seen.append(onset)
                raise NotEnoughData("only asking")

        monkeypatch.setattr(pipeline, "default_ranker", lambda settings: Asked())
        aiops("eval", "rca", suite / "broken")
        assert seen == [datasets.load(suite / "broken" / "one").inject_time] * 2
        aiops("eval", "rca", suite / "broken", "--onset", "detected")
        assert seen[2:] == [None, None]


def without_time(aiops, folder, seed, words):
    answer = aiops("eval", "rca", folder, "--seed", seed, *words, "--json")
    summary = answer.json["rankers"]["random"]["mean"]
    return {key: value for key, value in summary.items() if key != "seconds_median"}


class TestTable:
    def test_a_row_for_each_ranker_and_set_and_their_mean(self, aiops, suite):
        answer = aiops("eval", "rca", suite)
        assert (answer.code, answer.err) == (0, "")
        header, *rows = (line.split() for line in answer.out.splitlines())
        assert header[:4] == ["ranker", "set", "cases", "failures"]
        assert set(header[2:]) == KEYS - {"chance_avg5"} | {"lift"}
        assert [tuple(row[:2]) for row in rows] == [
            (ranker, group)
            for ranker in ("random", "max_z", "default")
            for group in ("broken", "healthy", "mean")
        ]
        assert all(len(row) == len(header) for row in rows)

    def test_what_does_not_apply_is_a_dash_and_means_count_nothing(self, aiops, suite):
        header, *rows = (line.split() for line in aiops("eval", "rca", suite).out.splitlines())
        table = {tuple(row[:2]): dict(zip(header, row, strict=True)) for row in rows}
        broken, healthy, mean = (table["default", name] for name in ("broken", "healthy", "mean"))
        assert (broken["cases"], broken["failures"], broken["ac1"]) == ("2", "0", "1.000")
        assert (broken["lift"], broken["specificity"]) == ("3.0", "-")
        assert (healthy["cases"], healthy["ac1"], healthy["specificity"]) == ("0", "-", "1.000")
        assert (mean["cases"], mean["failures"], mean["ac1"]) == ("-", "-", "1.000")

    def test_is_whole_on_a_narrow_terminal(self, aiops, suite, monkeypatch):
        monkeypatch.setenv("COLUMNS", "40")
        header = aiops("eval", "rca", suite).out.splitlines()[0]
        assert header.split()[-1] == "seconds_median"


class TestFailures:
    @pytest.fixture
    def _failing(self, monkeypatch):
        class Failing:
            def rank(self, metrics, *, onset=None, trigger=None, topology=()):
                raise NotEnoughData("too short\nfor me")

        monkeypatch.setattr(pipeline, "default_ranker", lambda settings: Failing())

    @pytest.mark.usefixtures("_failing")
    @pytest.mark.parametrize("words", [(), ("--json",)])
    def test_are_counted_and_the_first_is_told_on_stderr(self, aiops, suite, words):
        answer = aiops("eval", "rca", suite, *words)
        assert answer.code == 0
        assert answer.err == (
            "3 of 9 rankings failed and count as misses; "
            "the first: default on broken/slow-db: NotEnoughData: too short for me\n"
        )

    @pytest.mark.usefixtures("_failing")
    def test_stand_in_the_document(self, aiops, suite):
        sets = aiops("eval", "rca", suite, "--json").json["rankers"]["default"]["sets"]
        assert (sets["broken"]["failures"], sets["broken"]["ac1"]) == (2, 0.0)


class TestBadInput:
    def test_an_unknown_ranker(self, aiops, suite, refused):
        answer = aiops("eval", "rca", suite, "--ranker", "defualt")
        refused(answer, "'defualt'", "did you mean 'default'?")

    def test_an_unknown_ranker_beside_a_known_one(self, aiops, suite, refused):
        answer = aiops("eval", "rca", suite, "--ranker", "default", "--ranker", "zzz", "--json")
        refused(answer, "'zzz'", "known: ", "evidence")

    def test_one_bad_case_is_never_passed_over(self, aiops, suite, refused):
        path = suite / "broken" / "two" / "case.json"
        path.write_text("{}}")
        refused(aiops("eval", "rca", suite, "--json"), path)

    def test_a_folder_that_is_empty(self, aiops, tmp_path, refused):
        (tmp_path / "empty" / "below").mkdir(parents=True)
        answer = aiops("eval", "rca", tmp_path / "empty")
        refused(answer, tmp_path / "empty", "case.json and metrics.parquet")


def test_progress_goes_to_stderr(aiops, suite, monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr("aiops.cli.output.monotonic", lambda: float(next(ticks)))
    answer = aiops("eval", "rca", suite, "--json")
    assert answer.json["rankers"]
    assert [line.partition(":")[0] for line in answer.err.splitlines()] == [
        "cases 1/3", "cases 2/3", "cases 3/3",
    ]  # fmt: skip
