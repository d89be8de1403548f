"""From runs to figures, counted by hand."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from aiops.proving.comparison import compare
from aiops.proving.scoreboard import aggregate
from aiops.scores import SCHEMA, Detection, Ranked, RunScore, Shown
from aiops.types import MetricId

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def alarm(seconds):
    return Detection(at(seconds), "web", "seen", at(seconds))


def run(number, kind="fault", *, effect="effective", delay=None, false=(), places=(), **changes):
    facts = {
        "run": f"r{number}",
        "kind": kind,
        "fault": "scale.zero" if kind == "fault" else None,
        "target": "Deployment shop/cart" if kind == "fault" else None,
        "strength": None,
        "decoy": "rollout" if kind == "decoy" else None,
        "start": at(0),
        "injected": at(60),
        "reverted": at(120),
        "end": at(180),
        "outcome": "held",
        "effect": effect,
        "why": "",
        "detected": delay is not None,
        "delay_s": delay,
        "detect_within": None,
        "detections": () if delay is None else (alarm(60 + delay), alarm(70 + delay)),
        "false_alarms": tuple(alarm(seconds) for seconds in false),
        "ranked": tuple(
            Ranked(name, place, place, 5, "web", abstained=place is None) for name, place in places
        ),
        "should_fire": (),
        "alerts_expected": 0,
        "alerts_missed": None,
        "reverted_whole": True,
        "error": None,
        "shown": None,
    }
    return RunScore(**(facts | changes))


RUNS = (
    run(1, delay=10.0, places=[("mine", 1.0)]),
    run(2, delay=20.0, places=[("mine", 4.0)]),
    run(3, delay=60.0, places=[("mine", None)]),
    run(4, reverted_whole=False),
    run(5, effect="no-effect"),
    run(6, effect="no-effect", delay=5.0, places=[("mine", 1.0)]),
    run(7, effect=None),
    run(8, "decoy", effect="no-effect", false=[70]),
    run(9, "control", effect="no-effect", false=[30, 70]),
    run(10, "control", effect="no-effect"),
)


@pytest.fixture(scope="module")
def board():
    return aggregate("mine", ["mine"], RUNS)


def test_runs_are_counted_by_kind(board):
    assert (board.faults, board.decoys, board.controls) == (7, 1, 2)
    assert board.effects == {"effective": 4, "no-effect": 2, "not judged": 1}
    assert (board.effective.hits, board.effective.of) == (4, 7)
    assert (board.reverted.hits, board.reverted.of) == (6, 7)


def test_recall_is_of_the_faults_that_bit(board):
    found = board.detection
    assert (found.recall.hits, found.recall.of) == (3, 4)
    assert (found.recall_all.hits, found.recall_all.of) == (4, 7)


def test_a_fault_counts_once_and_each_false_alarm_counts(board):
    found = board.detection
    assert (found.precision.hits, found.precision.of) == (4, 7)
    assert found.f1 == pytest.approx(2 * 0.75 * (4 / 7) / (0.75 + 4 / 7))


def test_false_alarms_an_hour_are_those_in_watched_controls(board):
    found = board.detection
    assert (found.false_alarms, found.control_alarms) == (3, 1)
    assert found.control_hours == pytest.approx(240 / 3600)
    assert found.alarms_per_hour == pytest.approx(15)
    assert (found.decoys_alarmed.hits, found.decoys_alarmed.of) == (1, 1)


def test_the_delay_is_that_of_effective_faults(board):
    delay = board.detection.delay_s
    assert (delay.low, delay.median, delay.high) == (15.0, 20.0, 40.0)


def test_what_is_not_ranked_is_a_miss(board):
    [mine] = board.rankings
    assert [(one.hits, one.of) for one in (mine.ac1, mine.ac3, mine.ac5)] == [
        (1, 4),
        (1, 4),
        (2, 4),
    ]
    assert mine.avg5 == pytest.approx((1 + 1 + 1 + 2 + 2) / 4 / 5)
    assert mine.mrr == pytest.approx((1 + 1 / 4) / 4)
    assert (mine.series_ac5.hits, mine.series_mrr) == (2, pytest.approx(5 / 16))
    assert (mine.not_asked, mine.abstained, mine.failures) == (1, 1, 0)


def test_missed_faults_stand_first(board):
    assert board.runs[0].run == "r4"
    assert [one.kind for one in board.runs][-3:] == ["decoy", "control", "control"]


def test_expected_alerts_are_counted_where_alerts_were_recorded():
    runs = [
        run(1, alerts_expected=3, alerts_missed=("a",)),
        run(2, alerts_expected=2, alerts_missed=None),
    ]
    raised = aggregate("x", [], runs).alerts_raised
    assert (raised.hits, raised.of) == (2, 3)


def test_a_single_delay_is_its_own_quartiles():
    delay = aggregate("x", [], [run(1, delay=7.0)]).detection.delay_s
    assert (delay.low, delay.median, delay.high) == (7.0, 7.0, 7.0)


def test_nothing_has_no_figures():
    empty = aggregate("x", ["mine"], [])
    assert empty.detection.f1 is None
    assert empty.detection.alarms_per_hour is None
    assert empty.rankings[0].avg5 is None
    assert empty.effective.value is None


def test_a_judge_that_is_always_wrong_has_no_f1_to_speak_of():
    assert aggregate("x", [], [run(1, false=[10])]).detection.f1 == 0.0


def test_it_is_a_document(board):
    text = json.dumps(board.to_dict(), allow_nan=False)
    document = json.loads(text)
    assert document["schema"] == SCHEMA
    assert document["detection"]["recall"]["value"] == 0.75
    assert document["runs"][0]["injected"] == "2026-11-22T12:01:00+00:00"


def test_pictures_stay_out_of_the_document():
    shown = Shown(MetricId("web", "latency_p95"), (at(0), at(5)), (1.0, float("nan")))
    document = aggregate("x", [], [run(1, shown=shown)]).to_dict()
    assert "shown" not in document["runs"][0]


class TestComparison:
    """Figures of two scoreboards, one minus the other."""

    GOOD = aggregate("x", [], [run(1, delay=10.0), run(2, delay=20.0)])
    BAD = aggregate("x", [], [run(1, delay=10.0), run(2)])

    def figures(self, left, right):
        return {one.figure: one for one in compare(left, right)}

    def test_the_left_one_minus_the_right_one(self):
        recall = self.figures(self.GOOD, self.BAD)["recall, faults that bit"]
        assert (recall.left, recall.right, recall.difference) == (1.0, 0.5, 0.5)
        assert recall.to_dict()["difference"] == 0.5

    def test_a_figure_that_one_of_them_lacks_is_no_number(self):
        alarms = self.figures(self.GOOD, self.BAD)["false alarms an hour in controls"]
        assert math.isnan(alarms.difference)

    def test_a_board_differs_from_itself_by_nothing(self):
        same = compare(self.GOOD, self.GOOD)
        assert all(one.difference == 0 or math.isnan(one.difference) for one in same)
