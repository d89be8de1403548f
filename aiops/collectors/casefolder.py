"""Recorded cases as a source: asked as a live system is, they answer what was recorded.

So whatever reads a live system can be tried on incidents of the past, with no server. Nothing is
made up between cases: where none was recorded, there is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.collectors.port import check_window
from aiops.types import InvalidCase, NotEnoughData, check_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from aiops.types import Case, Event


class CaseFolderCollector:
    """Brings the metrics, logs, events and calls of cases, as if they were happening.

    Parameters
    ----------
    cases : sequence of Case
        In any order; the metrics of no two may overlap in time.

    Attributes
    ----------
    cases : tuple of Case
        In the order of time.

    Raises
    ------
    InvalidCase
        If there is no case, or two overlap.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from aiops.datasets import load
    >>> source = CaseFolderCollector([load("nezha-ob-delay-cart")])
    >>> start, end = source.span
    >>> source.metrics(start, start + timedelta(minutes=10), 60.0).shape
    (11, 218)
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        if not cases:
            raise InvalidCase("there is no case to replay")
        self.cases = tuple(sorted(cases, key=lambda case: case.metrics.index[0]))
        for earlier, later in zip(self.cases, self.cases[1:], strict=False):
            if later.metrics.index[0] <= earlier.metrics.index[-1]:
                raise InvalidCase(
                    f"the cases {earlier.id!r} and {later.id!r} overlap in time, as no two windows "
                    "of one system do; replay each alone"
                )

    @classmethod
    def at(cls, folders: Iterable[str | Path]) -> Self:
        """Return the collector of the cases in or below `folders`.

        Raises
        ------
        InvalidCase, InvalidMetrics
            If a folder holds no case, a case is malformed, or two overlap.
        """
        from aiops import datasets

        found = (case for folder in folders for case in datasets.cases(folder))
        return cls([datasets.load(folder) for folder in found])

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The times of the first and of the last recorded sample."""
        first, last = self.cases[0].metrics.index[0], self.cases[-1].metrics.index[-1]
        return first.to_pydatetime(), last.to_pydatetime()

    @property
    def topology(self) -> tuple[tuple[str, str], ...]:
        """The calls of all cases as (caller, callee), each once."""
        return tuple(dict.fromkeys(call for case in self.cases for call in case.topology))

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return what was recorded, one row each `step_s` from `start` to `end`.

        A row holds the newest recorded one that is less than one recorded step old, so a finer step
        than the case's repeats rows and a coarser one leaves some out.

        Raises
        ------
        InvalidInput
            If the window or the step is none.
        NotEnoughData
            If nothing was recorded in the window.
        InvalidMetrics
            If that makes no legal frame: too few rows, nothing that varies.
        """
        import pandas as pd

        from aiops.clients.prometheus.series import Grid

        index = Grid.over(start, end, step_s).index
        parts = [_as_of(case.metrics, index) for case in self.cases]
        found = [part for part in parts if len(part.columns)]
        if not found:
            first, last = self.span
            raise NotEnoughData(
                f"nothing was recorded between {start} and {end}; there are cases "
                f"from {first} to {last}"
            )
        rows = pd.concat([part.dropna(how="all") for part in found])
        newest = rows[~rows.index.duplicated(keep="last")]
        frame = newest.reindex(index).sort_index(axis=1)
        check_metrics(frame)
        return frame

    def logs(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Return what was logged from `start` on and before `end`; empty where nothing was.

        Raises
        ------
        InvalidInput
            If the window is none.
        """
        import pandas as pd

        from aiops.collectors.logs.frame import as_frame

        check_window(start, end)
        recorded = [case.logs for case in self.cases if case.logs is not None]
        inside = [logs[(logs.index >= start) & (logs.index < end)] for logs in recorded]
        found = [logs for logs in inside if len(logs)]
        return pd.concat(found).sort_index(kind="stable") if found else as_frame([])

    def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        """Return what happened from `start` on and before `end`.

        Raises
        ------
        InvalidInput
            If the window is none.
        """
        check_window(start, end)
        recorded = (event for case in self.cases for event in case.events)
        inside = (event for event in recorded if start <= event.time < end)
        return tuple(sorted(inside, key=lambda event: event.time))


def _as_of(recorded: pd.DataFrame, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return at each time of `index` the row that was newest; columns without a value are left out."""
    import pandas as pd

    times = pd.DatetimeIndex(recorded.index)
    newest = times.searchsorted(index, side="right") - 1
    fresh = index < times[np.maximum(newest, 0)] + (times[1] - times[0])
    there = (newest >= 0) & fresh
    rows: pd.DataFrame = recorded.iloc[newest[there]].set_axis(index[there], axis=0)
    return rows.dropna(axis=1, how="all")
