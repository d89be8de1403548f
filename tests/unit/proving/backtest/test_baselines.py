"""What the tick is held against: a plain z-score and chance, with as many pages as it has."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aiops.backtests import RecordedAlert
from aiops.proving.backtest.baselines import chance, highest_z, naive_pages
from aiops.proving.backtest.matching import Page

START = datetime(2026, 3, 2, tzinfo=UTC)
QUIET, LEAD = timedelta(minutes=10), timedelta(minutes=30)


def minute(count):
    return START + timedelta(minutes=count)


def frame(rows=600, columns=3):
    values = np.random.default_rng(2).normal(10, 1, size=(rows, columns))
    names = [(f"s{place}", "latency_p95") for place in range(columns)]
    labels = pd.MultiIndex.from_tuples(names, names=["service", "metric"])
    times = pd.date_range(START, periods=rows, freq="60s", unit="us", name="time")
    return pd.DataFrame(values, index=times, columns=labels)


def test_the_highest_z_is_that_of_the_strangest_series():
    metrics = frame()
    metrics.iloc[400, 1] = 60
    z = highest_z(metrics)
    assert z.argmax() == 400
    assert z[400] == pytest.approx(50, rel=0.15)
    assert (z[:60] == 0).all()


def test_constant_and_many_series_are_no_problem():
    metrics = frame(columns=300)
    metrics["still", "cpu"] = 1.0
    assert highest_z(metrics).shape == (600,)


def test_it_pages_as_often_as_it_may_and_at_the_worst():
    times = pd.date_range(START, periods=200, freq="60s", unit="us")
    z = np.zeros(200)
    z[[20, 24, 80, 81, 150]] = 5, 6, 9, 8, 7
    at = [[page.at for page in naive_pages(z, times, most, QUIET)] for most in (0, 1, 2, 3)]
    assert at == [[], [minute(80)], [minute(80), minute(150)], [minute(20), *at[2]]]
    last = naive_pages(z, times, 3, QUIET)[0]
    assert last.until == minute(24) + QUIET


def test_chance_is_the_share_of_time_that_alerts_take():
    alerts = [RecordedAlert("Slow", "web", minute(600), minute(839))]
    pages = [Page(minute(0), minute(10))]
    found = chance(alerts, pages, (START, START + timedelta(days=1)), LEAD)
    assert found.pages == 1
    assert found.led + found.matched + found.missed == pytest.approx(1)
    assert found.matched == pytest.approx(244 / 1440, abs=0.08)
    assert found == chance(alerts, pages, (START, START + timedelta(days=1)), LEAD)


def test_no_pages_match_nothing():
    alerts = [RecordedAlert("Slow", "web", minute(600), minute(839))]
    found = chance(alerts, (), (START, START + timedelta(days=1)), LEAD)
    assert (found.pages, found.missed) == (0, 1)
