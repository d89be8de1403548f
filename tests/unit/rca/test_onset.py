"""From which row on a ranker compares, told or found."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from aiops.types import InvalidInput, NotEnoughData
from rca.onset import CANDIDATES, LEAD, Onset, found, given, near
from rca.strangeness import MIN_BEFORE

START = datetime(2026, 1, 1, tzinfo=UTC)


def frame(rows=60, split=None, shift=8.0, series=4):
    values = np.random.default_rng(0).normal(size=(rows, series))
    if split is not None:
        values[split:] += shift
    columns = pd.MultiIndex.from_product(
        [[f"s{place}" for place in range(series)], ["cpu"]], names=["service", "metric"]
    )
    index = pd.date_range(START, periods=rows, freq="60s")
    return pd.DataFrame(values, index=index, columns=columns)


class TestGiven:
    @pytest.mark.parametrize(
        ("seconds", "row"), [(0, 0), (1, 1), (60, 1), (61, 2), (59 * 60, 59), (58 * 60 + 1, 59)]
    )
    def test_after_starts_with_the_first_row_at_or_past_the_moment(self, seconds, row):
        assert given(frame(), START + timedelta(seconds=seconds)) == Onset(row, row, 1.0)

    @pytest.mark.parametrize("seconds", [-1, 59 * 60 + 1])
    def test_a_moment_outside_is_refused_with_the_span(self, seconds):
        said = "lies outside the metrics .2026-01-01T00:00:00.* to 2026-01-01T00:59:00"
        with pytest.raises(NotEnoughData, match=said):
            given(frame(), START + timedelta(seconds=seconds))

    def test_any_zone_will_do_but_none(self):
        there = (START + timedelta(minutes=7)).astimezone(timezone(timedelta(hours=-5)))
        assert given(frame(), there).row == 7
        with pytest.raises(InvalidInput, match="has no time zone"):
            given(frame(), there.replace(tzinfo=None))


class TestFound:
    def test_finds_the_change_and_leaves_a_lead_for_the_cause(self):
        onsets = found(frame(split=40))
        assert onsets[0].row == 40
        assert onsets[0].split == 40 - LEAD
        assert onsets[0].weight > 0.9

    def test_weighs_the_likeliest_best_first(self):
        onsets = found(frame())
        weights = [onset.weight for onset in onsets]
        assert len(onsets) == CANDIDATES
        assert weights == sorted(weights, reverse=True)
        assert sum(weights) == pytest.approx(1)
        assert all(type(onset.row) is int for onset in onsets)

    def test_always_leaves_enough_before(self):
        onsets = found(frame(split=MIN_BEFORE + 1))
        assert onsets[0].row == MIN_BEFORE + 1
        assert min(onset.split for onset in onsets) == MIN_BEFORE

    def test_a_window_too_short_is_refused(self):
        with pytest.raises(NotEnoughData, match="10 rows are too few"):
            found(frame(rows=10))


class TestNear:
    @pytest.mark.parametrize("late", [0, 1, 5, 9])
    def test_finds_what_changed_shortly_before_it_was_noticed(self, late):
        onsets = near(frame(split=40), START + timedelta(minutes=40 + late))
        assert (onsets[0].row, onsets[0].split) == (40, 40 - LEAD)
        assert sum(onset.weight for onset in onsets) == pytest.approx(1)

    def test_a_clock_may_be_a_minute_ahead(self):
        assert near(frame(split=40), START + timedelta(minutes=39))[0].row == 40

    def test_a_larger_change_long_before_is_not_what_was_noticed(self):
        both = frame(split=50, shift=4.0)
        both.iloc[20:] += 40
        assert found(both)[0].row == 20
        assert near(both, START + timedelta(minutes=53))[0].row == 50

    def test_coarse_metrics_are_looked_at_for_as_many_rows(self):
        coarse = frame(split=40)
        coarse.index = pd.date_range(START, periods=60, freq="300s")
        assert near(coarse, START + timedelta(minutes=5 * 49))[0].row == 40

    @pytest.mark.parametrize("minutes", [0, 3])
    def test_too_little_before_the_moment_is_refused(self, minutes):
        with pytest.raises(NotEnoughData, match="give a longer window"):
            near(frame(), START + timedelta(minutes=minutes))

    def test_a_moment_outside_is_refused(self):
        with pytest.raises(NotEnoughData, match="outside the metrics"):
            near(frame(), START + timedelta(hours=2))
