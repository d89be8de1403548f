import numpy as np
import pandas as pd
import pytest

from aiops.types import InvalidMetrics, MetricId
from detectors.frames import as_frame, as_times, metric_ids, series_ids


def test_an_array_becomes_a_frame_with_plain_columns():
    assert list(as_frame(np.zeros((2, 3))).columns) == [0, 1, 2]


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
def test_an_array_of_another_shape_is_refused(shape):
    with pytest.raises(InvalidMetrics, match=f"{len(shape)}-dimensional"):
        as_frame(np.zeros(shape))


def test_a_frame_is_handed_through():
    frame = pd.DataFrame({"a": [1]})
    assert as_frame(frame) is frame


def test_named_pairs_are_handed_through():
    labels = pd.MultiIndex.from_tuples([("cart", "cpu")], names=("service", "metric"))
    assert series_ids(labels) is labels
    assert metric_ids(labels) == [MetricId("cart", "cpu")]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (pd.Index(["a", "a"]), "a/value occurs twice"),
        (pd.Index(["1", 1]), "1/value occurs twice"),
        (pd.MultiIndex.from_tuples([("a", "b")], names=("x", "y")), r"levels \('x', 'y'\)"),
        (
            pd.MultiIndex.from_tuples([("a", "b")] * 2, names=("service", "metric")),
            "a/b occurs twice",
        ),
    ],
)
def test_labels_that_name_no_series_are_refused(labels, said):
    with pytest.raises(InvalidMetrics, match=said):
        series_ids(labels)


def test_a_plain_index_counts_seconds():
    assert [time.timestamp() for time in as_times(pd.RangeIndex(5, 7))] == [5, 6]
