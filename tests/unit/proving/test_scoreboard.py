"""From runs to figures, counted by hand."""

import json
import math
from dataclasses import replace
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
    run(9, "control", effect="no-effect", false=[70, 90]),
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


def test_false_alarms_an_hour_are_those_in_controls(board):
    found = board.detection
    assert (found.false_alarms, found.control_alarms) == (3, 2)
    assert found.control_hours == pytest.approx(240 / 3600)
    assert found.alarms_per_hour == pytest.approx(30)
    assert (found.decoys_alarmed.hits, found.decoys_alarmed.of) == (1, 1)


def test_what_could_not_be_judged_was_not_quiet():
    blind = [run(1, "control", error="no alerts"), run(2, "decoy", error="no alerts")]
    found = aggregate("x", [], blind).detection
    assert (found.control_hours, found.alarms_per_hour, found.failures) == (0.0, None, 2)
    assert found.decoys_alarmed.of == 0


def test_an_alarm_in_every_run_finds_all_and_cries_in_all_others(board):
    always = board.detection.always
    assert (always.recall.hits, always.recall.of) == (4, 4)
    assert (always.precision.hits, always.precision.of) == (7, 10)
    assert always.f1 == pytest.approx(2 * 0.7 / 1.7)


def test_where_nothing_was_injected_no_figure_changes(board):
    idle = run(11, "not-injected", fault="scale.zero", effect="no-effect", reverted_whole=False)
    more = aggregate("mine", ["mine"], (*RUNS, idle))
    assert more.not_injected == 1
    assert more.runs[-1] is idle
    assert replace(more, not_injected=0, runs=board.runs) == board


def test_faults_that_cannot_be_ranked_are_counted_apart():
    runs = [
        run(1, delay=1.0, places=[("mine", 1.0)]),
        run(2, delay=1.0, unranked="several causes"),
        run(3, delay=1.0, unranked="truth not measured"),
        run(4, unranked="several causes"),
        run(5, effect="no-effect", unranked="several causes"),
    ]
    board = aggregate("x", ["mine"], runs)
    assert board.unranked == {"several causes": 2, "truth not measured": 1}
    [mine] = board.rankings
    assert (mine.ac1.hits, mine.ac1.of, mine.not_asked) == (1, 1, 0)
    assert board.detection.recall.of == 4


def test_later_than_expected_is_of_the_faults_noticed_with_a_bound():
    runs = [
        run(1, delay=10.0, detect_within=5.0),
        run(2, delay=10.0, detect_within=30.0),
        run(3, delay=10.0),
        run(4, detect_within=5.0),
        run(5, effect="no-effect", delay=10.0, detect_within=5.0),
    ]
    late = aggregate("x", [], runs).detection.late
    assert (late.hits, late.of) == (1, 2)


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
