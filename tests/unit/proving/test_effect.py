"""Whether it bit, on indicators whose truth is made by hand."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.proving.effect import verdict
from aiops.types import InvalidMetrics
from chaos.record import Effect

STEP = {"short": (2.0, 15, 20), "long": (5.0, 60, 36)}


def build(phase="long", *, seed=0, errors=0.0, slowdown=1.0, first=0, rate=100.0, entry="web"):
    """Noise of an entry, worse by so much from sample `first` of the hold on."""
    step_s, before, hold = STEP[phase]
    rng, rows = np.random.default_rng(seed), before + hold + 10
    worse = slice(before + first, before + hold)
    ratio = rng.binomial(int(rate * step_s), 0.002, rows) / (rate * step_s)
    latency = 0.1 * np.exp(0.15 * rng.normal(size=rows))
    requests = rng.poisson(rate * step_s, rows) / step_s
    ratio[worse] += errors
    latency[worse] *= slowdown
    index = pd.date_range("2026-01-05", periods=rows, freq=f"{step_s}s", tz="UTC")
    frame = pd.DataFrame(
        {
            (entry, "error_ratio"): ratio,
            (entry, "latency_p95"): latency,
            (entry, "request_rate"): requests,
        },
        index,
    )
    frame.columns.names = ["service", "metric"]
    return frame


def judge(frame, phase="long", *, entries=("web",), controls=0):
    _, before, hold = STEP[phase]
    index = frame.index
    cuts = [index[at * 10] for at in range(controls + 1)]
    return verdict(
        frame,
        entries=entries,
        baseline=(cuts[-1], index[before]),
        held=(index[before], index[before + hold]),
        controls=list(pairwise(cuts)),
    )


@pytest.mark.parametrize("phase", STEP)
class TestVerdict:
    def test_calm_has_no_effect(self, phase):
        seen = [judge(build(phase, seed=seed), phase).effect for seed in range(40)]
        assert seen.count(Effect.EFFECTIVE) <= 1
        assert seen.count(Effect.NO_EFFECT) >= 38

    @pytest.mark.parametrize(
        ("fault", "sli"),
        [({"errors": 0.05}, "error_ratio"), ({"slowdown": 1.7}, "latency_p95")],
    )
    def test_trouble_has(self, phase, fault, sli):
        seen = [judge(build(phase, seed=seed, **fault), phase) for seed in range(20)]
        assert {one.effect for one in seen} == {Effect.EFFECTIVE}
        assert {(one.sli, one.service) for one in seen} == {(sli, "web")}
        assert all(one.chance < 1e-3 for one in seen)

    def test_trouble_that_comes_late_has(self, phase):
        late = {"first": STEP[phase][2] * 2 // 3}
        assert judge(build(phase, errors=0.2, **late), phase).effect is Effect.EFFECTIVE
        assert judge(build(phase, slowdown=4.0, **late), phase).effect is Effect.EFFECTIVE

    def test_an_entry_without_requests_is_gone(self, phase):
        frame, (_, before, _) = build(phase), STEP[phase]
        frame.iloc[before:] = np.nan
        frame.loc[frame.index[before] :, ("web", "request_rate")] = 0.0
        seen = judge(frame, phase)
        assert (seen.effect, seen.sli, seen.change) == (Effect.EFFECTIVE, "request_rate", -1.0)

    def test_no_samples_are_unknown(self, phase):
        frame, (_, before, _) = build(phase), STEP[phase]
        frame.iloc[before:] = np.nan
        seen = judge(frame, phase)
        assert (seen.effect, seen.change, seen.chance) == (Effect.UNKNOWN, None, None)
        assert "too few samples" in seen.why

    def test_controls_count_as_quiet(self, phase):
        assert judge(build(phase, errors=0.05), phase, controls=1).effect is Effect.EFFECTIVE
        assert judge(build(phase), phase, controls=1).effect is Effect.NO_EFFECT


def test_a_hold_of_two_samples_is_unknown():
    frame = build(errors=0.5)
    seen = verdict(
        frame,
        entries=["web"],
        baseline=(frame.index[0], frame.index[60]),
        held=(frame.index[60], frame.index[62]),
    )
    assert seen.effect is Effect.UNKNOWN


def test_the_change_is_that_of_the_indicator():
    assert judge(build(errors=0.3)).change == pytest.approx(0.3, abs=0.01)
    assert judge(build(slowdown=2.0)).change == pytest.approx(1.0, abs=0.25)


def test_what_the_baseline_did_as_badly_is_no_effect():
    frame = build(errors=0.2)
    frame.iloc[10:40, 0] += 0.4
    assert judge(frame).effect is Effect.NO_EFFECT


def test_an_improvement_is_no_effect():
    assert judge(build(slowdown=0.3)).effect is Effect.NO_EFFECT


def test_the_edge_is_unknown():
    seen = {judge(build("short", seed=seed, slowdown=1.42), "short").effect for seed in range(30)}
    assert seen == set(Effect)


def test_few_requests_cannot_prove_an_error_ratio():
    frame = build("short", rate=1.0)
    frame.iloc[:, 0] = 0.0
    frame.iloc[20, 0] = 0.5  # one of the two requests of one sample
    assert judge(frame, "short").effect is not Effect.EFFECTIVE


def test_the_worst_entry_speaks():
    both = pd.concat([build(seed=1), build(seed=2, errors=0.2, entry="api")], axis=1)
    seen = judge(both, entries=("web", "api"))
    assert (seen.effect, seen.service) == (Effect.EFFECTIVE, "api")


def test_no_entry_is_unknown():
    seen = judge(build(), entries=("elsewhere",))
    assert (seen.effect, seen.sli) == (Effect.UNKNOWN, None)


def test_indicators_that_are_missing_are_passed_over():
    frame = build(errors=0.2)[[("web", "error_ratio")]]
    assert judge(frame).effect is Effect.EFFECTIVE


def test_an_illegal_frame_is_refused():
    frame = build()
    with pytest.raises(InvalidMetrics):
        judge(frame.tz_localize(None))


@settings(deadline=None, max_examples=25)
@given(unit=st.floats(1e-3, 1e3), seed=st.integers(0, 50), slowdown=st.floats(1.0, 3.0))
def test_the_unit_of_latency_does_not_matter(unit, seed, slowdown):
    frame = build(seed=seed, slowdown=slowdown)
    scaled = frame.copy()
    scaled["web", "latency_p95"] *= unit
    one, other = judge(frame), judge(scaled)
    assert one.effect is other.effect
    assert one.change == pytest.approx(other.change)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 50), low=st.floats(0, 0.5), more=st.floats(0, 0.4))
def test_more_errors_never_look_better(seed, low, more):
    order = [Effect.NO_EFFECT, Effect.UNKNOWN, Effect.EFFECTIVE]
    little = judge(build(seed=seed, errors=low))
    much = judge(build(seed=seed, errors=low + more))
    assert order.index(much.effect) >= order.index(little.effect)


def test_time_from_the_hold_on_is_not_looked_at():
    frame = build(errors=0.1)
    cut = frame[frame.index < frame.index[60 + 36]]
    assert judge(frame) == verdict(
        cut,
        entries=["web"],
        baseline=(frame.index[0], frame.index[60]),
        held=(frame.index[60], frame.index[60 + 36]),
    )
    assert timedelta(0) < frame.index[-1] - cut.index[-1]
