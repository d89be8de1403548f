"""Answers into columns: whose a series is, what its instances come to, and where it goes.

Nothing is asked for here. A number that is not finite is no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.inventory.families import display_name
from aiops.collectors.labels.scope import NAMESPACE, SERVICE
from aiops.collectors.raw.workloads import total
from aiops.collectors.signals.planning import Part
from aiops.types import EXPECTED_LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from aiops.clients.prometheus.series import Grid
    from aiops.collectors.pull.asking import Asked
    from aiops.collectors.signals.planning import Signal


class Columns:
    """The columns that have a value, filled in answer by answer."""

    def __init__(self, grid: Grid, signals: Mapping[str, Sequence[Signal]]) -> None:
        self.grid = grid
        self.signals = signals
        self.by_name: dict[tuple[str, str], np.ndarray] = {}

    def take(self, asked: Asked) -> None:
        """Put what was answered into its columns."""
        for expr, part, answer in asked.answers:
            first = (part.start_ms - self.grid.start_ms) // self.grid.step_ms
            places = slice(first, first + part.points)
            values = answer.to_numpy().T
            for owner, rows in _owned(answer).items():
                self._put(self.signals[expr], owner, values[rows], places)

    def frame(self) -> pd.DataFrame:
        """Return the columns as a frame, sorted."""
        import pandas as pd

        names = sorted(self.by_name)
        columns = pd.MultiIndex.from_tuples(names, names=EXPECTED_LEVELS)
        values = np.stack([self.by_name[name] for name in names], axis=1)
        return pd.DataFrame(values, index=self.grid.index, columns=columns)

    def _put(
        self, signals: Sequence[Signal], owner: tuple[str, str], rows: np.ndarray, places: slice
    ) -> None:
        """Fill the columns that are made of the `rows`, shape (instances, points), of an owner."""
        for signal in signals:
            name = next((each for each in _names(*owner) if each in signal.services), None)
            values = _reduced(rows, signal.part) if signal.each else rows[0]
            finite = np.isfinite(values)
            if name is not None and finite.any():
                empty = np.full(self.grid.points, np.nan)
                column = self.by_name.setdefault((name, signal.column), empty)
                column[places] = np.where(finite, values, np.nan)


def _owned(answer: pd.DataFrame) -> dict[tuple[str, str], list[int]]:
    """Return (service, namespace), "" where there is none → its columns in an answer."""
    names = answer.columns.names
    blank = [""] * answer.shape[1]
    levels = (
        answer.columns.get_level_values(label) if label in names else blank
        for label in (SERVICE, NAMESPACE)
    )
    owned: dict[tuple[str, str], list[int]] = {}
    for place, owner in enumerate(zip(*levels, strict=True)):
        owned.setdefault(owner, []).append(place)
    return owned


def _names(service: str, namespace: str) -> tuple[str, str]:
    """Return what a service may be called in frames, the more exact name first."""
    return display_name(service, namespace), display_name(service)


def _reduced(rows: np.ndarray, part: Part) -> np.ndarray:
    """Put instances together as PromQL does; an instance without a value is not there."""
    if part is Part.WHOLE:
        return total(rows)
    high: np.ndarray = np.fmax.reduce(rows, axis=0)
    return high if part is Part.HIGHEST else high - np.fmin.reduce(rows, axis=0)
