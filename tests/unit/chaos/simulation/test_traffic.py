"""Load flows down, trouble flows up: a caller and its callee, without noise."""

from dataclasses import replace

import pytest

from chaos.simulation.service import Service
from chaos.simulation.traffic import BASE_FAILING, TIMEOUT_S, Capacity, spread

FRONT = Service("front", 2, "2", 0.02, 1e8, {"back": 0.5})
BACK = Service("back", 2, "1", 0.02, 1e8)
CALM = {"front": Capacity(2, 2.0), "back": Capacity(2, 1.0)}
NO_LOSS = {"front": 0.0, "back": 0.0}


def flows(offered=80.0, lost=NO_LOSS, **capacities):
    return spread((FRONT, BACK), CALM | capacities, {"front": offered}, lost)


def test_calls_reach_the_callee():
    assert flows()["back"].rate == pytest.approx(40.0)


def test_a_caller_includes_its_callees_latency():
    calm = flows()
    assert calm["front"].latency_p95 == pytest.approx(
        calm["front"].served.latency_p95 + 0.5 * calm["back"].latency_p95, rel=0.01
    )


def test_lost_calls_are_retried_once():
    assert flows(lost=NO_LOSS | {"back": 1.0})["back"].rate == pytest.approx(80.0)


def test_a_healthy_graph_fails_at_the_base_rate():
    assert flows()["front"].failing == pytest.approx(BASE_FAILING, rel=0.01)


def test_without_pods_calls_fail_fast():
    calm, broken = flows(), flows(back=Capacity(0, 1.0))
    assert (broken["back"].rate, broken["back"].lost) == (0.0, 1.0)
    assert broken["front"].failing == pytest.approx(0.5, abs=0.01)
    assert broken["front"].latency_p95 < calm["front"].latency_p95


def test_burning_slows_the_callee_and_its_caller():
    calm, stressed = flows(), flows(back=Capacity(2, 1.0, burnt=0.8))
    assert stressed["back"].latency_p95 > 2 * calm["back"].latency_p95
    assert stressed["front"].latency_p95 > calm["front"].latency_p95


def test_the_scheduler_leaves_the_application_its_fair_share():
    assert Capacity(1, 2.0).speed == 1.0
    assert Capacity(1, 2.0, burnt=0.4).speed == pytest.approx(0.8)
    assert Capacity(1, 2.0, burnt=64.0).speed == 0.5


def test_a_callee_that_is_too_slow_is_given_up():
    slow = replace(flows()["back"], latency_p95=TIMEOUT_S)
    assert slow.failing < 0.01
    assert slow.lost == pytest.approx(0.05, abs=0.01)


def test_a_caller_waits_no_longer_than_its_time_out():
    overloaded = flows(offered=160.0, back=Capacity(1, 0.1))
    assert overloaded["back"].latency_p95 > TIMEOUT_S
    front = overloaded["front"]
    assert front.latency_p95 <= front.served.latency_p95 + 0.5 * 2 * TIMEOUT_S


def test_what_is_turned_away_counts_as_failed():
    overloaded = flows(offered=1000.0)["front"]
    turned_away = 1 - overloaded.served.throughput / overloaded.rate
    assert turned_away > 0.5
    assert overloaded.failing > turned_away


def test_fractions_of_a_core_serve_more_slowly():
    whole, half = flows(back=Capacity(2, 1.0)), flows(back=Capacity(2, 0.4))
    assert half["back"].latency_p95 > whole["back"].latency_p95


def test_a_retry_takes_its_time():
    middle = replace(BACK, name="middle", calls={"back": 1.0})
    front = replace(FRONT, calls={"middle": 0.5})
    capacities = CALM | {"middle": Capacity(2, 1.0), "back": Capacity(0, 1.0)}
    seen = spread((front, middle, BACK), capacities, {"front": 80.0}, {"middle": 0.0, "back": 0.0})
    assert seen["middle"].lost == 1.0
    own = seen["front"].served.latency_p95
    assert seen["front"].latency_p95 == pytest.approx(own + 0.5 * 2 * seen["middle"].latency_p95)
