"""What users notice, judged by an entry's own past."""

import numpy as np
import pandas as pd

from aiops.proving.symptoms import SUSTAINED, first_symptom
from aiops.types import MetricId

ROWS, SINCE = 200, 150


def build(*, errors=0.0, slowdown=1.0, begins=SINCE, lasts=ROWS, entry="web"):
    """An entry with noise that fails or slows down from row `begins` on."""
    rng = np.random.default_rng(2)
    ratio = 0.002 * rng.exponential(size=ROWS)
    latency = 0.1 * np.exp(0.1 * rng.normal(size=ROWS))
    ratio[begins : begins + lasts] += errors
    latency[begins : begins + lasts] *= slowdown
    index = pd.date_range("2026-01-05", periods=ROWS, freq="5s", tz="UTC")
    frame = pd.DataFrame({(entry, "error_ratio"): ratio, (entry, "latency_p95"): latency}, index)
    return frame, index[SINCE].to_pydatetime()


class TestFirstSymptom:
    def test_calm_has_none(self):
        metrics, since = build()
        assert first_symptom(metrics, ["web"], since) is None

    def test_errors_and_slowness_are_told_apart(self):
        metrics, since = build(errors=0.1)
        assert first_symptom(metrics, ["web"], since) == MetricId("web", "error_ratio")
        metrics, since = build(slowdown=3.0)
        assert first_symptom(metrics, ["web"], since) == MetricId("web", "latency_p95")

    def test_the_earlier_one_is_the_trigger(self):
        slow, since = build(slowdown=3.0)
        failing, _ = build(errors=0.5, begins=SINCE + 10, entry="api")
        both = pd.concat([slow, failing], axis=1)
        assert first_symptom(both, ["api", "web"], since) == MetricId("web", "latency_p95")

    def test_what_was_before_is_no_symptom(self):
        metrics, since = build(errors=0.5, begins=100, lasts=20)
        assert first_symptom(metrics, ["web"], since) is None

    def test_a_single_sample_is_none(self):
        metrics, since = build(errors=0.5, lasts=SUSTAINED - 1)
        assert first_symptom(metrics, ["web"], since) is None
        metrics, since = build(errors=0.5, lasts=SUSTAINED)
        assert first_symptom(metrics, ["web"], since) is not None

    def test_what_the_past_often_did_misses_no_objective(self):
        metrics, since = build(slowdown=1.8)
        metrics.iloc[20:30] *= 2.5
        assert first_symptom(metrics, ["web"], since) is None

    def test_a_missing_sample_misses_no_objective(self):
        metrics, since = build()
        metrics.iloc[SINCE:] = np.nan
        assert first_symptom(metrics, ["web"], since) is None
