"""cAdvisor's counters evened out to the times of our snapshots, from a pod's birth to its end.

cAdvisor looks at a pod every 10 to 15 s and tells of it later still. Rates of such samples would
sag whenever a pod comes or goes: of a new pod nothing is told at first, and the last seconds of an
old one are never told. Between two samples a counter is therefore taken to rise evenly, from zero
at birth, and after its last one to go on at its last pace while the pod is seen, for at most 1.1
times the mean distance of its samples: the bound that ``rate()`` itself has at a window's edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.clients.prometheus.series import RawSeries
from aiops.collectors.kubernetes.snapshot import INSTANCE
from aiops.collectors.raw.rates import CLOSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiops.collectors.raw.samples import Block


def evened(counters: Block, seen: Mapping[str, np.ndarray]) -> Iterator[RawSeries]:
    """Yield each counter at the times at which its pod was seen.

    Parameters
    ----------
    counters : Block
        Without stale markers; a counter of known birth begins with its zero.
    seen : mapping
        Pod, as in the label ``instance`` → when it was seen, in ms, increasing.
    """
    for row, labels in enumerate(counters.labels):
        here = slice(*counters.bounds[row : row + 2])
        times, values = counters.times[here], _without_resets(counters.values[here])
        if len(times) > 1:
            at = np.union1d(times[:1], seen[labels[INSTANCE]])
            at = at[(at >= times[0]) & (at <= times[-1] + _reach(times))]
            values = _continued(at, times, values)
            times = at
        yield RawSeries(labels, times, values)


def _without_resets(values: np.ndarray) -> np.ndarray:
    """Return the counter as it would stand if it had never begun again."""
    lost = np.where(values[1:] < values[:-1], values[:-1], 0.0)
    return np.asarray(values + np.concatenate([[0.0], np.cumsum(lost)])[: len(values)])


def _reach(times: np.ndarray) -> float:
    return CLOSE * float(times[-1] - times[0]) / (len(times) - 1)


def _continued(at: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the values at `at`: between samples even, after the last one at the last pace."""
    pace = (values[-1] - values[-2]) / (times[-1] - times[-2])
    return np.asarray(np.interp(at, times, values) + pace * np.maximum(at - times[-1], 0))
