"""What a series reaches again and again is usual for it; what it reached once or twice is not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.pipeline.restlessness import AGAIN, BLOCK_S, BLOCKS, MARGIN, Restlessness

START = datetime(2026, 3, 2, tzinfo=UTC)
LEVEL = 6.0


def after(peaks, *, points=1, length=3):
    """The memory after blocks in which one series scored these peaks, `length` samples long."""
    memory = Restlessness.empty(1)
    for block, peak in enumerate(peaks):
        memory = memory.at(START + timedelta(seconds=block * BLOCK_S))
        for score in (*[float(peak)] * length, 0.0):
            memory = memory.learned(np.array([score]), points)
    return memory.at(START + timedelta(seconds=len(peaks) * BLOCK_S))


def calibrated(memory, score=30.0):
    return memory.calibrated(np.array([score]), LEVEL)[0]


@pytest.mark.parametrize("peaks", [[], [50], [50, 50], [50, 1, 1, 50, 1]])
def test_a_fault_or_two_change_nothing(peaks):
    assert calibrated(after(peaks)) == 30.0


def test_what_is_reached_again_and_again_is_divided_by():
    memory = after([1, *[20] * AGAIN, 1])
    assert memory.usual[0] == 20
    assert calibrated(memory) == pytest.approx(30 * LEVEL / (MARGIN * 20))


def test_a_calm_series_is_not_made_stranger_than_it_is():
    assert calibrated(after([0.5] * 8)) == 30.0


def test_it_is_forgotten_after_a_week():
    assert calibrated(after([*[20] * AGAIN, *[1] * BLOCKS])) == 30.0


def test_a_peak_counts_when_as_many_samples_reach_it_as_make_an_anomaly():
    assert after([20] * AGAIN, points=3).usual[0] == 20
    assert after([20] * AGAIN, points=4).usual[0] == 0


def test_other_columns_keep_their_peaks():
    memory = after([20] * AGAIN).aligned(np.array([-1, 0]))
    assert memory.usual.tolist() == [0, 20]
    scores = memory.learned(np.array([1.0, 2.0]), 1).calibrated(np.array([30.0, 30.0]), LEVEL)
    assert scores[0] == 30.0 > scores[1]
