"""A small incident: `db` breaks at 12:20, `web` follows; every part of it can be exchanged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.scores import (
    AlwaysScore,
    Detection,
    DetectionScore,
    Quartiles,
    Ranked,
    RankingScore,
    RunScore,
    Scoreboard,
    Shown,
)
from aiops.types import (
    Anomaly,
    Case,
    CausalEdge,
    Cause,
    Event,
    Evidence,
    Investigation,
    MetricId,
    Ranking,
    RootCause,
    ServiceScore,
)
from aiops.wilson import Share

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DB_CPU = MetricId("db", "cpu")
WEB_LATENCY = MetricId("web", "latency_seconds")


def minute(count):
    return START + timedelta(minutes=count)


def build_metrics(columns, rows=30):
    index = pd.date_range(START, periods=rows, freq="60s")
    frame = pd.DataFrame({tuple(name): values for name, values in columns.items()}, index=index)
    return frame.astype("float64").rename_axis(columns=["service", "metric"])


def calm_then_high(rows=30, onset=20, high=9.0):
    return np.where(np.arange(rows) < onset, np.arange(rows) % 2, high)


def build_ranking(**changes):
    ranking = Ranking(
        causes=(
            Cause("db", "cpu", 0.8, (Evidence("rose to 9 times its normal spread.", 9.0),)),
            Cause("web", "latency_seconds", 0.2, (Evidence("followed"),)),
        ),
        services=(ServiceScore("db", 0.8), ServiceScore("web", 0.2)),
        edges=(CausalEdge(DB_CPU, WEB_LATENCY, 2.0, 60.0, "granger"),),
        confidence=0.71,
        onset=minute(20),
        ranker="sample",
    )
    return replace(ranking, **changes)


@pytest.fixture
def at():
    """Return the moment so many minutes after the start of the metrics."""
    return minute


@pytest.fixture
def make_ranking():
    return build_ranking


@pytest.fixture
def make_metrics():
    return build_metrics


@pytest.fixture
def make_investigation():
    """Return the small incident; keywords replace parts of the case, ranking or the whole."""

    def build(*, case=None, ranking=None, **changes):
        whole = Investigation(
            case=Case(
                id="case-1",
                metrics=build_metrics(
                    {DB_CPU: calm_then_high(), WEB_LATENCY: calm_then_high(onset=21)}
                ),
                events=(Event(minute(18), "deploy", "db", "1.4.2"),),
                topology=(("web", "db"),),
                trigger=WEB_LATENCY,
                inject_time=minute(19),
                root_cause=RootCause("db"),
                fault="cpu",
                system="shop",
            ),
            onset=minute(20),
            anomalies=(
                Anomaly("db", "cpu", minute(20), minute(29), 9.0, "robust_z"),
                Anomaly("web", "latency_seconds", minute(21), minute(29), 5.0, "robust_z"),
            ),
            ranking=build_ranking(**(ranking or {})),
        )
        return replace(whole, case=replace(whole.case, **(case or {})), **changes)

    return build


def build_run(run="r1", kind="fault", **changes):
    times = tuple(minute(count) for count in range(10))
    graded = RunScore(
        run=run,
        kind=kind,
        fault="scale.zero" if kind == "fault" else None,
        target="Deployment shop/cart" if kind == "fault" else None,
        strength=1.0,
        decoy="rollout" if kind == "decoy" else None,
        start=minute(0),
        injected=minute(3),
        reverted=minute(6),
        end=minute(10),
        outcome="deviated",
        effect="effective" if kind == "fault" else "no-effect",
        why="error_ratio of web got worse (+0.300; by chance < 0.0001)",
        detected=False,
        delay_s=None,
        detect_within=None,
        detections=(),
        false_alarms=(),
        ranked=(),
        should_fire=("CartDown",),
        alerts_expected=1,
        alerts_missed=("CartDown",),
        reverted_whole=True,
        error=None,
        shown=Shown(MetricId("web", "error_ratio"), times, tuple(0.1 * n for n in range(10))),
    )
    return replace(graded, **changes)


def noticed(run="r2", **changes):
    found = Detection(minute(4), "cart", "cart/cpu is abnormal", minute(4))
    facts = {"detected": True, "delay_s": 60.0, "detections": (found,), "alerts_missed": ()}
    facts["ranked"] = (Ranked("default", 1.0, 2.0, 5, "cart"),)
    return build_run(run, **(facts | changes))


def build_board(*runs):
    runs = runs or (build_run(), noticed(), build_run("r3", "control"))
    missed = sum(run.missed for run in runs)
    bitten = sum(run.effective for run in runs)
    share = Share.count(bitten - missed, bitten)
    ranking = RankingScore(
        "max_z", share, share, share, 0.5, 0.5, share, share, share, 0.4, 0.4, 1, 0, 0
    )
    delay = Quartiles(50.0, 60.0, 70.0)
    always, none = AlwaysScore(share, share, 0.8), Share.count(0, 0)
    found = DetectionScore(share, share, share, 0.67, always, 0, 0, 0.5, 0.0, none, delay, none, 0)
    return Scoreboard(
        judge="aiops",
        faults=sum(run.kind == "fault" for run in runs),
        controls=sum(run.kind == "control" for run in runs),
        decoys=sum(run.kind == "decoy" for run in runs),
        not_injected=sum(run.kind == "not-injected" for run in runs),
        effects={"effective": bitten},
        effective=share,
        detection=found,
        rankings=(ranking,),
        unranked={},
        reverted=share,
        alerts_raised=share,
        runs=runs,
    )


@pytest.fixture
def make_run():
    """Return a maker of graded runs: by default a fault that bit and was missed."""
    return build_run


@pytest.fixture
def make_noticed():
    """Return a maker of graded runs in which the fault was noticed."""
    return noticed


@pytest.fixture
def make_board():
    """Return a maker of scoreboards; by default one missed, one noticed fault and a control."""
    return build_board
