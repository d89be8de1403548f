"""Three days of two services: one breaks on the last two days, with alerts of its own rules."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.clients.prometheus import Alert

START = datetime(2026, 3, 2, tzinfo=UTC)
FAULTS = (2 * 1440 + 100, 2 * 1440 + 700, 3 * 1440 + 300)
"""The rows at which a fault of half an hour begins; all but the last raise an alert."""


def minute(count):
    return START + timedelta(minutes=count)


def build(days=4, faults=FAULTS):
    rows = days * 1440
    rng = np.random.default_rng(4)
    usual = {"request_rate": 50.0, "error_ratio": 0.002, "latency_p95": 0.2, "cpu": 1.0}
    columns = {
        (service, metric): value * (1 + 0.03 * rng.normal(size=rows))
        for service in ("db", "web")
        for metric, value in usual.items()
    }
    for place, first in enumerate(faults):
        columns["db", "latency_p95"][first : first + 30] *= 4 + place
        columns["web", "latency_p95"][first + 1 : first + 30] *= 3
    index = pd.date_range(START, periods=rows, freq="60s", unit="us", name="time")
    return pd.DataFrame(columns, index=index).rename_axis(columns=["service", "metric"])


@pytest.fixture(scope="session")
def frame():
    return build()


@pytest.fixture(scope="session")
def alerts():
    return (
        Alert("Watchdog", {}, START, None),
        Alert("SlowDb", {"service": "db"}, minute(FAULTS[0] + 10), minute(FAULTS[0] + 32)),
        Alert("SlowWeb", {"service": "web"}, minute(FAULTS[0] + 12), minute(FAULTS[0] + 32)),
        Alert("SlowDb", {"service": "db"}, minute(FAULTS[1] - 5), minute(FAULTS[1] + 32)),
        Alert("Unfelt", {"service": "db"}, minute(200), minute(240)),
    )


@pytest.fixture
def calm():
    """As much time in which nothing happens."""
    return build(faults=())
