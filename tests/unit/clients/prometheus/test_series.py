"""Grids, alignment and wide frames, held to PromQL's rules by a plain twin."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import RawSeries
from aiops.clients.prometheus.alerts import firing
from aiops.clients.prometheus.series import Grid, Table, align, label_columns
from aiops.types import InvalidInput

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LOOKBACK_S = 300.0


def minutes(number):
    return T0 + timedelta(minutes=number)


def plain_align(series, grid, lookback_s):
    """Look at each time for the newest sample in (time - lookback, time]."""
    out = []
    for time in grid.times:
        seen = [i for i, at in enumerate(series.times) if time - lookback_s * 1000 < at <= time]
        out.append(series.samples[seen[-1]] if seen else np.nan)
    return np.array(out)


@settings(deadline=None, max_examples=100)
@given(
    st.sets(st.integers(0, 1_500_000), max_size=30),
    st.integers(0, 500_000),
    st.integers(1, 400_000),
    st.integers(1, 20),
)
def test_alignment_takes_the_newest_sample_that_is_fresh(times, start, step, points):
    times = np.array(sorted(times), dtype=np.int64)
    samples = np.where(np.arange(len(times)) % 4 == 3, np.nan, np.arange(len(times)))
    series, grid = RawSeries({}, times, samples), Grid(start, step, points)
    np.testing.assert_array_equal(
        align(series, grid, LOOKBACK_S), plain_align(series, grid, LOOKBACK_S)
    )


def test_a_sample_counts_until_it_is_as_old_as_the_lookback():
    series = RawSeries({}, np.array([1_000]), np.array([7.0]))
    ages = [-1, 0, 299_999, 300_000]
    found = [align(series, Grid(1_000 + age, 1, 1), LOOKBACK_S)[0] for age in ages]
    np.testing.assert_array_equal(found, [np.nan, 7, 7, np.nan])


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 50), st.integers(1, 12))
def test_the_parts_of_a_grid_are_the_grid(points, most):
    grid = Grid(1_000, 250, points)
    parts = list(grid.parts(most))
    assert np.concatenate([part.times for part in parts]).tolist() == grid.times.tolist()
    assert max(part.points for part in parts) <= most


def test_a_grid_ends_at_the_last_step_that_fits():
    grid = Grid.over(T0, T0 + timedelta(seconds=59), 15)
    assert grid.points == 4
    assert grid.index[-1].to_pydatetime() == T0 + timedelta(seconds=45)
    assert str(grid.index.tz) == "UTC"
    assert Grid.over(T0, T0, 15).points == 1


def test_times_of_another_zone_are_the_same_times():
    east = T0.astimezone(timezone(timedelta(hours=5)))
    assert Grid.over(east, east, 1) == Grid.over(T0, T0, 1)


@pytest.mark.parametrize(
    ("start", "end", "step_s", "text"),
    [
        (T0, minutes(-1), 15, "swap them"),
        (T0.replace(tzinfo=None), T0, 15, "no time zone"),
        (T0, minutes(1), 0, "no whole number of milliseconds"),
        (T0, minutes(1), -15, "no whole number of milliseconds"),
        (T0, minutes(1), 0.0015, "no whole number of milliseconds"),
    ],
)
def test_an_impossible_range_is_refused(start, end, step_s, text):
    with pytest.raises(InvalidInput, match=text):
        Grid.over(start, end, step_s)


def test_a_table_is_a_frame_with_a_level_per_label():
    table = Table(Grid.over(T0, minutes(2), 60))
    table.row({"__name__": "up", "job": "web"})[:] = [1, 0, 1]
    table.row({"__name__": "up"})[1] = 7
    table.row({"__name__": "gone"})
    frame = table.frame()
    assert list(frame.columns.names) == ["__name__", "job"]
    assert list(frame.columns) == [("up", ""), ("up", "web")]
    assert frame["up", "web"].tolist() == [1, 0, 1]
    assert frame["up", ""].isna().tolist() == [True, False, True]
    assert (frame.dtypes == np.float64).all()


def test_an_empty_table_is_an_empty_frame_of_all_times():
    frame = Table(Grid.over(T0, minutes(2), 60)).frame()
    assert frame.shape == (3, 0)
    assert list(frame.columns.names) == ["__name__"]


def test_parts_of_one_series_share_a_row_whatever_the_order_of_their_labels():
    table = Table(Grid.over(T0, minutes(1), 60))
    table.row({"a": "1", "b": "2"})[0] = 1
    table.row({"b": "2", "a": "1"})[1] = 2
    assert table.frame().to_numpy().tolist() == [[1], [2]]


def test_a_series_without_any_label_has_a_column_too():
    assert list(label_columns([{}])) == [("",)]


def test_alerts_are_the_runs_of_values():
    table = Table(Grid.over(T0, minutes(5), 60))
    labels = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "service": "web"}
    table.row(labels)[:] = [np.nan, 1, 1, np.nan, np.nan, 1]
    table.row({**labels, "alertname": "Down"})[0] = 1
    down, slow, again = firing(table)
    assert (down.name, down.start, down.end) == ("Down", T0, T0)
    assert (slow.name, slow.labels) == ("Slow", {"service": "web"})
    assert (slow.start, slow.end) == (minutes(1), minutes(2))
    assert (again.start, again.end) == (minutes(5), None)
