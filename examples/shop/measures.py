"""Counters and histograms, and the text in which Prometheus reads them. Standard library only.

Not a metrics library: no labels with quotes, no exemplars, one set of buckets.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[tuple[str, str], ...]


class Measures:
    """What one process counts; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[Labels, float]] = {}
        self._buckets: dict[str, dict[Labels, list[int]]] = {}
        self._sums: dict[tuple[str, Labels], float] = {}

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add `by` to a counter; adding 0 makes it visible before it is needed."""
        key = tuple(labels.items())
        with self._lock:
            series = self._counts.setdefault(name, {})
            series[key] = series.get(key, 0) + by

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Put `seconds` into a histogram."""
        key = tuple(labels.items())
        with self._lock:
            series = self._buckets.setdefault(name, {})
            buckets = series.setdefault(key, [0] * (len(BUCKETS_S) + 1))
            buckets[bisect_left(BUCKETS_S, seconds)] += 1
            self._sums[name, key] = self._sums.get((name, key), 0.0) + seconds

    def text(self, gauges: Mapping[str, float], **labels: str) -> str:
        """Write everything, and `gauges` with `labels`, in Prometheus's text format."""
        with self._lock:
            lines = [*self._counter_lines(), *self._histogram_lines()]
        for name, value in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE {name} {kind}", _line(name, tuple(labels.items()), value)]
        return "\n".join(lines) + "\n"

    def _counter_lines(self) -> Iterable[str]:
        for name, series in self._counts.items():
            yield f"# TYPE {name} counter"
            for labels, value in series.items():
                yield _line(name, labels, value)

    def _histogram_lines(self) -> Iterable[str]:
        for name, series in self._buckets.items():
            yield f"# TYPE {name} histogram"
            for labels, buckets in series.items():
                bounds = (*map(str, BUCKETS_S), "+Inf")
                for bound, total in zip(bounds, accumulate(buckets), strict=True):
                    yield _line(f"{name}_bucket", (*labels, ("le", bound)), total)
                yield _line(f"{name}_sum", labels, self._sums[name, labels])
                yield _line(f"{name}_count", labels, sum(buckets))


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in labels)
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"
