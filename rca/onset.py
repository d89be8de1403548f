"""When did it begin: the moments from which a ranker should compare before with after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from aiops.types import InvalidInput, NotEnoughData
from detectors import change_points
from rca.strangeness import MIN_BEFORE

if TYPE_CHECKING:
    from datetime import datetime

CANDIDATES = 3
"""How many change points are weighed against each other."""

LEAD = 3
"""Rows before a change point that count as "after" it: the scan finds when most series changed,
and their cause changed first. Left among the calm rows, its first strange ones would hide it."""


class Onset(NamedTuple):
    """One candidate: the row of the change, the first row of "after", and how likely it is.

    All likelihoods sum to 1.
    """

    row: int
    split: int
    weight: float


def given(frame: pd.DataFrame, moment: datetime) -> Onset:
    """Return the onset at `moment`: "after" starts with the first row at or past it.

    Raises
    ------
    InvalidInput
        If the moment has no time zone.
    NotEnoughData
        If it lies outside the window.
    """
    if moment.tzinfo is None:
        raise InvalidInput(f"the onset {moment.isoformat()} has no time zone; use datetime.UTC")
    when = pd.Timestamp(moment)
    first, last = frame.index[0], frame.index[-1]
    if not first <= when <= last:
        raise NotEnoughData(
            f"the onset {when.isoformat()} lies outside the metrics "
            f"({first.isoformat()} to {last.isoformat()}); give a moment inside them"
        )
    row = int(frame.index.searchsorted(when))
    return Onset(row, row, 1.0)


def found(frame: pd.DataFrame) -> tuple[Onset, ...]:
    """Return the most likely onsets, found by a scan over all series at once.

    "After" starts `LEAD` rows before each of them.

    Raises
    ------
    NotEnoughData
        If the window is too short to hold a before and an after.
    """
    points = change_points(frame, min_before=MIN_BEFORE, top=CANDIDATES)
    rows = frame.index.get_indexer(pd.DatetimeIndex(points.times)).tolist()
    return tuple(
        Onset(row, max(row - LEAD, MIN_BEFORE), weight)
        for row, weight in zip(rows, points.weights, strict=True)
    )
