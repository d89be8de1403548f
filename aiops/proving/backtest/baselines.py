"""What anybody could have had: pages of a plain z-score, and pages at random moments.

Both get as many pages as the tick does, so that a table compares choices and not amounts.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np

from aiops.backtests import Tally
from aiops.proving.backtest.matching import Page, match, tally
from detectors import EWMA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    import pandas as pd
    from numpy.typing import NDArray

    from aiops.backtests import RecordedAlert

MEMORY_DAYS = 1.0
"""How far back the plain z-score looks."""

DRAWS = 100
"""How often the random pages are drawn."""

_BLOCK = 256


def highest_z(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the highest absolute z of any series at each row, each against its own last day.

    Returns
    -------
    array, (rows,)
        0 where no series has a score.
    """
    step_s = (frame.index[1] - frame.index[0]).total_seconds()
    memory = max(MEMORY_DAYS * 86_400 / step_s, 60.0)
    highest = np.zeros(len(frame))
    varying = np.flatnonzero((frame.max() > frame.min()).to_numpy())
    for first in range(0, len(varying), _BLOCK):
        block = frame.iloc[:, varying[first : first + _BLOCK]]
        scores = EWMA(alpha=2 / (memory + 1)).anomaly_score(block)
        highest = np.fmax(highest, np.fmax.reduce(scores.to_numpy(), axis=1))
    return highest


def naive_pages(
    z: NDArray[np.float64], times: pd.DatetimeIndex, most: int, quiet: timedelta
) -> tuple[Page, ...]:
    """Return the pages of the lowest threshold over `z` that pages at most `most` times.

    A page lasts for as long as the threshold is passed, and `quiet` longer; what passes it again
    within that time is the same page.
    """
    seconds = times.as_unit("ns").asi8 / 1e9
    best: tuple[tuple[int, int], ...] = ()
    for level in np.unique(z[z > 0])[::-1]:
        spans = _spans(seconds, np.flatnonzero(z >= level), quiet.total_seconds())
        if len(spans) > most:
            break
        best = spans
    moments = times.to_pydatetime()
    return tuple(Page(moments[first], moments[last] + quiet) for first, last in best)


def chance(
    alerts: Sequence[RecordedAlert],
    pages: Sequence[Page],
    window: tuple[datetime, datetime],
    lead: timedelta,
    *,
    seed: int = 0,
) -> Tally:
    """Return the mean tally of pages as long as `pages` at moments drawn from the window."""
    if not pages:
        return tally(match(alerts, (), lead), 0)
    rng = np.random.default_rng(seed)
    start, length = window[0], window[1] - window[0]
    rows = []
    for _ in range(DRAWS):
        drawn = [
            Page(at, at + (page.until - page.at))
            for page, share in zip(pages, rng.uniform(size=len(pages)), strict=True)
            for at in (start + share * length,)
        ]
        drawn.sort(key=lambda page: page.at)
        rows.append(astuple(tally(match(alerts, drawn, lead), len(drawn))))
    return Tally(*np.mean(rows, axis=0).tolist())


def _spans(
    seconds: NDArray[np.float64], rows: NDArray[np.intp], quiet_s: float
) -> tuple[tuple[int, int], ...]:
    """Return first and last row of each group of rows that are at most `quiet_s` apart."""
    if not len(rows):
        return ()
    breaks = np.flatnonzero(np.diff(seconds[rows]) > quiet_s)
    firsts, lasts = rows[np.append(0, breaks + 1)], rows[np.append(breaks, len(rows) - 1)]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))
