"""Recorded cases answer as a live system would, and make nothing up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.cases.rules import check_logs
from aiops.collectors.casefolder import CaseFolderCollector
from aiops.datasets import home, save
from aiops.types import Case, Event, InvalidCase, InvalidInput, NotEnoughData, check_metrics

T0 = datetime(2026, 11, 22, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(minutes):
    return T0 + minutes * MINUTE


def case(name="one", first=0, rows=10, services=("cart",), **more):
    index = pd.date_range(after(first), periods=rows, freq="min")
    columns = pd.MultiIndex.from_product([services, ["cpu"]], names=("service", "metric"))
    values = np.arange(rows * len(services), dtype=float).reshape(rows, -1) + 100 * first
    return Case(name, pd.DataFrame(values, index=index, columns=columns), **more)


def test_the_recorded_grid_gives_what_was_recorded():
    one = case()
    frame = CaseFolderCollector([one]).metrics(T0, after(9), 60)
    pd.testing.assert_frame_equal(frame, one.metrics, check_freq=False)


def test_a_row_is_the_newest_one_and_never_an_old_one():
    source = CaseFolderCollector([case(rows=3)])
    frame = source.metrics(T0 + MINUTE / 2, after(5), 30)
    assert frame["cart", "cpu"].tolist()[:5] == [0, 1, 1, 2, 2]
    assert frame["cart", "cpu"].isna().tolist()[5:] == [True] * 5


@settings(deadline=None, max_examples=60)
@given(start_s=st.integers(-300, 1200), rows=st.integers(3, 30), step_s=st.integers(1, 200))
def test_every_row_is_what_a_loop_over_the_case_finds(start_s, rows, step_s):
    recorded = case().metrics["cart", "cpu"]
    start = T0 + timedelta(seconds=start_s)
    times = [start + timedelta(seconds=step_s * row) for row in range(rows)]
    known = [
        recorded[(recorded.index <= time) & (recorded.index > time - MINUTE)] for time in times
    ]
    expected = [one.iloc[-1] if len(one) else np.nan for one in known]
    source = CaseFolderCollector([case()])
    try:
        frame = source.metrics(start, times[-1], step_s)
    except NotEnoughData:
        assert np.isnan(expected).all()
    except InvalidInput:
        assert len(set(expected) - {np.nan}) <= 1
    else:
        np.testing.assert_array_equal(frame["cart", "cpu"], expected)


def test_several_cases_are_one_history_with_gaps():
    source = CaseFolderCollector([case("late", 20, services=("cart", "web")), case("early")])
    frame = source.metrics(after(5), after(25), 60)
    check_metrics(frame)
    assert list(frame.columns) == [("cart", "cpu"), ("web", "cpu")]
    assert frame["cart", "cpu"].isna().sum() == 10
    assert frame["web", "cpu"].notna().sum() == 6
    assert source.span == (T0, after(29))


def test_a_case_that_begins_within_a_step_of_another_comes_first():
    later = case("later", 0)
    later.metrics.index = later.metrics.index + timedelta(minutes=9, seconds=30)
    frame = CaseFolderCollector([case(), later]).metrics(after(8), after(12), 15)
    assert not frame.index.has_duplicates
    assert frame["cart", "cpu"].tolist()[4:8] == [9, 9, 0, 0]


def test_logs_and_events_are_those_of_the_window():
    index = pd.DatetimeIndex([after(1), after(2), after(3)])
    logs = pd.DataFrame({"service": "cart", "level": "INFO", "message": list("abc")}, index=index)
    events = (Event(after(3), "deploy"), Event(after(2), "scale"), Event(after(1), "deploy"))
    source = CaseFolderCollector([case(logs=logs, events=events), case("two", 20)])
    assert source.logs(after(1), after(3))["message"].tolist() == ["a", "b"]
    assert [event.kind for event in source.events(after(1), after(3))] == ["deploy", "scale"]
    silence = source.logs(after(5), after(6))
    check_logs(silence, "logs")
    assert len(silence) == 0
    assert source.events(after(5), after(6)) == ()


def test_the_calls_of_all_cases_each_once():
    first = case(topology=(("web", "cart"), ("cart", "db")))
    second = case("two", 20, topology=(("web", "cart"), ("web", "db")))
    source = CaseFolderCollector([first, second])
    assert source.topology == (("web", "cart"), ("cart", "db"), ("web", "db"))


def test_nothing_recorded_is_not_enough_data():
    with pytest.raises(NotEnoughData, match="nothing was recorded"):
        CaseFolderCollector([case()]).metrics(after(30), after(40), 60)


def test_cases_that_overlap_are_refused_by_name():
    with pytest.raises(InvalidCase, match="'one' and 'two' overlap"):
        CaseFolderCollector([case(), case("two", 5)])
    with pytest.raises(InvalidCase, match="no case"):
        CaseFolderCollector([])


def test_folders_are_read(tmp_path):
    for one in (case(), case("two", 20)):
        save(one, tmp_path / one.id)
    source = CaseFolderCollector.at([tmp_path])
    assert [one.id for one in source.cases] == ["one", "two"]
    shipped = CaseFolderCollector.at([home() / "nezha-ob-delay-cart"])
    start, end = shipped.span
    recorded = shipped.cases[0].metrics.sort_index(axis=1)
    frame = shipped.metrics(start, end, 60).rename_axis("time")
    pd.testing.assert_frame_equal(frame, recorded, check_freq=False)
