"""The causal engine against the obvious ways to do the same."""

import numpy as np
import pandas as pd

from rca import CausalRanker, MaxZ
from rca.granger import linear_granger
from tests import naive

ROWS, SERIES = 240, 40


def incident(rows, services):
    """Return noise in which one service of many breaks for the last 30 rows."""
    rng = np.random.default_rng(0)
    metrics = ["latency_p95", "error_ratio", "cpu", "memory", "request_rate", "queue_length"]
    names = [(f"s{number}", metric) for number in range(services) for metric in metrics]
    values = rng.normal(size=(rows, len(names)))
    values[-30:, :6] += 8
    index = pd.date_range("2026-01-05", periods=rows, freq="15s", tz="UTC")
    columns = pd.MultiIndex.from_tuples(names, names=["service", "metric"])
    return pd.DataFrame(values, index=index, columns=columns)


def test_granger_in_one_solve(compare):
    values = np.random.default_rng(0).normal(size=(ROWS, SERIES))
    _, ratio = compare(
        f"linear Granger, {SERIES} series x {ROWS} rows, all pairs",
        lambda: linear_granger(values),
        "numpy.linalg.lstsq per pair",
        lambda: naive.granger(values, lags=3),
        runs=3,
    )
    assert ratio < 0.1


def test_six_hundred_series_in_two_seconds(compare):
    frame = incident(rows=1440, services=100)
    onset = frame.index[-30]
    seconds, _ = compare(
        "default ranker, 600 series x 1,440 rows",
        lambda: CausalRanker().rank(frame, onset=onset),
        "max_z",
        lambda: MaxZ().rank(frame, onset=onset),
        runs=3,
    )
    assert seconds < 2
