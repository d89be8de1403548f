"""A finding needs a symptom."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aiops.pipeline.finding import NOT_FELT, held_to_symptoms, is_felt, symptoms
from aiops.types import Cause, MetricId, Ranking, ServiceScore

ROWS, ROW = 240, 180
INDEX = pd.date_range("2026-11-22 12:00", periods=ROWS, freq="15s", tz="UTC", unit="us")
ONSET = INDEX[ROW].to_pydatetime()
LEVEL = 0.05


def frame(**after):
    """A calm system of two services; a keyword ``web__cpu`` changes a column from ONSET on."""
    noise = np.random.default_rng(3)
    usual = {
        "request_rate": lambda: noise.normal(100, 5, ROWS),
        "error_ratio": lambda: np.abs(noise.normal(0, 0.0005, ROWS)),
        "latency_p95": lambda: noise.normal(0.2, 0.01, ROWS),
        "available": lambda: np.ones(ROWS),
        "cpu": lambda: noise.normal(1, 0.05, ROWS),
    }
    columns = {(name, metric): make() for name in ("cart", "web") for metric, make in usual.items()}
    for name, change in after.items():
        key = tuple(name.split("__"))
        columns[key] = columns.get(key, np.zeros(ROWS)).copy()
        columns[key][ROW:] = change(columns[key][ROW:])
    return pd.DataFrame(columns, index=INDEX).rename_axis(columns=["service", "metric"])


def felt(**after):
    return is_felt(frame(**after), ONSET, level=LEVEL)


def burst(values):
    """Everything fails for one row in twelve, as when a process dies again and again."""
    return np.where(np.arange(len(values)) % 12 == 0, 0.9, values)


@pytest.mark.parametrize(
    "after",
    [
        {"web__latency_p95": lambda v: v * 3},
        {"web__error_ratio": lambda v: v + 0.05},
        {"web__error_ratio": burst},
        {"web__request_rate": lambda v: v * 0.2},
        {"web__request_rate": lambda v: v * np.nan},
        {"web__available": lambda v: v * 0},
    ],
    ids=["slow", "errors", "bursts of errors", "less traffic", "no traffic", "gone"],
)
def test_what_users_feel_is_felt(after):
    assert felt(**after)


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"cart__cpu": lambda v: v * 9},
        {"web__latency_p95": lambda v: v / 3},
        {"web__request_rate": lambda v: v * 2},
        {"web__error_ratio": lambda v: v * 0},
        {"web__latency_p95": lambda v: v + 0.06},
        {"web__request_rate": lambda v: v * 0.8},
        {"web__latency_p95_max": lambda v: v + 9, "web__up": lambda v: v + 1},
    ],
    ids=["nothing", "a resource", "faster", "more traffic", "no errors", "60 ms", "a bit less",
         "one pod"],
)  # fmt: skip
def test_what_users_do_not_feel_is_not(after):
    assert not felt(**after)


def slow_for(rows, until):
    """Return a change that makes a column slow for so many rows, up to `until` rows on."""

    def change(values):
        slow = values.copy()
        slow[until - rows : until] += 3.0
        return slow

    return change


def test_a_moment_that_has_passed_is_not_felt_one_that_lasts_is():
    assert not felt(web__latency_p95=slow_for(3, until=20))
    assert felt(web__latency_p95=slow_for(20, until=40))


def test_what_has_only_just_begun_and_goes_on_is_felt():
    metrics = frame()
    metrics.iloc[-3:, metrics.columns.get_loc(("web", "latency_p95"))] += 3.0
    assert is_felt(metrics, INDEX[-3].to_pydatetime(), level=LEVEL)


@pytest.mark.parametrize(
    ("rows", "longer", "minded"), [(3, 0.5, False), (4, 0.5, True), (3, 1.5, True)]
)
def test_a_latency_below_a_second_has_to_last_a_minute(rows, longer, minded):
    metrics = frame()
    metrics.iloc[-rows:, metrics.columns.get_loc(("web", "latency_p95"))] += longer
    assert is_felt(metrics, INDEX[-rows].to_pydatetime(), level=LEVEL) is minded


def test_a_symptom_that_is_always_restless_has_to_be_more_so():
    restless = frame()
    noise = np.random.default_rng(1)
    restless["web", "latency_p95"] = noise.lognormal(-1, 1.0, ROWS)
    assert not is_felt(restless, ONSET, level=LEVEL)


def test_without_symptoms_every_column_counts():
    plain = frame()[[("cart", "cpu"), ("web", "cpu")]]
    assert symptoms(plain) == []
    assert is_felt(plain, ONSET, level=LEVEL)


def test_the_symptoms_are_those_of_whole_services():
    wide = frame(web__latency_p95_spread=lambda v: v + 1)
    assert {name.metric for name in symptoms(wide)} == {
        "request_rate", "error_ratio", "latency_p95", "available",
    }  # fmt: skip
    assert all(isinstance(name, MetricId) for name in symptoms(wide))


@pytest.mark.parametrize("onset", [INDEX[0], INDEX[3], INDEX[-1]])
def test_an_onset_at_the_very_edge_does_no_harm(onset):
    assert not is_felt(frame(), onset.to_pydatetime(), level=LEVEL)


RANKING = Ranking(
    causes=(Cause("cart", "cpu", 1.0),),
    services=(ServiceScore("cart", 1.0),),
    confidence=0.9,
    onset=ONSET,
)


def test_nobody_is_blamed_for_what_nobody_feels_and_what_changed_stays():
    held = held_to_symptoms(RANKING, frame(cart__cpu=lambda v: v * 9), level=LEVEL)
    assert (held.abstained, held.confidence, held.reason) == (True, 0.0, NOT_FELT)
    assert (held.causes, held.services) == (RANKING.causes, RANKING.services)


def test_what_is_felt_is_blamed_as_before():
    ill = frame(web__latency_p95=lambda v: v * 3)
    assert held_to_symptoms(RANKING, ill, level=LEVEL) is RANKING


@pytest.mark.parametrize("change", [{"abstained": True}, {"onset": None}], ids=str)
def test_who_abstains_already_is_left_alone(change):
    ranking = replace(RANKING, **change)
    assert held_to_symptoms(ranking, frame(), level=LEVEL) is ranking
