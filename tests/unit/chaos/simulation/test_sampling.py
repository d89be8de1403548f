"""Measured values scatter around what truly flows, as counts and quantiles do."""

import math

import numpy as np
import pytest

from chaos.simulation.sampling import METRICS, Streams, sample
from chaos.simulation.service import Service
from chaos.simulation.traffic import Capacity, spread

ONE = Service("one", 2, "1", 0.02, 1e8)


def measured(rate, capacity, samples=2000):
    """Return metric → array of `samples` measurements of one service, and what truly flows."""
    flow = spread((ONE,), {"one": capacity}, {"one": rate}, {"one": 0.0})["one"]
    rng = np.random.default_rng(1)
    rows = np.array([sample(flow, 1e8, 5.0, rng) for _ in range(samples)])
    return dict(zip(METRICS, rows.T, strict=True)), flow


def test_means_are_what_truly_flows():
    seen, flow = measured(60.0, Capacity(2, 1.0))
    assert seen["request_rate"].mean() == pytest.approx(60.0, rel=0.01)
    assert seen["error_ratio"].mean() == pytest.approx(flow.failing, rel=0.15)
    assert seen["latency_p95"].mean() == pytest.approx(flow.latency_p95, rel=0.02)
    assert seen["cpu"].mean() == pytest.approx(60.0 * 0.02, rel=0.01)
    assert seen["memory"].mean() == pytest.approx(2e8, rel=0.01)
    assert seen["queue_length"].mean() == pytest.approx(flow.served.queue_length, rel=0.1)
    assert set(seen["replicas_ready"]) == {2.0}


def test_counts_scatter_as_poisson_counts():
    seen, _ = measured(60.0, Capacity(2, 1.0))
    assert seen["request_rate"].std() == pytest.approx(math.sqrt(60.0 / 5.0), rel=0.1)


def test_cpu_stops_at_the_limit():
    seen, _ = measured(60.0, Capacity(2, 1.0, burnt=0.8))
    assert seen["cpu"].mean() == pytest.approx(2.0, rel=0.01)


def test_what_is_turned_away_costs_no_cpu():
    seen, flow = measured(200.0, Capacity(2, 1.0))
    assert flow.served.throughput == pytest.approx(98.0)
    assert seen["cpu"].mean() < 1.97


def test_a_service_without_pods_measures_zero_or_nothing():
    seen, _ = measured(60.0, Capacity(0, 1.0), samples=3)
    for metric in ("request_rate", "cpu", "memory", "replicas_ready", "queue_length"):
        assert set(seen[metric]) == {0.0}
    assert np.isnan(seen["error_ratio"]).all()
    assert np.isnan(seen["latency_p95"]).all()


def test_an_idle_pod_still_holds_its_memory():
    seen, _ = measured(0.0, Capacity(2, 1.0), samples=3)
    assert (seen["memory"] > 1e8).all()
    assert (seen["cpu"] == 0).all()


def test_a_stream_depends_on_seed_service_and_step_alone():
    streams = Streams(seed=3, services=2)
    first = streams.at(1, 40).random(5).tolist()
    streams.at(0, 7).random(1000)
    streams.at(1, 41).random(3)
    assert streams.at(1, 40).random(5).tolist() == first
    others = [Streams(4, 2).at(1, 40), Streams(3, 2).at(0, 40), Streams(3, 2).at(1, 41)]
    assert all(other.random(5).tolist() != first for other in others)
