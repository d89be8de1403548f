"""Logs as metrics: how often a service writes, and how often it writes of errors.

Rates of templates are not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.logs.levels import ERRORS
from aiops.types import EXPECTED_LEVELS, NotEnoughData, check_metrics

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

LOG_RATE = "log_rate"
LOG_ERROR_RATE = "log_error_rate"


def level_rates(logs: pd.DataFrame, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
    """Return (service, log_error_rate) and (service, log_rate), in entries per second.

    The row at t counts what was logged in the `step_s` seconds before it, as ``rate`` in PromQL
    does, from t - step_s on and up to t, which is not counted. So the first row needs the logs of
    one step before `start`.

    Parameters
    ----------
    logs : DataFrame
        UTC index; columns ``service``, ``level``, ``message``.
    step_s : float
        Seconds from row to row, over ``start, start + step_s, … ≤ end``.

    Raises
    ------
    InvalidInput
        If a time has no zone, the end lies before the start, or the step is below 1 ms.
    NotEnoughData
        If nothing was logged in the window.
    InvalidMetrics
        If that makes no legal frame: too few rows, or rates that never change.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import pandas as pd
    >>> times = pd.to_datetime([0, 1, 12], unit="s", utc=True)
    >>> logs = pd.DataFrame({"service": "cart", "level": ["INFO", "ERROR", "FATAL"],
    ...                      "message": ["hi", "no", "bye"]}, index=times)
    >>> rates = level_rates(logs, times[0], datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC), 10)
    >>> rates["cart"].to_numpy().tolist()
    [[0.0, 0.0], [0.1, 0.2], [0.1, 0.1]]
    """
    import pandas as pd

    from aiops.clients.prometheus.series import Grid

    grid = Grid.over(start, end, step_s)
    ms = pd.DatetimeIndex(logs.index).as_unit("ns").asi8 // 1_000_000
    rows = (ms - grid.start_ms) // grid.step_ms + 1
    inside = (rows >= 0) & (rows < grid.points)
    if not inside.any():
        raise NotEnoughData(f"nothing was logged between {start} and {end}; check the window")
    services, names = pd.factorize(logs["service"][inside], sort=True)
    cells = rows[inside] * len(names) + services
    failed = logs["level"].isin(ERRORS).to_numpy(float)[inside]
    size = grid.points * len(names)
    counts = [np.bincount(cells, failed, size), np.bincount(cells, minlength=size)]
    columns = pd.MultiIndex.from_product([names, [LOG_ERROR_RATE, LOG_RATE]], names=EXPECTED_LEVELS)
    rates = np.stack(counts, axis=-1).reshape(grid.points, -1) * 1000 / grid.step_ms
    frame = pd.DataFrame(rates, index=grid.index, columns=columns)
    check_metrics(frame)
    return frame
