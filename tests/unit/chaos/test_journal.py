"""The journal: durable, torn at worst in its last line, and honest about what is pending."""

import json
import logging
import os
from datetime import UTC, datetime

import pytest

from aiops.types import InvalidInput
from chaos import Journal, ObjectRef, Plan, RunEvent
from chaos.deeds import PatchDeed

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
CART = ObjectRef("Deployment", "shop", "cart")
PLAN = Plan(
    "scale.zero",
    CART,
    (
        PatchDeed(
            CART,
            "",
            ({"op": "replace", "path": "/spec/replicas", "value": 0},),
            ({"op": "replace", "path": "/spec/replicas", "value": 3},),
        ),
    ),
)


@pytest.fixture
def journal(tmp_path):
    """A journal that does not exist yet."""
    return Journal(tmp_path / "runs" / "journal.jsonl")


def plan(journal, run):
    journal.append(run, RunEvent.PLANNED, time=NOON, payload=PLAN.to_json())


def tear(journal):
    """Cut the last line in half, as a crash while writing would."""
    raw = journal.path.read_bytes()
    journal.path.write_bytes(raw[: len(raw) - 20])


def test_a_journal_that_was_never_written_is_empty(journal):
    assert journal.entries() == ()
    assert journal.pending() == {}


def test_entries_come_back_as_they_were_written(journal):
    hostile = {"text": "a\nb\u2028<script>", "pointers": ["/a~1b"]}
    written = [
        journal.append("r1", RunEvent.INJECTED, time=NOON),
        journal.append("r2", RunEvent.CONFLICT, time=NOON, payload=hostile),
    ]
    assert list(Journal(journal.path).entries()) == written
    assert [entry.sequence for entry in written] == [1, 2]
    assert written[1].time == NOON
    assert written[1].wall_time.tzinfo is UTC


def test_each_line_is_plain_json(journal):
    plan(journal, "r1")
    document = json.loads(journal.path.read_text())
    assert document["event"] == "planned"
    assert document["payload"]["deeds"][0]["undo"] == list(PLAN.deeds[0].undo_ops)
    assert document["time"] == "2026-01-05T12:00:00+00:00"


def test_append_returns_only_after_the_line_is_synced(journal, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append(os.fstat(descriptor).st_size)

    plan(journal, "r1")
    monkeypatch.setattr(os, "fsync", fsync)
    plan(journal, "r2")
    assert synced == [journal.path.stat().st_size]


def test_two_writers_share_one_sequence(journal):
    other = Journal(journal.path)
    for writer in (journal, other, journal):
        plan(writer, "r1")
    assert [entry.sequence for entry in other.entries()] == [1, 2, 3]


def test_pending_is_what_was_planned_and_never_proved_gone(journal):
    for run in ("planned", "injected", "undone", "verified", "conflict", "again"):
        plan(journal, run)
    journal.append("injected", RunEvent.INJECTED, time=NOON)
    journal.append("undone", RunEvent.UNDONE, time=NOON)
    journal.append("verified", RunEvent.VERIFIED, time=NOON)
    journal.append("conflict", RunEvent.CONFLICT, time=NOON)
    journal.append("again", RunEvent.VERIFIED, time=NOON)
    plan(journal, "again")
    pending = Journal(journal.path).pending()
    assert list(pending) == ["planned", "injected", "undone", "again"]
    assert list(pending.values()) == [PLAN] * 4


def test_pending_on_one_cluster_leaves_the_runs_of_others_out(journal):
    for run, cluster in (("ours", "a"), ("theirs", "b"), ("simulated", "simulator")):
        payload = PLAN.to_json() | {"cluster": cluster}
        journal.append(run, RunEvent.PLANNED, time=NOON, payload=payload)
    plan(journal, "old")
    assert list(journal.pending("a")) == ["ours"]
    assert list(journal.pending()) == ["ours", "theirs", "simulated", "old"]
    told = {run: cluster for run, (_, cluster) in journal.planned().items()}
    assert told == {"ours": "a", "theirs": "b", "simulated": "simulator", "old": None}


def test_what_happened_before_a_run_was_planned_again_does_not_count(journal):
    assert journal.since_planned("r1") == frozenset()
    plan(journal, "r1")
    journal.append("r1", RunEvent.INJECTED, time=NOON)
    journal.append("r2", RunEvent.UNDONE, time=NOON)
    assert journal.since_planned("r1") == {RunEvent.INJECTED}
    plan(journal, "r1")
    assert journal.since_planned("r1") == frozenset()


def test_a_torn_last_line_is_ignored_and_said(journal, caplog):
    plan(journal, "r1")
    plan(journal, "r2")
    tear(journal)
    with caplog.at_level(logging.WARNING):
        assert list(journal.pending()) == ["r1"]
    assert "line 2 was torn" in caplog.text


def test_nothing_is_glued_to_a_torn_line(journal, caplog):
    plan(journal, "r1")
    plan(journal, "r2")
    tear(journal)
    plan(journal, "r3")
    assert "line 2 was torn" in caplog.text
    assert [(entry.run, entry.sequence) for entry in journal.entries()] == [("r1", 1), ("r3", 2)]


def test_a_line_that_lacks_only_its_newline_was_never_acknowledged(journal):
    plan(journal, "r1")
    journal.path.write_bytes(journal.path.read_bytes().rstrip(b"\n"))
    assert journal.entries() == ()
    plan(journal, "r2")
    assert list(journal.pending()) == ["r2"]


@pytest.mark.parametrize(
    "change",
    [
        {"event": "exploded"},
        {"sequence": 7},
        {"sequence": "2"},
        {"wall_time": "2026-01-05T12:00:00"},
        {"time": "noon"},
        {"time": None},
        {"run": ""},
        {"run": 3},
        {"payload": []},
    ],
)
def test_any_other_malformed_line_is_refused_with_its_number(journal, change):
    for run in ("r1", "r2", "r3"):
        plan(journal, run)
    lines = journal.path.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | change)
    journal.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidInput, match="line 2 is no journal entry"):
        journal.entries()


@pytest.mark.parametrize("line", ["", "not json", "[]", "{}", "null", '"\\ud800'])
def test_a_line_that_is_no_object_is_refused(journal, line):
    plan(journal, "r1")
    with journal.path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InvalidInput, match="line 2 is no journal entry"):
        journal.entries()


def test_bytes_that_are_no_text_are_refused(journal):
    plan(journal, "r1")
    with journal.path.open("ab") as file:
        file.write(b"\xff\xfe\n")
    with pytest.raises(InvalidInput, match="line 2"):
        journal.entries()


def test_a_plan_that_is_none_is_refused_with_its_line(journal):
    plan(journal, "r1")
    journal.append("r2", RunEvent.PLANNED, time=NOON, payload={"fault": "scale.zero"})
    with pytest.raises(InvalidInput, match=r"line 2 .* target"):
        journal.pending()


def test_what_json_cannot_say_is_not_written(journal):
    with pytest.raises(ValueError, match="JSON"):
        journal.append("r1", RunEvent.ARMED, time=NOON, payload={"load": float("nan")})
    assert journal.entries() == ()
