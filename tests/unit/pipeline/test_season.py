"""The band of a time of day: what other days showed then, without the most extreme of them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.pipeline.season import DAYS, Season

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(values, *, at=START, every=timedelta(days=1)):
    """The season one step after the last of these samples of one series."""
    season = Season.empty(1)
    for place, value in enumerate(values):
        season = season.at(at + place * every).learned(np.array([float(value)]))
    return season.at(at + len(values) * every)


def band(season):
    return [season.band.low[0], season.band.high[0]]


@pytest.mark.parametrize("days", [0, 1])
def test_nobody_can_say_before_two_days(days):
    season = after([5.0] * days)
    assert np.isnan(band(season)).all()
    assert np.isinf(season.band.outside(np.array([7.0]))).all()


def test_two_days_span_the_band():
    season = after([5, 9])
    assert band(season) == [5, 9]
    outside = [season.band.outside(np.array([value]))[0] for value in (2, 5, 7, 12)]
    assert outside == [3, 0, 0, 3]


def test_of_more_days_the_most_extreme_does_not_count():
    assert band(after([5, 6, 100, 7])) == [6, 7]
    assert band(after([5, 100, 6, 100])) == [6, 100]


def test_only_a_week_is_remembered():
    assert band(after([100, 100, *[5] * DAYS])) == [5, 5]


def test_spans_beside_it_belong_to_it_and_others_do_not():
    early = after([5, 5], at=START - timedelta(minutes=10)).at(START + timedelta(days=2))
    hours = after([5, 5], at=START - timedelta(hours=1)).at(START + timedelta(days=2))
    assert band(early) == [5, 5]
    assert np.isnan(band(hours)).all()


def test_the_band_goes_around_midnight():
    late = after([5, 5], at=datetime(2026, 3, 2, 23, 55, tzinfo=UTC))
    assert band(late.at(datetime(2026, 3, 5, 0, 5, tzinfo=UTC))) == [5, 5]


def test_what_is_missing_says_nothing():
    assert np.isnan(band(after([5, np.nan]))).all()
    assert band(after([5, np.nan, 6])) == [5, 6]


def test_other_columns_keep_their_days():
    season = after([5, 9]).aligned(np.array([-1, 0]))
    assert np.isnan(season.band.low[0])
    assert season.band.high[1] == 9
    later = season.learned(np.array([1.0, 7.0])).at(START + timedelta(days=3))
    assert later.band.high[1] == 7
    assert np.isnan(later.band.high[0])
