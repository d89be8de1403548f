"""Deciding row by row equals deciding over scores that are all there."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops.pipeline.strange import DETECTOR, Strange
from aiops.settings import Detection
from aiops.types import MetricId
from detectors import Threshold

START = datetime(2026, 3, 2, tzinfo=UTC)
SERIES = (MetricId("cart", "cpu"), MetricId("web", "cpu"))
EVERY = np.ones(2, dtype=bool)

rules = st.builds(
    Detection,
    level=st.just(6.0),
    release=st.sampled_from([0.25, 0.5, 1.0]),
    min_points=st.integers(1, 4),
)
scores = arrays(np.float64, (30, 2), elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, 6.0, 7.0, 9.0]))


def minute(count):
    return START + timedelta(minutes=count)


def spans(rows, rule):
    """Every anomaly as it last was before it closed."""
    strange, seen = Strange.empty(2), {}
    for place, row in enumerate(rows):
        strange = strange.learned(row, minute(place), rule)
        for one in strange.anomalies(SERIES, EVERY, minute(place)):
            seen[one.series, one.start] = one
    return sorted(seen.values(), key=lambda one: (*one.series, one.start))


@given(rows=scores, rule=rules)
@settings(deadline=None, max_examples=60)
def test_it_agrees_with_the_threshold_over_the_whole(rows, rule):
    index = pd.DatetimeIndex([minute(place) for place in range(len(rows))])
    frame = pd.DataFrame(rows, index=index, columns=pd.MultiIndex.from_tuples(SERIES))
    frame = frame.rename_axis(columns=["service", "metric"])
    threshold = Threshold(level=rule.level, min_points=rule.min_points, release=rule.release)
    whole = threshold.decide(frame, detector=DETECTOR)
    assert spans(rows, rule) == sorted(whole, key=lambda one: (*one.series, one.start))


def test_what_is_no_longer_strange_is_not_told():
    strange = Strange.empty(2).learned(np.array([9.0, 9.0]), START, Detection(min_points=1))
    kept = strange.without(np.array([True, False]))
    assert [one.series for one in kept.anomalies(SERIES, EVERY, START)] == [SERIES[1]]
    assert len(strange.anomalies(SERIES, EVERY, START)) == 2
