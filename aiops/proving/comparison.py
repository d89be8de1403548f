"""Two scoreboards side by side, figure by figure: what a simulator says, minus what is real."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.scores import Scoreboard
    from aiops.wilson import Share


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two scoreboards; NaN where one of them has none."""

    figure: str
    left: float
    right: float

    @property
    def difference(self) -> float:
        """The left one minus the right one."""
        return self.left - self.right

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as a JSON object."""
        return asdict(self) | {"difference": self.difference}


def compare(left: Scoreboard, right: Scoreboard) -> tuple[Difference, ...]:
    """Return every figure that two scoreboards have, those of the rankers by their names."""
    ours, theirs = dict(_figures(left)), dict(_figures(right))
    return tuple(
        Difference(name, value, theirs.get(name, math.nan)) for name, value in ours.items()
    )


def _figures(board: Scoreboard) -> Iterator[tuple[str, float]]:
    detection = board.detection
    yield "faults that bit", _value(board.effective)
    yield "recall, faults that bit", _value(detection.recall)
    yield "recall, all faults", _value(detection.recall_all)
    yield "precision", _value(detection.precision)
    yield "F1", _number(detection.f1)
    yield "F1, an alarm in every run", _number(detection.always.f1)
    yield "median delay, s", _number(detection.delay_s.median)
    yield "false alarms an hour in controls", _number(detection.alarms_per_hour)
    yield "reverted whole", _value(board.reverted)
    for one in board.rankings:
        yield f"{one.ranker} AC@1", _value(one.ac1)
        yield f"{one.ranker} Avg@5", _number(one.avg5)
        yield f"{one.ranker} series AC@1", _value(one.series_ac1)


def _value(share: Share) -> float:
    return _number(share.value)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
