"""Grading single runs: which detection is whose, and what is asked of the rankers."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from aiops import datasets
from aiops.proving.judges import AiopsJudge, AlertsJudge
from aiops.proving.score import score, score_run
from aiops.scores import Detection
from aiops.types import Cause, NotEnoughData, Ranking, RootCause, ServiceScore
from chaos.record import Expected, Revert, RunOutcome
from chaos.runs import Alert


@dataclass(frozen=True)
class Scripted:
    """Raises its hand at given seconds after the injection."""

    seconds: tuple[float, ...]
    rankers: dict = field(default_factory=dict)
    name: str = "scripted"

    def detect(self, view):
        times = [view.watch_from + timedelta(seconds=at) for at in self.seconds]
        return tuple(Detection(time, "store", "seen", time) for time in times)


@dataclass
class Ranks:
    """Answers with a fixed ranking, and remembers what it was asked."""

    answer: object
    asked: list = field(default_factory=list)

    def rank(self, metrics, *, onset=None, trigger=None, topology=()):
        self.asked.append((metrics.index[-1], onset, trigger, topology))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


BLAMES = Ranking(
    causes=(Cause("web", "cpu", 0.5), Cause("store", "replicas_ready", 0.3)),
    services=(ServiceScore("web", 0.6), ServiceScore("store", 0.2), ServiceScore("cart", 0.2)),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def faulty(make_run, root):
    def alerts(phases):
        yield Alert("Early", phases.baseline_start + timedelta(seconds=5), None, {})
        yield Alert("StoreDown", phases.injected + timedelta(seconds=12), None, {})

    expected = Expected("store", ("replicas_ready",), ("StoreDown", "WebErrors"))
    return make_run(root / "faulty", seed=3, fault="scale.zero", alerts=alerts, expected=expected)


@pytest.fixture(scope="module")
def quiet(make_run, root):
    return make_run(root / "quiet", seed=4)


@pytest.fixture(scope="module")
def decoy(make_run, root):
    return make_run(root / "decoy", seed=5, decoy="rollout")


HOLD_S = 24 * 5


class TestDetections:
    def test_a_detection_in_the_hold_is_true_and_has_a_delay(self, faulty):
        graded = score_run(faulty, Scripted((15.0, 40.0)))
        assert (graded.detected, graded.delay_s, len(graded.detections)) == (True, 15.0, 2)
        assert graded.false_alarms == ()
        assert not graded.missed

    @pytest.mark.parametrize("late", [0.0, 29.0])
    def test_a_detection_in_the_grace_is_true(self, faulty, late):
        assert score_run(faulty, Scripted((HOLD_S + late,))).detected

    def test_every_later_one_is_a_false_alarm(self, faulty):
        graded = score_run(faulty, Scripted((HOLD_S + 31.0,)))
        assert (graded.detected, len(graded.false_alarms)) == (False, 1)
        assert graded.missed

    def test_one_before_the_injection_is_neither(self, faulty, quiet):
        for folder in (faulty, quiet):
            graded = score_run(folder, Scripted((-1.0,)))
            assert (graded.detections, graded.false_alarms) == ((), ())

    def test_where_nothing_was_injected_nothing_is_graded(self, faulty, decoy):
        for folder in (faulty, decoy):
            idle = replace(folder, record=replace(folder.record, injected=False))
            graded = score_run(idle, Scripted((15.0, 999.0), {"mine": Ranks(BLAMES)}))
            assert (graded.kind, graded.detected, graded.error) == ("not-injected", False, None)
            assert (graded.detections, graded.false_alarms, graded.ranked) == ((), (), ())

    def test_in_a_control_and_a_decoy_every_detection_is_false(self, quiet, decoy):
        for folder, kind in ((quiet, "control"), (decoy, "decoy")):
            graded = score_run(folder, Scripted((15.0,)))
            assert (graded.kind, graded.detected, len(graded.false_alarms)) == (kind, False, 1)

    def test_a_judge_that_cannot_judge_misses_and_is_counted(self, quiet, faulty):
        graded = score_run(quiet, AlertsJudge())
        assert "alerts.json" in graded.error
        board = score([quiet, faulty], AlertsJudge())
        assert board.detection.failures == 1

    def test_a_run_without_metrics_is_not_judged(self, make_run, tmp_path):
        folder = make_run(tmp_path / "blank", seed=8, fault="scale.zero")
        shutil.rmtree(folder.path / "case")
        graded = score_run(folder, Scripted((15.0,)))
        assert (graded.detected, graded.error) == (False, "no metrics were recorded")

    def test_an_error_of_another_kind_is_not_hidden(self, quiet):
        class Broken(Scripted):
            def detect(self, view):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            score_run(quiet, Broken(()))


class TestRankings:
    def test_places_of_the_service_and_of_the_series(self, faulty):
        ranks = Ranks(BLAMES)
        [ranked] = score_run(faulty, Scripted((15.0,), {"mine": ranks})).ranked
        assert (ranked.service_place, ranked.series_place) == (2.5, 2.0)
        assert (ranked.blamed, ranked.candidates) == ("web", 5)

    def test_it_is_asked_at_the_end_of_the_hold_from_the_first_detection_on(self, faulty):
        ranks = Ranks(BLAMES)
        score_run(faulty, Scripted((15.0, 40.0), {"mine": ranks}))
        [(last, onset, trigger, topology)] = ranks.asked
        phases = faulty.record.phases
        assert last <= phases.reverted
        assert onset == phases.injected + timedelta(seconds=15)
        assert trigger is None
        assert ("cart", "store") in topology

    def test_nobody_is_asked_where_nothing_was_noticed(self, faulty, quiet):
        ranks = Ranks(BLAMES)
        for folder, when in ((faulty, ()), (quiet, (15.0,))):
            assert score_run(folder, Scripted(when, {"mine": ranks})).ranked == ()
        assert ranks.asked == []

    def test_with_a_second_fault_nobody_can_say_whose_place_it_is(self, faulty):
        record = replace(faulty.record, beside=("stress.cpu on Deployment shop/cart",))
        ranks = Ranks(BLAMES)
        graded = score_run(replace(faulty, record=record), Scripted((15.0,), {"mine": ranks}))
        assert (graded.detected, graded.ranked, ranks.asked) == (True, (), [])
        assert graded.unranked == "several causes"
        assert graded.beside == record.beside

    @pytest.mark.parametrize("service", ["elsewhere", None])
    def test_a_truth_that_is_not_among_the_metrics_can_have_no_place(
        self, make_run, tmp_path, service
    ):
        folder = make_run(tmp_path / "run", seed=9, fault="scale.zero")
        cause = RootCause(service, ()) if service else None
        case = replace(folder.case(), root_cause=cause)
        shutil.rmtree(folder.path / "case")
        datasets.save(case, folder.path / "case")
        graded = score_run(folder, Scripted((15.0,), {"mine": Ranks(BLAMES)}))
        assert (graded.ranked, graded.unranked) == ((), "truth not measured")

    def test_a_fault_and_a_control_that_can_be_ranked_say_nothing_of_it(self, faulty, quiet):
        assert score_run(faulty, Scripted((15.0,))).unranked is None
        assert score_run(quiet, Scripted((15.0,))).unranked is None

    def test_abstentions_and_failures_are_told_apart(self, faulty):
        rankers = {
            "shy": Ranks(Ranking(causes=(), abstained=True)),
            "broken": Ranks(NotEnoughData("too little")),
        }
        shy, broken = score_run(faulty, Scripted((15.0,), rankers)).ranked
        assert (shy.abstained, shy.error, shy.service_place) == (True, None, None)
        assert (broken.abstained, broken.error) == (False, "too little")


class TestFacts:
    def test_expected_alerts_that_did_not_fire_are_named(self, faulty, quiet):
        graded = score_run(faulty, AlertsJudge())
        assert graded.alerts_missed == ("WebErrors",)
        assert graded.should_fire == ("StoreDown", "WebErrors")
        assert [one.text for one in graded.detections] == ["StoreDown"]
        assert graded.false_alarms == ()
        assert score_run(quiet, Scripted(())).alerts_missed is None

    def test_without_expected_alerts_the_series_should_fire(self, make_run, root):
        folder = make_run(root / "plain", seed=6, fault="scale.zero", service="cart")
        assert score_run(folder, Scripted(())).should_fire == ("cart/replicas_ready",)

    @pytest.mark.parametrize(
        "changes",
        [
            {"outcome": RunOutcome.REVERT_INCOMPLETE},
            {"revert": Revert(conflicts=("/spec/replicas",))},
        ],
    )
    def test_a_revert_that_left_something_is_not_whole(self, make_run, tmp_path, changes):
        folder = make_run(tmp_path / "left", seed=7, fault="scale.zero", **changes)
        assert not score_run(folder, Scripted(())).reverted_whole

    def test_the_indicator_of_the_verdict_is_shown(self, faulty):
        shown = score_run(faulty, Scripted(())).shown
        assert shown.series.service == "web"
        assert len(shown.times) == len(shown.values) == 80

    @pytest.mark.parametrize("effect", [None, ("elsewhere", "latency_p95"), (None, None)])
    def test_without_a_verdict_on_an_indicator_nothing_is_shown(self, faulty, effect):
        said = effect and replace(faulty.record.effect, service=effect[0], sli=effect[1])
        folder = replace(faulty, record=replace(faulty.record, effect=said))
        assert score_run(folder, Scripted(())).shown is None


def test_the_whole_on_real_runs(faulty, quiet, decoy):
    told = []
    board = score([faulty, quiet, decoy], AiopsJudge(), progress=lambda *what: told.append(what))
    assert (board.faults, board.controls, board.decoys) == (1, 1, 1)
    assert board.detection.recall.value == 1.0
    assert [one.ranker for one in board.rankings] == ["default", "max_z", "random"]
    assert board.rankings[0].ac3.value == 1.0
    assert told == [(1, 3, "run-3"), (2, 3, "run-4"), (3, 3, "run-5")]
