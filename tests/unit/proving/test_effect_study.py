"""The study of the effect verdict: a true twin, and a sample that reaches the figures."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aiops.proving.effect_study import Judged, judge, study, true_size
from aiops.proving.scenarios import Kind, draw_scenario
from chaos import FAULTS
from chaos.record import Effect, EffectVerdict

N, SEED = 24, 5


@pytest.fixture(scope="module")
def sample():
    return study(N, SEED)


def frame(errors=0.0, latency=0.1, rows=20):
    index = pd.date_range("2026-01-05", periods=rows, freq="2s", tz="UTC")
    values = {("web", "error_ratio"): errors, ("web", "latency_p95"): latency}
    return pd.DataFrame(values, index=index)


def said(effect, *, size, kind=Kind.FAULT, short=False):
    verdict = EffectVerdict(effect, "error_ratio", "web", 0.1, 0.1, "")
    return Judged(kind, None, short, size, verdict)


class TestTruth:
    def test_the_same_is_no_effect(self):
        assert true_size(frame(), frame(), ["web"]) == 0

    def test_thresholds_are_one(self):
        assert true_size(frame(errors=0.01), frame(), ["web"]) == pytest.approx(1)
        assert true_size(frame(latency=0.12), frame(), ["web"]) == pytest.approx(1)

    def test_a_slowdown_has_to_last_a_fifth(self):
        slow = frame()
        slow.iloc[:3, 1] *= 3
        assert true_size(slow, frame(), ["web"]) < 1
        slow.iloc[3, 1] *= 3
        assert true_size(slow, frame(), ["web"]) > 1

    def test_requests_that_nobody_served_are_errors(self):
        gone = frame()
        gone.iloc[:5] = np.nan
        assert true_size(gone, frame(), ["web"]) == pytest.approx(25)

    def test_samples_that_monitoring_missed_anyway_are_none(self):
        missed = frame()
        missed.iloc[:5] = np.nan
        assert true_size(missed, missed, ["web"]) == 0

    def test_better_is_no_effect(self):
        assert true_size(frame(), frame(errors=0.5, latency=0.4), ["web"]) <= 0


def test_doing_nothing_is_truly_nothing():
    scenario = replace(draw_scenario(1, 0, Kind.HEALTHY), before=60, after=24)
    assert judge(scenario).size == 0


def test_taking_an_entry_away_is_truly_effective():
    scenario = draw_scenario(2, 0, Kind.FAULT)
    entry = next(iter(scenario.topology.entries))
    scenario = replace(
        scenario, fault=FAULTS["scale.zero"], targets=(entry,), change=None, before=60, after=24
    )
    judged = judge(scenario)
    assert judged.size > 1
    assert judged.verdict.effect is Effect.EFFECTIVE


def test_a_sample_is_judged_well(sample):
    figures = sample.to_dict()["all"]
    assert figures["scenarios"] == N
    assert 0.25 * N < figures["truly_effective"] < 0.75 * N
    assert figures["balanced_accuracy"] >= 0.85
    assert figures["unknown"]["value"] <= 0.1


def test_it_is_the_same_again():
    assert study(1, SEED) == study(1, SEED) != study(1, SEED + 1)


def test_progress_is_told():
    told = []
    study(1, 1, progress=lambda *what: told.append(what[:2]))
    assert told == [(1, 1)]


def test_figures_count_by_hand(sample):
    yes, no, unsure = Effect.EFFECTIVE, Effect.NO_EFFECT, Effect.UNKNOWN
    judged = (
        said(yes, size=3), said(yes, size=2), said(no, size=1.1), said(unsure, size=9),
        said(no, size=0), said(yes, size=0.5), said(yes, size=0, kind=Kind.HEALTHY),
        said(no, size=0, kind=Kind.HEALTHY),
    )  # fmt: skip
    figures = type(sample)(judged).to_dict()["all"]
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 2 / 4) / 2)
    assert figures["balanced_accuracy_strict"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert figures["false_effective_on_controls"]["value"] == 0.5
    assert (figures["unknown"]["hits"], figures["grey"]) == (1, 1)
    assert type(sample)(judged).to_dict()["without grey"]["scenarios"] == 7


def test_nothing_to_count_has_no_accuracy(sample):
    assert type(sample)(()).to_dict()["all"]["balanced_accuracy"] is None
