"""The caps on a run: how much it may strike, and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Mapping


_NUMBERS = (
    "max_workloads",
    "max_pods",
    "max_percent",
    "min_ready_left",
    "max_hold_s",
    "max_nodes",
)


class BlastRadius(Protocol):
    """The caps that an experiment file names, as `chaos.files.extension.BlastRadius` holds them."""

    @property
    def max_pods(self) -> int | None:
        """Pods; None leaves the default."""
        ...

    @property
    def max_percent(self) -> float | None:
        """Share of a workload's pods, %."""
        ...

    @property
    def min_ready_left(self) -> int:
        """Ready pods that must be left."""
        ...

    @property
    def max_hold(self) -> float | None:
        """Longest hold, s."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a run may go; the defaults let one workload lose half of its pods.

    Attributes
    ----------
    max_workloads : int
        Workloads and Services that are targets.
    max_pods : int
        Pods that may lose service, over all targets.
    max_percent : float
        The same as a share of the pods of each target, %.
    min_ready_left : int
        Ready pods that each target must keep; 0 allows an outage.
    max_hold_s : float
        How long a fault may be held, s.
    max_nodes : int
        Objects outside every namespace, such as nodes.
    respect_budgets : bool
        Whether a PodDisruptionBudget stops the run.

    Raises
    ------
    InvalidExperiment
        If a number is negative or none.
    """

    max_workloads: int = 1
    max_pods: int = 20
    max_percent: float = 50.0
    min_ready_left: int = 1
    max_hold_s: float = 900.0
    max_nodes: int = 0
    respect_budgets: bool = True

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            self._refuse_negative(name)

    @classmethod
    def told(cls, radius: BlastRadius) -> Self:
        """Return the defaults, each replaced by what an experiment file says instead."""
        said: Mapping[str, Any] = {
            "max_pods": radius.max_pods,
            "max_percent": radius.max_percent,
            "min_ready_left": radius.min_ready_left,
            "max_hold_s": radius.max_hold,
        }
        return cls(**{name: value for name, value in said.items() if value is not None})

    def with_outage(self) -> Self:
        """Return the same limits for whoever accepts that a workload loses all of its pods.

        Budgets still count: they speak for somebody else.
        """
        return replace(self, max_percent=100.0, min_ready_left=0)

    def _refuse_negative(self, name: str) -> None:
        number = getattr(self, name)
        if math.isnan(number) or number < 0:
            raise InvalidExperiment(f"{name} is {number}; give a number that is not negative")
