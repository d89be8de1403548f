"""Detectors against the one-liners that people write instead."""

import numpy as np
import pandas as pd

from detectors import EWMA, RobustZ


def frame(rows, series):
    values = np.random.default_rng(0).normal(size=(rows, series))
    index = pd.date_range("2026-01-05", periods=rows, freq="15s", tz="UTC")
    columns = pd.MultiIndex.from_tuples(
        [(f"s{number}", "latency") for number in range(series)], names=["service", "metric"]
    )
    return pd.DataFrame(values, index=index, columns=columns)


def test_robust_z_over_a_day(compare):
    metrics = frame(5760, 200)
    detector = RobustZ().fit(metrics[:1440])
    calm = metrics[:1440]
    center = calm.median()
    scale = 1.4826 * (calm - center).abs().median()

    def one_line_of_pandas():
        return ((metrics - center) / scale).abs()

    compare(
        "RobustZ.anomaly_score, 200 series x 5,760 rows",
        lambda: detector.anomaly_score(metrics),
        "pandas ((x - median) / MAD).abs()",
        one_line_of_pandas,
    )


def test_ewma_over_a_day(compare):
    metrics = frame(5760, 200)

    def two_lines_of_pandas():
        history = metrics.ewm(alpha=0.05)
        return ((metrics - history.mean().shift()) / history.std().shift()).abs()

    compare(
        "EWMA.anomaly_score, 200 series x 5,760 rows",
        lambda: EWMA(alpha=0.05).anomaly_score(metrics),
        "pandas ewm mean and std, shifted",
        two_lines_of_pandas,
    )


def test_one_row_of_a_thousand_series(compare):
    metrics = frame(200, 1000)
    detector = RobustZ().fit(metrics)
    row = metrics.iloc[-1]
    center, scale = metrics.median().to_numpy(), metrics.std().to_numpy()

    def one_at_a_time():
        return [abs(value - c) / s for value, c, s in zip(row, center, scale, strict=True)]

    compare(
        "RobustZ.update, one row of 1,000 series",
        lambda: detector.update(row),
        "a Python loop over the series",
        one_at_a_time,
        runs=50,
    )
