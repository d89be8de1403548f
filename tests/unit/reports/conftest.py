"""A small incident: `db` breaks at 12:20, `web` follows; every part of it can be exchanged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

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
