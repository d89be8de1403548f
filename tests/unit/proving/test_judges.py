"""What judges see, and when they raise their hands."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.proving.judges import AiopsJudge, AlertsJudge, View, _alarms
from aiops.types import Anomaly, NotEnoughData
from chaos.runs import Alert

START = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def faulty(make_run, tmp_path_factory):
    def alerts(phases):
        second = timedelta(seconds=1)
        yield Alert("Old", phases.baseline_start - second, None, {})
        yield Alert("Early", phases.injected - second, None, {})
        yield Alert("Slow", phases.injected + 9 * second, None, {"app": "web", "job": "x"})
        yield Alert("Down", phases.injected + 5 * second, None, {"service": "store", "app": "y"})

    return make_run(
        tmp_path_factory.mktemp("runs") / "faulty", seed=3, fault="scale.zero", alerts=alerts
    )


@pytest.fixture(scope="module")
def quiet(make_run, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "quiet", seed=4)


def view(folder):
    return View.of(folder, folder.case())


class TestView:
    def test_it_holds_no_truth(self, faulty):
        seen = view(faulty)
        assert not {"root_cause", "fault", "effect", "record"} & set(vars(seen))
        assert seen.metrics.attrs == {}
        assert sorted(seen.metrics.columns) == sorted(faulty.case().metrics.columns)

    def test_the_order_of_the_columns_says_nothing(self, faulty, quiet):
        orders = [list(view(folder).metrics.columns) for folder in (faulty, quiet)]
        assert orders[0] != orders[1]
        assert orders[0] == list(view(faulty).metrics.columns)

    def test_it_ends_with_the_run(self, faulty):
        phases, metrics = faulty.record.phases, view(faulty).metrics
        assert phases.baseline_start <= metrics.index[0]
        assert metrics.index[-1] < phases.end


class TestAiopsJudge:
    def test_a_fault_is_one_alarm_once_it_is_sure(self, faulty):
        judge, seen = AiopsJudge(), view(faulty)
        first, *_ = judge.detect(seen)
        wait = (judge.settings.detection.min_points - 1) * 5
        assert first.time - first.began == timedelta(seconds=wait)
        assert faulty.record.phases.injected <= first.began
        assert first.time <= faulty.record.phases.injected + timedelta(seconds=30)
        assert first.text.endswith("more")

    def test_a_quiet_run_is_none(self, quiet):
        assert AiopsJudge().detect(view(quiet)) == ()

    def test_alarms_are_told_apart_by_a_gap(self):
        def strange(start, end):
            times = [START + timedelta(seconds=at) for at in (start, end)]
            return Anomaly("web", "cpu", *times, 9.0, "x")

        found = (strange(0, 10), strange(5, 30), strange(40, 50), strange(80, 90))
        for gap, starts in ((9, [0, 40, 80]), (10, [0, 80]), (30, [0])):
            groups = _alarms(found, timedelta(seconds=gap))
            assert [(one[0].start - START).total_seconds() for one in groups] == starts
        assert list(_alarms((), timedelta(0))) == []

    def test_the_baselines_are_asked_beside_it(self):
        assert list(AiopsJudge().rankers) == ["default", "max_z", "random"]

    def test_too_little_to_judge_by_is_said(self, faulty):
        seen = view(faulty)
        early = View(seen.metrics, seen.topology, faulty.record.phases.baseline_start, None)
        with pytest.raises(NotEnoughData):
            AiopsJudge().detect(early)


class TestAlertsJudge:
    def test_alerts_of_the_run_in_their_order(self, faulty):
        found = AlertsJudge().detect(view(faulty))
        assert [(one.text, one.service) for one in found] == [("Down", "store"), ("Slow", "web")]

    def test_it_ranks_nothing(self):
        assert AlertsJudge().rankers == {}

    def test_alerts_that_nobody_recorded_are_not_silence(self, quiet):
        with pytest.raises(NotEnoughData, match=r"alerts\.json"):
            AlertsJudge().detect(view(quiet))
