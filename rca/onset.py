"""When did it begin: the moments from which a ranker should compare before with after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from aiops.types import InvalidInput, NotEnoughData
from detectors import change_points
from rca.strangeness import MIN_BEFORE

if TYPE_CHECKING:
    from datetime import datetime

    from detectors import ChangePoints

CANDIDATES = 3
"""How many change points are weighed against each other."""

LEAD = 3
"""Rows before a change point that count as "after" it: the scan finds when most series changed,
and their cause changed first. Left among the calm rows, its first strange ones would hide it."""

NOTICED_AFTER_S, NOTICED_BEFORE_S = 600.0, 60.0
"""A fault lies at most so long before the moment at which somebody noticed it, and, as clocks and
memories go, at most so long after it; never less than `FEWEST_NEAR` rows and one row."""

FEWEST_NEAR = 10

LEAST_BEFORE = 1 / 3
"""Share of the rows up to the moment that lies before any change point near it: whoever looks for
one in every row takes a short calm for what is normal."""

MIN_AFTER = 3
"""Fewest rows from a change point on that can show it."""


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
    return _onsets(frame, change_points(frame, min_before=MIN_BEFORE, top=CANDIDATES))


def near(frame: pd.DataFrame, noticed: datetime) -> tuple[Onset, ...]:
    """Return the most likely onsets of what somebody noticed at `noticed`.

    The same scan as in `found`, but only over what lies near the moment: whatever else changed
    an hour before is not what was noticed, however plain it is.

    Raises
    ------
    InvalidInput
        If the moment has no time zone.
    NotEnoughData
        If it lies outside the window, or too few rows lie before or after it.
    """
    given(frame, noticed)
    moment, step = pd.Timestamp(noticed), frame.index[1] - frame.index[0]
    earliest = moment - max(pd.Timedelta(seconds=NOTICED_AFTER_S), FEWEST_NEAR * step)
    latest = moment + max(pd.Timedelta(seconds=NOTICED_BEFORE_S), step)
    least = max(int(LEAST_BEFORE * frame.index.searchsorted(moment)), MIN_BEFORE)
    before = max(int(frame.index.searchsorted(earliest)), least)
    after = max(len(frame) - int(frame.index.searchsorted(latest, side="right")) + 1, MIN_AFTER)
    if before + after > len(frame):
        raise NotEnoughData(
            f"too few rows lie before {moment.isoformat()}, or none after it, in the metrics "
            f"({frame.index[0].isoformat()} to {frame.index[-1].isoformat()}); give a longer window"
        )
    points = change_points(frame, min_before=before, min_after=after, top=CANDIDATES)
    return _onsets(frame, points)


def _onsets(frame: pd.DataFrame, points: ChangePoints) -> tuple[Onset, ...]:
    rows = frame.index.get_indexer(pd.DatetimeIndex(points.times)).tolist()
    return tuple(
        Onset(row, max(row - LEAD, MIN_BEFORE), weight)
        for row, weight in zip(rows, points.weights, strict=True)
    )
