"""The figures against textbook series, and the simulator against the shipped real incidents."""

import numpy as np
import pandas as pd
import pytest

from aiops import datasets
from aiops.proving.realism import FIGURES, difference, figures
from aiops.proving.scenarios import Kind, draw_scenario
from chaos.simulation.simulator import Simulator


def window(values):
    index = pd.date_range("2026-01-05", periods=len(values), freq="60s", tz="UTC")
    return pd.DataFrame({("web", "cpu"): values}, index)


def test_normal_noise_has_the_figures_of_the_textbook():
    seen = figures([window(10 + np.random.default_rng(1).normal(size=5000))])
    assert seen["variation"] == pytest.approx(0.1, rel=0.05)
    assert seen["persistence"] == pytest.approx(0.0, abs=0.05)
    assert seen["tail"] == pytest.approx(3.0, abs=0.2)
    assert seen["shift"] == pytest.approx(0.0, abs=0.1)


def test_what_persists_jumps_or_shifts_is_told_apart():
    noise = np.random.default_rng(1).normal(size=400)
    calm = figures([window(50 + noise)])
    assert figures([window(500 + np.cumsum(noise))])["persistence"] > 0.9
    assert figures([window(50 + noise + 30 * (np.arange(400) % 50 == 7))])["tail"] > 10
    assert figures([window(50 + noise + 3 * (np.arange(400) > 200))])["shift"] > calm["shift"] + 2


def test_constant_and_short_series_say_nothing():
    assert all(np.isnan(list(figures([window(np.ones(100)), window(np.arange(5.0))]).values())))


def test_the_difference_is_simulated_minus_real():
    noise = np.random.default_rng(1).normal(size=400)
    seen = difference([window(50 + 2 * noise)], [window(50 + noise)])
    assert seen["variation"] == pytest.approx(0.02, rel=0.1)
    assert set(seen) == set(FIGURES)


def test_simulated_systems_are_as_restless_as_the_recorded_ones():
    recorded = [case for name in datasets.names() if (case := datasets.load(name)).inject_time]
    real = [case.metrics[case.metrics.index < case.inject_time] for case in recorded]
    simulated = []
    for number in range(8):
        scenario = draw_scenario(1, number, Kind.HEALTHY)
        system = Simulator(scenario.seed, 60.0, scenario.start, scenario.topology)
        system.advance(60)
        simulated.append(system.metrics())
    seen = difference(simulated, real)
    assert abs(seen["variation"]) < 0.1
    assert abs(seen["persistence"]) < 0.25
    assert abs(seen["tail"]) < 2
    assert abs(seen["shift"]) < 0.2
