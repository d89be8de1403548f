"""Probes of numbers over time: the recorded metrics, and PromQL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aiops.suggest import nearest
from chaos.files.durations import duration_text
from chaos.probes.results import NoSource, NotEvaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from chaos.files.providers import PromqlArguments, SloArguments
    from chaos.probes.context import Queries, Sampled


def slo(arguments: SloArguments, metrics: Callable[[], pd.DataFrame] | None) -> float:
    """Return the aggregate of one series over the last `window` of what was recorded.

    Raises
    ------
    NotEvaluated
        If there is no such series, or nothing of it in the window; `NoSource` if none is recorded.
    """
    if metrics is None:
        raise NoSource("no metrics are recorded here")
    import pandas as pd

    series = _column(metrics(), arguments)
    begin = series.index[-1] - pd.Timedelta(seconds=arguments.window)
    recent = series[series.index > begin].dropna()
    if recent.empty:
        raise NotEvaluated(
            f"{arguments.service}/{arguments.metric} has no value in the last "
            f"{duration_text(arguments.window)}"
        )
    return float(
        recent.iloc[-1] if arguments.aggregate == "last" else recent.agg(arguments.aggregate)
    )


def _column(frame: pd.DataFrame, arguments: SloArguments) -> pd.Series[float]:
    if frame.empty:
        raise NotEvaluated("nothing is recorded yet")
    wanted = (arguments.service, arguments.metric)
    if wanted not in frame.columns:
        known = ("/".join(map(str, column)) for column in frame.columns)
        near = nearest("/".join(wanted), known)
        raise NotEvaluated(f"no series is called {'/'.join(wanted)}; the nearest is {near}")
    column: pd.Series[float] = frame[wanted]
    return column


def promql(arguments: PromqlArguments, queries: Queries | None) -> float:
    """Return the value of an expression now, or its mean over `window`.

    Raises
    ------
    NotEvaluated
        If it has no value; `NoSource` if there is no Prometheus.
    """
    expr = arguments.expr
    if arguments.window:
        expr = f"avg_over_time(({expr})[{duration_text(arguments.window)}:])"
    return value_of(expr, queries)


def value_of(expr: str, queries: Queries | None) -> float:
    """Return the value that a PromQL expression has now; raise as `promql` does."""
    samples = asked(expr, queries)
    if len(samples) > 1:
        raise NotEvaluated(f"{expr} has {len(samples)} values; sum them up to one")
    if not samples or math.isnan(samples[0].value):
        raise NotEvaluated(f"{expr} has no value")
    return samples[0].value


def asked(expr: str, queries: Queries | None) -> Sequence[Sampled]:
    """Return the samples that a PromQL expression has now; raise `NoSource` without Prometheus."""
    if queries is None:
        raise NoSource("there is no Prometheus here")
    return queries.query(expr)
