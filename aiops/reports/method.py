"""How a verdict was made: the facts that let a reader judge it, each with its name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from aiops.reports import words
from aiops.reports.axis import sample_times

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from aiops.types import Investigation


def method(investigation: Investigation, onset: float | None) -> tuple[tuple[str, str], ...]:
    """Return name and value of each fact, in the order of a reader's questions."""
    case, ranking = investigation.case, investigation.ranking
    times = sample_times(case.metrics)
    return (
        ("Ranker", ranking.ranker or "not named"),
        ("Confidence", f"{ranking.confidence:.2f}"),
        ("Onset", "not found" if onset is None else stamp(onset)),
        ("Trigger", str(case.trigger) if case.trigger else "none given"),
        ("Window", _window(float(times[0]), float(times[-1]))),
        ("Step", words.duration(float(times[1] - times[0]))),
        ("Metrics", _size(case.metrics)),
        ("Strange spans", _spans(investigation)),
        ("Causal edges", _counts(edge.source for edge in ranking.edges)),
        ("Known calls", words.plural(len(case.topology), "call")),
    )


def stamp(moment: float) -> str:
    """Write a moment, in seconds since 1970, with its date.

    >>> stamp(1661140434)
    '22 August 2022, 03:53:54 UTC'
    """
    return f"{words.day(moment)}, {words.clock(moment)} UTC"


def _window(start: float, end: float) -> str:
    return f"{stamp(start)} to {stamp(end)} ({words.duration(end - start)})"


def _size(metrics: pd.DataFrame) -> str:
    services = metrics.columns.get_level_values(0).nunique()
    missing = float(np.isnan(metrics.to_numpy()).mean())
    return (
        f"{words.plural(metrics.shape[1], 'series')} of {words.plural(services, 'service')}, "
        f"{words.plural(metrics.shape[0], 'sample')} each, {100 * missing:.2g} % missing"
    )


def _spans(investigation: Investigation) -> str:
    anomalies = investigation.anomalies
    series = len({anomaly.series for anomaly in anomalies})
    told = _counts(anomaly.detector for anomaly in anomalies)
    return f"{told}; in {words.plural(series, 'series')}" if anomalies else "none"


def _counts(names: Iterable[str]) -> str:
    """Count equal names, most frequent first.

    >>> _counts(["granger", "topology", "granger"])
    '3: granger 2, topology 1'
    """
    counts = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    if not counts:
        return "none"
    told = ", ".join(f"{name} {count}" for name, count in counts)
    return f"{sum(count for _, count in counts)}: {told}"
