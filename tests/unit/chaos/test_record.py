"""The record of a run: written whole, read back the same, and strict about what it says."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.record import (
    RECORD_FILE,
    SCHEMA,
    Check,
    Effect,
    EffectVerdict,
    Expected,
    Hypothesis,
    Phases,
    Revert,
    RunOutcome,
    RunRecord,
)

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def record(**changes):
    full = RunRecord(
        run="a1",
        backend="sim",
        system="shop",
        seed=3,
        hold_s=40.0,
        phases=Phases(at(0), at(30), at(70), at(100), armed=at(31), verified=at(71)),
        outcome=RunOutcome.DEVIATED,
        fault="scale.zero",
        target=ObjectRef("Deployment", "shop", "cart"),
        params={"strength": 0.5},
        strength=0.5,
        decoy="rollout",
        victims=("Deployment shop/cart",),
        hypothesis=Hypothesis(before=(Check("avail", ok=True, value=0.99),)),
        revert=Revert(restored=("/spec/replicas",)),
        effect=EffectVerdict(Effect.EFFECTIVE, "error_ratio", "web", 0.3, 0.0, "it bit"),
        expected=Expected("cart", ("replicas_ready",), ("CartDown",)),
        notes=("seen",),
    )
    return replace(full, **changes)


def broken(tmp_path, **changes):
    """Write a good record, then change its JSON."""
    document = json.loads(record().write(tmp_path).read_text())
    document.update(changes)
    (tmp_path / RECORD_FILE).write_text(json.dumps(document))
    return tmp_path


def test_it_comes_back_as_it_was(tmp_path):
    assert record().write(tmp_path) == tmp_path / RECORD_FILE
    assert RunRecord.read(tmp_path) == record()
    assert [path.name for path in tmp_path.iterdir()] == [RECORD_FILE]


def test_a_control_comes_back_too(tmp_path):
    control = record(
        fault=None, target=None, decoy=None, control="noop", effect=None, strength=None
    )
    control.write(tmp_path)
    assert RunRecord.read(tmp_path) == control


@settings(deadline=None, max_examples=30)
@given(
    value=st.one_of(
        st.none(), st.booleans(), st.text(), st.floats(allow_nan=False, allow_infinity=False)
    ),
    outcome=st.sampled_from(RunOutcome),
    notes=st.lists(st.text()).map(tuple),
)
def test_whatever_probes_say_comes_back(tmp_path_factory, value, outcome, notes):
    folder = tmp_path_factory.mktemp("run")
    said = record(
        outcome=outcome, notes=notes, hypothesis=Hypothesis(after=(Check("x", False, value),))
    )
    said.write(folder)
    back = RunRecord.read(folder)
    assert back == said
    assert type(back.hypothesis.after[0].value) is type(value)


def test_it_says_which_schema_it_follows(tmp_path):
    assert json.loads(record().write(tmp_path).read_text())["schema"] == SCHEMA


def test_a_number_that_is_none_is_written_as_null(tmp_path):
    odd = record(hypothesis=Hypothesis(during=(Check("x", False, float("nan")),)))
    text = odd.write(tmp_path).read_text()
    assert json.loads(text)["hypothesis"]["during"][0]["value"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outcome": "fine"}, "outcome"),
        ({"seed": "3"}, "seed"),
        ({"colour": 1}, "colour"),
        ({"backend": "moon"}, "backend"),
        ({"schema": "aiops.chaos.run/v2"}, "schema"),
        ({"fault": None}, "both fault and target"),
        ({"revert": {"restored": [], "conflict": []}}, "revert.conflict"),
    ],
)
def test_a_malformed_record_is_one_clear_line(tmp_path, changes, said):
    with pytest.raises(InvalidExperiment, match=said) as error:
        RunRecord.read(broken(tmp_path, **changes))
    assert str(tmp_path / RECORD_FILE) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_no_json_is_refused(tmp_path, text):
    (tmp_path / RECORD_FILE).write_text(text)
    with pytest.raises(InvalidExperiment, match=r"run\.json"):
        RunRecord.read(tmp_path)


def test_a_missing_record_is_refused(tmp_path):
    with pytest.raises(InvalidExperiment, match="cannot be read"):
        RunRecord.read(tmp_path)


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path):
    with pytest.raises(InvalidExperiment, match="cannot write"):
        record().write(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": None}, "both fault and target"),
        ({"control": "noop"}, "neither fault nor decoy"),
        ({"fault": None, "target": None, "control": "noop"}, "neither fault nor decoy"),
        ({"fault": None, "target": None, "decoy": None}, "give a fault"),
        (
            {"phases": Phases(at(0), at(30), at(20), at(100))},
            "reverted lies before phases.injected",
        ),
        ({"phases": Phases(START.replace(tzinfo=None), at(1), at(2), at(3))}, "no time zone"),
    ],
)
def test_a_record_that_contradicts_itself_cannot_be_made(changes, said):
    with pytest.raises(InvalidExperiment, match=said):
        record(**changes)
