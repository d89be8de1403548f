"""Each stage holds when what journal, store and grader hold shows it, and not otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.proving.stages import Run, report
from aiops.types import (
    STAGES,
    Anomaly,
    GuideRun,
    Incident,
    IncidentState,
    Outcome,
    Place,
    Ranking,
    ServiceScore,
    StepRun,
)
from chaos import Experiment, Journal, ObjectRef, RunEvent

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def second(count):
    return START + timedelta(seconds=count)


def ranking(*services, abstained=False):
    scores = tuple(ServiceScore(name, 1 / place) for place, name in enumerate(services, 1))
    return Ranking(causes=(), services=scores, confidence=0.75, abstained=abstained)


def step(name, outcome=Outcome.SUCCEEDED, approved_by=None):
    return StepRun(name, outcome, second(20), second(21), approved_by=approved_by)


GUIDE = GuideRun(
    "Service degraded",
    Outcome.SUCCEEDED,
    second(20),
    second(30),
    (step("workload"), step("restart", approved_by="grace")),
)
INCIDENT = Incident(
    id="inc-r1",
    opened=second(15),
    state=IncidentState.RESOLVED,
    title="store is slow",
    anomalies=(Anomaly("store", "cpu", second(5), second(60), 9.0, "robust_z"),),
    rankings=(ranking("web", "cart", "catalog"), ranking("cart", "web", "store")),
    guide_runs=(GUIDE,),
    chaos_run="r1",
)
RUN = Run(
    Experiment("stress.cpu", ObjectRef("Deployment", "shop", "store"), 60.0, 7, "r1"),
    injected_at=START,
    false_alarms=0,
)
PLACES = (
    Place("r1", "default", 3.0, 5, "cart"),
    Place("r1", "max_z", 1.5, 5, "store"),
    Place("r1", "random", None, 5, None),
)
GOOD = tuple(RunEvent(name) for name in ("planned", "injected", "armed", "undone", "verified"))


@pytest.fixture
def judge(tmp_path):
    """Report the stages of one run, with some of what it left behind changed."""
    count = iter(range(10))

    def stages(run=RUN, incidents=(INCIDENT,), events=GOOD, places=PLACES):
        journal = Journal(tmp_path / f"{next(count)}.jsonl")
        for event in events:
            journal.append("r1", event, time=START)
        found = report([run], incidents, journal, places)
        return {stage.name: stage for stage in found}

    return stages


def test_all_stages_in_order_and_all_of_them_held(judge):
    stages = judge()
    assert tuple(stages) == STAGES
    assert all(stage.ok for stage in stages.values())
    assert all(stage.detail.startswith("stress.cpu on store: ") for stage in stages.values())


def test_what_was_seen_is_told(judge):
    told = {name: stage.detail.partition(": ")[2] for name, stage in judge().items()}
    assert told["detect"] == "noticed after 15 s, 0 false alarms in the calm before"
    assert told["incident"] == "inc-r1 is in the store with 1 anomalies"
    assert told["rank"] == "cart, web, store (confidence 0.75)"
    assert told["guide"] == (
        "Service degraded: workload succeeded, restart succeeded (approved by grace)"
    )
    assert told["score"] == "place of the true cause: default 3, max_z 1.5, random -"


def failing(stages):
    return [name for name, stage in stages.items() if not stage.ok]


class TestInject:
    @pytest.mark.parametrize(
        "events",
        [
            ("planned",),
            ("planned", "injected"),
            ("injected", "planned", "armed"),
            ("injected", "armed"),
            (),
        ],
    )
    def test_needs_the_undo_on_disk_first_then_the_deed(self, judge, events):
        names = tuple(RunEvent(name) for name in (*events, "undone", "verified"))
        assert failing(judge(events=names)) == ["inject"]


class TestDetect:
    def test_a_false_alarm_in_the_calm_spoils_it(self, judge):
        stages = judge(run=replace(RUN, false_alarms=2))
        assert failing(stages) == ["detect"]
        assert "2 false alarms" in stages["detect"].detail

    def test_a_fault_that_nobody_noticed(self, judge):
        assert failing(judge(incidents=())) == ["detect", "incident", "rank", "guide"]


def test_the_incident_of_another_run_does_not_count(judge):
    other = replace(INCIDENT, chaos_run="r2")
    assert failing(judge(incidents=(other,))) == ["detect", "incident", "rank", "guide"]


class TestRank:
    def test_the_last_version_counts_and_must_name_the_cause_among_three(self, judge):
        late = (ranking("store"), ranking("web", "cart", "catalog", "store"))
        stages = judge(incidents=(replace(INCIDENT, rankings=late),))
        assert failing(stages) == ["rank"]
        assert stages["rank"].detail.endswith(": web, cart, catalog (confidence 0.75)")

    def test_an_abstention_names_nobody(self, judge):
        silent = (ranking("store", abstained=True),)
        stages = judge(incidents=(replace(INCIDENT, rankings=silent),))
        assert failing(stages) == ["rank"]
        assert stages["rank"].detail.endswith(": nobody is blamed")


class TestGuide:
    @pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FAILED, Outcome.WOULD_RUN])
    def test_anything_but_success_fails(self, judge, outcome):
        runs = (GUIDE, replace(GUIDE, outcome=outcome, steps=(step("restart", outcome),)))
        stages = judge(incidents=(replace(INCIDENT, guide_runs=runs),))
        assert failing(stages) == ["guide"]
        assert stages["guide"].detail.endswith(f"restart {outcome.value}")

    def test_no_guide_was_run(self, judge):
        assert failing(judge(incidents=(replace(INCIDENT, guide_runs=()),))) == ["guide"]


class TestRevert:
    def test_what_is_not_verified_is_not_undone(self, judge):
        assert failing(judge(events=GOOD[:-1])) == ["revert"]

    def test_a_conflict_spoils_it(self, judge):
        assert failing(judge(events=(*GOOD[:-1], RunEvent.CONFLICT, GOOD[-1]))) == ["revert"]


class TestScore:
    @pytest.mark.parametrize("place", [3.5, None])
    def test_the_true_cause_beyond_the_third_place(self, judge, place):
        places = (replace(PLACES[0], place=place), *PLACES[1:])
        assert failing(judge(places=places)) == ["score"]

    def test_places_of_another_run_do_not_count(self, judge):
        places = tuple(replace(place, run="r2") for place in PLACES)
        assert failing(judge(places=places)) == ["score"]


def test_a_stage_holds_only_if_it_held_in_every_run(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for event in GOOD:
        journal.append("r1", event, time=START)
    other = replace(RUN, experiment=replace(RUN.experiment, fault="scale.zero", run="r2"))
    stages = report([RUN, other], [INCIDENT], journal, PLACES)
    assert not any(stage.ok for stage in stages)
    details = [stage.detail.split("; ") for stage in stages]
    assert all(one.startswith("stress.cpu on store: ") for one, _ in details)
    assert all(two.startswith("scale.zero on store: ") for _, two in details)
