"""Suites: what a file may say, what is drawn of it, and how many runs hold no fault."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.proving.suite import LEAST_CONTROLS, Row, Suite, draw, load_suite, parse_suite
from aiops.types import InvalidExperiment
from chaos import FAULTS

ROWS = (Row(fault="scale.zero", targets=("cart", "store")), Row(fault="stress.cpu"))
SHIPPED = sorted(Path(__file__).parents[3].glob("examples/gamedays/*.yaml"))


def counted(runs):
    return Counter("decoy" if one.decoy else one.fault or "control" for one in runs)


class TestDraw:
    def test_each_fault_strikes_each_of_its_targets_so_often(self):
        rows = (ROWS[0], ROWS[1].model_copy(update={"repeats": 5}))
        runs = draw(Suite(faults=rows, repeats=3))
        struck = Counter((one.fault, one.target) for one in runs if one.fault)
        assert struck == {
            ("scale.zero", "cart"): 3,
            ("scale.zero", "store"): 3,
            ("stress.cpu", None): 5,
        }

    def test_the_same_seed_draws_the_same(self):
        suite = Suite(faults=ROWS, repeats=6, decoys=0.2, seed=4)
        assert draw(suite) == draw(suite)
        assert draw(suite) != draw(suite.model_copy(update={"seed": 5}))

    def test_runs_are_numbered_in_an_order_that_is_mixed(self):
        runs = draw(Suite(faults=ROWS, repeats=10, seed=1))
        assert [one.number for one in runs] == list(range(1, len(runs) + 1))
        kinds = [one.fault for one in runs]
        assert kinds != sorted(kinds, key=str)
        assert len({one.seed for one in runs}) == len(runs)

    def test_parameters_are_those_of_the_row(self):
        rows = (Row(fault="pod.delete", params={"count": 1}),)
        assert {str(one.params) for one in draw(Suite(faults=rows)) if one.fault} == {
            "{'count': 1}"
        }

    def test_controls_and_decoys_that_leave_no_room_are_refused(self):
        with pytest.raises(InvalidExperiment, match="leave no room for faults"):
            draw(Suite(faults=ROWS, controls=0.5, decoys=0.5))

    @settings(deadline=None, max_examples=200)
    @given(
        faults=st.integers(1, 60),
        controls=st.floats(LEAST_CONTROLS, 0.6),
        decoys=st.floats(0, 0.35),
        seed=st.integers(0, 99),
    )
    def test_controls_and_decoys_have_their_shares_and_hardly_more(
        self, faults, controls, decoys, seed
    ):
        rows = (Row(fault="scale.zero", repeats=faults),)
        runs = draw(Suite(faults=rows, controls=controls, decoys=decoys, seed=seed))
        found, total = counted(runs), len(runs)
        assert found["scale.zero"] == faults
        assert found["control"] >= controls * total - 1e-6
        assert found["decoy"] >= decoys * total - 1e-6
        fewest = faults / (1 - controls - decoys)
        assert total <= (faults + 2) / (1 - controls - decoys) + 1e-6
        assert total >= fewest - 1e-6

    def test_every_share_is_met_where_rounding_would_miss_it(self):
        found = counted(
            draw(Suite(faults=(Row(fault="scale.zero", repeats=2),), controls=0.4, decoys=0.33))
        )
        assert found["control"] / found.total() >= 0.4


class TestFile:
    def good(self, **changes):
        return {"faults": [{"fault": "scale.zero", "targets": ["cart"]}], **changes}

    def test_durations_are_written_as_people_do(self):
        phases = {"baseline": "2m", "hold": "30s", "recover": 45}
        found = parse_suite(self.good(phases=phases), "s").phases
        assert (found.baseline, found.hold, found.recover) == (120, 30, 45)

    def test_what_is_left_out_has_a_default_with_controls(self):
        found = parse_suite(self.good(), "s")
        assert (found.namespace, found.controls, found.repeats) == ("shop", LEAST_CONTROLS, 1)

    @pytest.mark.parametrize(
        ("document", "words"),
        [
            ({"tilte": "x"}, ["tilte", "no such key", "'title'"]),
            ({"phases": {"holt": 3}}, ["phases.holt", "no such key", "'hold'"]),
            (
                {"faults": [{"fault": "scale.zero", "tragets": ["a"]}]},
                ["faults.0.tragets", "'targets'"],
            ),
            ({"faults": [{"fault": "scale.zreo"}]}, ["scale.zreo", "'scale.zero'"]),
            (
                {"faults": [{"fault": "pod.delete", "params": {"cuont": 1}}]},
                ["no parameter 'cuont'", "'count'"],
            ),
            ({"faults": [{"fault": "stress.cpu", "params": {"strength": 7}}]}, ["strength"]),
            ({"faults": []}, ["faults", "at least 1"]),
            ({"controls": 0.1}, ["controls", "greater than or equal to 0.2"]),
            ({"decoys": -0.1}, ["decoys"]),
            ({"repeats": 0}, ["repeats"]),
            ({"schema": "aiops.gameday/v2"}, ["schema", "aiops.gameday/v1"]),
            ({"system": "mall"}, ["system", "'shop'"]),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
    )
    def test_what_is_wrong_is_named(self, document, words):
        with pytest.raises(InvalidExperiment) as refused:
            parse_suite(self.good() | document, "suite.yaml")
        text = str(refused.value)
        assert text.startswith("suite.yaml: ")
        assert "\n" not in text
        for word in words:
            assert word in text

    @pytest.mark.parametrize(
        ("document", "words"),
        [
            ({"fualts": []}, "fualts: no such key; did you mean 'faults'?"),
            ({"faults": [{"fualt": "x"}]}, "faults.0.fualt: no such key; did you mean 'fault'?"),
        ],
    )
    def test_an_unknown_key_is_told_before_the_one_that_is_missing_for_it(self, document, words):
        with pytest.raises(InvalidExperiment) as refused:
            parse_suite(document, "s")
        assert str(refused.value) == f"s: {words}"

    @pytest.mark.parametrize("document", [None, [], "faults", 3])
    def test_something_else_is_no_suite(self, document):
        with pytest.raises(InvalidExperiment, match="a suite is a mapping"):
            parse_suite(document, "s")

    def test_a_file_is_read(self, tmp_path):
        path = tmp_path / "suite.yaml"
        path.write_text("seed: 3\nfaults:\n- {fault: scale.zero}\n")
        assert load_suite(path) == Suite(seed=3, faults=(Row(fault="scale.zero"),))

    @pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a: [1", b"- {a: b", b"a: !!int x"])
    def test_one_that_cannot_be_read_is_named_in_one_line(self, tmp_path, content):
        path = tmp_path / "suite.yaml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InvalidExperiment) as refused:
            load_suite(path)
        assert str(refused.value).startswith(f"{path}: ")
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
    def test_the_shipped_ones_are_sound(self, path):
        runs = draw(load_suite(path))
        assert {one.fault for one in runs if one.fault} <= set(FAULTS)
        quiet = sum(one.fault is None and not one.decoy for one in runs)
        assert quiet >= LEAST_CONTROLS * len(runs)
