"""How strange each series usually gets by itself, so that a restless one does not page every day.

A score says how far a series is from what was expected; some series are that far every day. The
highest score of every `BLOCK_S` seconds is remembered for a week. What a series has reached in
`AGAIN` of these blocks is usual for it, and its scores are taken in proportion: one fault, which
reaches into two blocks at most, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.pipeline.columns import spread

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

BLOCK_S = 6 * 3600
BLOCKS = 28
"""Blocks that are remembered: a week."""

AGAIN = 3
"""In how many blocks a score must have been reached to be usual."""

MARGIN = 1.5
"""How many times its usual peak a series must reach to be as strange as a calm one at the level."""


@dataclass(frozen=True, eq=False)
class Restlessness:
    """The memory of peaks.

    Attributes
    ----------
    block : int
        Which block is now, in blocks since 1970.
    running : array, (series,)
        The highest score in it so far.
    past : tuple of arrays, (series,)
        The peaks of the blocks before, oldest first.
    usual : array, (series,)
        The score that each series has reached again and again; 0 where nobody can say yet.
    recent : tuple of arrays, (series,)
        The last scores, oldest first, one fewer than must agree before they count.
    """

    block: int
    running: NDArray[np.float64]
    past: tuple[NDArray[np.float64], ...]
    usual: NDArray[np.float64]
    recent: tuple[NDArray[np.float64], ...] = ()

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return the memory of `width` series that nobody has seen."""
        return cls(-1, np.zeros(width), (), np.zeros(width))

    def at(self, moment: datetime) -> Restlessness:
        """Return the memory as it stands at `moment`."""
        block = int(moment.timestamp() // BLOCK_S)
        if block == self.block:
            return self
        past = (*self.past, self.running)[-BLOCKS:] if self.block >= 0 else ()
        usual = _again(past, self.usual)
        return Restlessness(block, np.zeros_like(self.running), past, usual, self.recent)

    def calibrated(self, scores: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        """Return scores in which `level` means the same for calm and for restless series."""
        calm: NDArray[np.float64] = scores * (level / np.maximum(level, MARGIN * self.usual))
        return calm

    def learned(self, scores: NDArray[np.float64], points: int) -> Restlessness:
        """Return the memory with the (uncalibrated) scores of one moment.

        What only `points` in a row make an anomaly is reached when all of them have reached it.
        """
        together = (*self.recent, scores)[-points:]
        held = np.minimum.reduce(together) if len(together) == points else np.zeros_like(scores)
        recent = together[1:] if len(together) == points else together
        return replace(self, running=np.maximum(self.running, held), recent=recent)

    def aligned(self, order: NDArray[np.intp]) -> Restlessness:
        """Return the memory for other columns; see `columns.spread`."""
        return Restlessness(
            self.block,
            spread(self.running, order, 0.0),
            tuple(spread(peaks, order, 0.0) for peaks in self.past),
            spread(self.usual, order, 0.0),
            tuple(spread(scores, order, 0.0) for scores in self.recent),
        )


def _again(
    past: tuple[NDArray[np.float64], ...], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the `AGAIN`-highest peak of each series."""
    if len(past) < AGAIN:
        return before
    peaks = np.stack(past)
    highest: NDArray[np.float64] = np.partition(peaks, len(past) - AGAIN, axis=0)[-AGAIN]
    return highest
