"""Rates of log lines count each line once, in the row that looks back on it."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.logs import level_rates
from aiops.errors import InvalidInput, InvalidMetrics, NotEnoughData
from aiops.types import check_metrics

T0 = datetime(2026, 11, 22, 14, tzinfo=UTC)
LEVELS = ["DEBUG", "INFO", "ERROR", "FATAL", ""]


def logs(*rows):
    index = pd.to_datetime([T0 + timedelta(seconds=row[0]) for row in rows], utc=True)
    columns = {
        "service": [row[1] for row in rows],
        "level": [row[2] for row in rows],
        "message": "",
    }
    return pd.DataFrame(columns, index=index)


def rates(frame, seconds=60, step_s=15.0):
    return level_rates(frame, T0, T0 + timedelta(seconds=seconds), step_s)


def test_a_row_counts_the_step_before_it():
    frame = rates(
        logs((-15, "a", "INFO"), (-0.001, "a", "ERROR"), (0, "a", "INFO"), (60, "a", "INFO"))
    )
    check_metrics(frame)
    assert frame["a", "log_rate"].tolist() == [2 / 15, 1 / 15, 0, 0, 0]
    assert frame["a", "log_error_rate"].tolist() == [1 / 15, 0, 0, 0, 0]


def test_services_are_sorted_and_each_has_both_rates():
    frame = rates(logs((1, "b", "INFO"), (2, "a", "FATAL")))
    assert list(frame.columns) == [
        ("a", "log_error_rate"),
        ("a", "log_rate"),
        ("b", "log_error_rate"),
        ("b", "log_rate"),
    ]


ROWS = st.lists(
    st.tuples(st.integers(-30_000, 75_000), st.sampled_from("abc"), st.sampled_from(LEVELS)),
    max_size=40,
)


@settings(deadline=None, max_examples=50)
@given(rows=ROWS)
def test_rates_are_those_of_a_loop_over_the_lines(rows):
    frame = logs(*((ms / 1000, *rest) for ms, *rest in rows))
    expected = {}
    for ms, service, level in rows:
        row = ms // 15_000 + 1
        if 0 <= row <= 4:
            for metric, counts in (
                ("log_rate", True),
                ("log_error_rate", level in {"ERROR", "FATAL"}),
            ):
                values = expected.setdefault((service, metric), np.zeros(5))
                values[row] += counts / 15
    try:
        found = rates(frame)
    except NotEnoughData:
        assert not expected
    except InvalidMetrics:
        assert all(len(set(values)) == 1 for values in expected.values())
    else:
        assert list(found.columns) == sorted(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values)


def test_a_long_name_takes_its_room_once():
    frame = logs(*((second, "a" * 10_000, "INFO") for second in range(60)))
    whole = pd.concat([frame] * 50)
    tracemalloc.start()
    level_rates(whole, T0, T0 + timedelta(seconds=60), 15.0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20e6  # a copy for each of the 3,000 lines would be 120 MB


def test_silence_is_not_enough_data():
    with pytest.raises(NotEnoughData, match="nothing was logged"):
        rates(logs((-16, "a", "INFO")))


def test_a_window_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="before its start"):
        rates(logs((1, "a", "INFO")), seconds=-1)
    with pytest.raises(InvalidInput, match="step"):
        rates(logs((1, "a", "INFO")), step_s=0)
