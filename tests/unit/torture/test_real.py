"""What the torture on a real cluster counts as left behind."""

from datetime import UTC, datetime

from chaos.cluster import ObjectRef
from chaos.journal import Journal, RunEvent
from chaos.plan import Plan
from tests.torture.real import Outcome, neglected, summary

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAN = Plan("scale.zero", ObjectRef("Deployment", "shop", "cart"), ()).to_json()


def journal_of(path, *events):
    journal = Journal(path / "journal.jsonl")
    for event in events:
        payload = PLAN if event is RunEvent.PLANNED else {}
        journal.append("run-1", event, time=NOW, payload=payload)
    return journal


def test_a_fault_that_is_in_place_is_the_business_of_its_watchdog(tmp_path):
    assert neglected(journal_of(tmp_path, RunEvent.PLANNED, RunEvent.INJECTED)) == ["run-1"]


def test_of_what_was_never_done_nothing_is_left(tmp_path):
    journal = journal_of(tmp_path, RunEvent.PLANNED)
    assert list(journal.pending()) == ["run-1"]
    assert neglected(journal) == []


def test_what_was_taken_back_is_not_neglected(tmp_path):
    events = (RunEvent.PLANNED, RunEvent.INJECTED, RunEvent.UNDONE, RunEvent.VERIFIED)
    assert neglected(journal_of(tmp_path, *events)) == []


def test_the_summary_counts_what_a_hand_had_to_recover():
    outcomes = [
        Outcome("scale.zero", "KILL", "hold", 1.0, False, ()),
        Outcome("scale.zero", "KILL", "random", None, True, ()),
        Outcome("scale.zero", "KILL", "hold", None, True, ("the watchdog left run-1 in place",)),
    ]
    assert summary(outcomes) == "3 runs on a real cluster, 2 complete, 2 recovered by hand"
