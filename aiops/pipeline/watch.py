"""What is remembered between two ticks: per series and columnar, and the episode that is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np

from aiops.collectors.kinds import SYMPTOMS, SignalKind, kind_of
from aiops.pipeline.columns import order_of
from aiops.pipeline.episode import Manner
from aiops.pipeline.expectation import Expectation
from aiops.pipeline.restlessness import Restlessness
from aiops.pipeline.strange import Strange
from aiops.settings import Detection

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from aiops.pipeline.episode import Episode
    from aiops.types import MetricId

SMALLEST_SHARE = 0.03
"""Smallest spread that counts, as a share of the mean: at level 6, a change by a fifth."""

SMALLEST_RATIO = 0.0025
"""Smallest spread of a ratio of errors that counts: at level 6, 1.5 in a hundred."""

SMALLEST_UP = 0.15
"""Smallest spread of a number of instances that counts: at level 6, one instance."""


_WORSE = MappingProxyType(
    {
        SignalKind.ERRORS: 1.0,
        SignalKind.LATENCY: 1.0,
        SignalKind.TRAFFIC: -1.0,
        SignalKind.AVAILABILITY: -1.0,
    }
)


@dataclass(frozen=True, eq=False)
class Columns:
    """The series that are watched, and what follows from their names.

    Attributes
    ----------
    series : tuple of MetricId
    symptom : array of bool, (series,)
        Which of them can open an episode: what users feel; all where there is no such series.
    service : array of int, (series,)
        The number of the service of each.
    least : array, (series,)
        The smallest spread that counts, in the unit of each series.
    direction : array, (series,)
        1 for what becomes worse by rising, -1 for what does by falling, 0 where both are strange.
    """

    series: tuple[MetricId, ...]
    symptom: NDArray[np.bool_]
    service: NDArray[np.intp]
    least: NDArray[np.float64]
    direction: NDArray[np.float64]

    @classmethod
    def of(cls, series: tuple[MetricId, ...]) -> Self:
        """Return the columns of these series."""
        kinds = [kind_of(one.metric) for one in series]
        symptom = np.array([kind in SYMPTOMS for kind in kinds], dtype=bool)
        numbers: dict[str, int] = {}
        services = [numbers.setdefault(one.service, len(numbers)) for one in series]
        floors = {SignalKind.ERRORS: SMALLEST_RATIO, SignalKind.AVAILABILITY: SMALLEST_UP}
        return cls(
            series,
            symptom if symptom.any() else np.ones(len(series), dtype=bool),
            np.array(services, dtype=np.intp),
            np.array([floors.get(kind, 0.0) for kind in kinds], dtype=np.float64),
            np.array([_WORSE.get(kind, 0.0) for kind in kinds], dtype=np.float64),
        )

    def matters(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the smallest spread of each series that counts, where its mean is `mean`."""
        smallest: NDArray[np.float64] = np.maximum(SMALLEST_SHARE * np.abs(mean), self.least)
        return smallest


@dataclass(frozen=True, eq=False)
class Watch:
    """Everything that one tick hands to the next; start with `Watch.begin`.

    Attributes
    ----------
    detection : Detection
        When a score becomes an anomaly.
    manner : Manner
        When an episode is over.
    time : datetime or None
        The last tick; None before the first.
    columns, expectation, restlessness, strange
        What is watched, expected, usual, and strange now; see their classes.
    episode : Episode or None
        The one that is open.
    """

    detection: Detection
    manner: Manner
    columns: Columns
    expectation: Expectation
    restlessness: Restlessness
    strange: Strange
    time: datetime | None = None
    episode: Episode | None = None

    @classmethod
    def begin(cls, detection: Detection | None = None, manner: Manner | None = None) -> Self:
        """Return a watch that has seen nothing yet."""
        chosen = detection or Detection()
        return cls(
            chosen,
            manner or Manner(),
            Columns.of(()),
            Expectation.empty(0),
            Restlessness.empty(0),
            Strange.empty(0),
        )

    def over(self, series: tuple[MetricId, ...]) -> Watch:
        """Return the watch over other series: the known keep their past, the others have none."""
        if series is self.columns.series or series == self.columns.series:
            return self
        order = order_of(self.columns.series, series)
        return replace(
            self,
            columns=Columns.of(series),
            expectation=self.expectation.aligned(order),
            restlessness=self.restlessness.aligned(order),
            strange=self.strange.aligned(order),
        )
