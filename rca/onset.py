"""When did it begin: the moments from which a ranker should compare before with after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from aiops.types import NotEnoughData
from detectors import change_points
from rca.strangeness import MIN_BEFORE

if TYPE_CHECKING:
    from datetime import datetime

CANDIDATES = 3
"""How many change points are weighed against each other."""


class Onset(NamedTuple):
    """One candidate: the first row of "after", and how likely it is (all sum to 1)."""

    split: int
    weight: float


def given(frame: pd.DataFrame, moment: datetime) -> Onset:
    """Return the onset at `moment`: "after" starts with the first row at or past it.

    Raises
    ------
    NotEnoughData
        If the moment lies outside the window.
    """
    when = pd.Timestamp(moment)
    first, last = frame.index[0], frame.index[-1]
    if not first <= when <= last:
        raise NotEnoughData(
            f"the onset {when.isoformat()} lies outside the metrics "
            f"({first.isoformat()} to {last.isoformat()}); give a moment inside them"
        )
    return Onset(int(frame.index.searchsorted(when)), 1.0)


def found(frame: pd.DataFrame) -> tuple[Onset, ...]:
    """Return the most likely onsets, found by a scan over all series at once.

    Raises
    ------
    NotEnoughData
        If the window is too short to hold a before and an after.
    """
    points = change_points(frame, min_before=MIN_BEFORE, top=CANDIDATES)
    splits = frame.index.get_indexer(pd.DatetimeIndex(points.times))
    return tuple(
        Onset(int(split), float(weight))
        for split, weight in zip(splits, points.weights, strict=True)
    )
