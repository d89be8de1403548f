"""From scores to decisions: when a series counts as anomalous, and for how long.

No score is computed here, and no detector is known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.types import Anomaly
from detectors.base import check_between, check_count
from detectors.frames import as_times, metric_ids, series_ids

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Hysteresis: an anomaly opens at a high level, held, and closes below a lower one.

    An anomaly opens when `min_points` samples in a row score at least `level`, and then starts
    at the first of them. It closes at the first sample that scores below `release` · `level`,
    and ends at the sample before; one that is still open ends with the series.

    A missing score (NaN) says nothing: it neither counts towards opening nor interrupts it, and
    neither closes an anomaly nor extends it. Decisions are those of the series without its
    missing scores.

    Parameters
    ----------
    level : float
        Score that opens; > 0, dimensionless.
    min_points : int
        Samples in a row at or above `level` that open; at least 1.
    release : float
        Share of `level` below which an anomaly closes: above 0, at most 1.

    Raises
    ------
    InvalidInput
        If a parameter is impossible.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"cpu": [0.0, 7.0, 9.0, 4.0, 1.0]})
    >>> [found] = Threshold(level=6, min_points=2, release=0.5).decide(scores)
    >>> found.start.second, found.end.second, found.score
    (1, 3, 9.0)
    """

    level: float = 6.0
    min_points: int = 3
    release: float = 0.5

    def __post_init__(self) -> None:
        check_between("level", self.level, 0, np.inf)
        check_count("min_points", self.min_points, 1)
        check_between("release", self.release, 0, np.nextafter(1, 2))

    def decide(self, scores: pd.DataFrame, *, detector: str = "") -> tuple[Anomaly, ...]:
        """Return every anomaly in the scores of a detector.

        Parameters
        ----------
        scores : DataFrame, (rows, series)
            As `anomaly_score` returns them.
        detector : str
            The name that the anomalies carry.

        Returns
        -------
        tuple of Anomaly
            By start; those of one start by score, the highest first, then by name.

        Raises
        ------
        InvalidMetrics
            If the columns name no series or the index holds no increasing UTC times.
        """
        names = metric_ids(series_ids(scores.columns))
        times = as_times(scores.index).floor("us").to_pydatetime()  # datetime is no finer
        found = [
            Anomaly(
                service=names[column].service,
                metric=names[column].metric,
                start=times[start],
                end=times[end],
                score=score,
                detector=detector,
            )
            for column, start, end, score in self._spans(scores.to_numpy(dtype=np.float64))
        ]
        return tuple(sorted(found, key=lambda one: (one.start, -one.score, *one.series)))

    def _spans(self, scores: NDArray[np.float64]) -> list[tuple[int, int, int, float]]:
        """Return (column, first row, last row, peak) of every anomaly, column by column."""
        # All present scores in one line, series after series: no state machine is needed, since
        # an anomaly lives between two stops, a calm score or the beginning of the next series.
        column, row = np.nonzero(~np.isnan(scores.T))
        line = scores[row, column]
        opened = np.diff(column, prepend=-1) != 0
        place = np.arange(len(line))
        run = place - _latest(place, line < self.level, opened)
        ripe = np.flatnonzero(run == self.min_points)
        calm = line < self.release * self.level
        # One anomaly per stretch: later ripe runs in it only continue what is open.
        _, firsts = np.unique(_latest(place, calm, opened)[ripe], return_index=True)
        starts = ripe[firsts] - (self.min_points - 1)
        stops = np.append(np.flatnonzero(calm | opened), len(line))
        ends = stops[np.searchsorted(stops, starts, side="right")] - 1
        peaks = _peaks(line, starts, ends)
        return list(
            zip(
                column[starts].tolist(),
                row[starts].tolist(),
                row[ends].tolist(),
                peaks.tolist(),
                strict=True,
            )
        )


def _latest(
    place: NDArray[np.intp], broken: NDArray[np.bool_], opened: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the last break at or before each place; a series opens just after a break."""
    breaks = np.where(broken, place, np.where(opened, place - 1, -1))
    result: NDArray[np.intp] = np.maximum.accumulate(breaks)
    return result


def _peaks(
    line: NDArray[np.float64], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the maximum of each span, both ends included; spans ascend and do not overlap."""
    bounds = np.column_stack([starts, ends + 1]).ravel()
    # A guard beyond the end, so that the last span may end with the line.
    peaks: NDArray[np.float64] = np.maximum.reduceat(np.append(line, -np.inf), bounds)[::2]
    return peaks
