"""When alerts fired, told from the ``ALERTS`` series that Prometheus keeps of its own rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.clients.prometheus.series import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from aiops.clients.prometheus.series import Grid, Table

FIRING = 'ALERTS{alertstate="firing"}'
_NAME_LABEL = "alertname"
_OWN_LABELS = {NAME, _NAME_LABEL, "alertstate"}


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert was seen firing at `start`, at `end`, and at every step between them.

    `end` is None if it was still firing at the end of the window, and `start` is the start of the
    window if it was firing already. `labels` leaves out those that Prometheus itself adds.
    """

    name: str
    labels: Mapping[str, str]
    start: datetime
    end: datetime | None


def firing(table: Table) -> tuple[Alert, ...]:
    """Return the spans in which the series of `table`, a range of `FIRING`, have values.

    They are ordered by their start; those that start together by their labels.
    """
    alerts = [
        Alert(labels.get(_NAME_LABEL, ""), _rest(labels), start, end)
        for labels, values in table.series()
        for start, end in _spans(table.grid, ~np.isnan(values))
    ]
    return tuple(sorted(alerts, key=lambda alert: alert.start))


def _spans(grid: Grid, present: np.ndarray) -> Iterator[tuple[datetime, datetime | None]]:
    """Return the first and last time of each run of True in `present`, shape (grid.points,)."""
    steps = np.diff(present.astype(np.int8), prepend=0, append=0)
    for first, after in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        end = None if after == grid.points else grid.moment(int(after) - 1)
        yield grid.moment(int(first)), end


def _rest(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in _OWN_LABELS}
