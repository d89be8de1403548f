"""Signals into one metrics frame, in few queries: many expressions travel in each.

A query of several expressions that is refused is asked again in halves; an expression that is
refused alone is left out and told, and so is what the allowance of queries and samples is too
small for.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiops.clients.prometheus.series import Grid
from aiops.collectors.pull.allowance import affordable, asked_for, bundles_within, by_expression
from aiops.collectors.pull.asking import Asked, Expression, Refused, ask
from aiops.collectors.pull.assembling import Columns
from aiops.types import MetricId, NotEnoughData, check_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.signals.planning import Signal

__all__ = ["Pulled", "Refused", "pull", "pull_part"]

MOST_QUERIES = 50
MOST_SAMPLES = 30_000_000
"""Samples read for what is neither a symptom nor a resource; a server takes about 1 µs for each."""

AT_ONCE = 2
"""Queries under way: while one is worked out, another is read."""


@dataclass(frozen=True, eq=False)
class Pulled:
    """What a pull brought.

    Attributes
    ----------
    frame : DataFrame
        As `check_metrics` demands. NaN where there is no value or none that is a finite number;
        columns without any are left out.
    queries : mapping
        Column → the PromQL that gives it, and it alone.
    asked : int
        Range queries that were sent, those that were refused included.
    refused : tuple of Refused
        What the server would not answer, and why.
    left_out : tuple of str
        Columns that there was no allowance for, the most telling first.
    coverage : float
        The share of the planned (service, column) pairs that are in the frame, 0 to 1.
    """

    frame: pd.DataFrame
    queries: Mapping[MetricId, str]
    asked: int
    refused: tuple[Refused, ...]
    left_out: tuple[str, ...]
    coverage: float


def pull(  # noqa: PLR0913  what is asked, where, and when; the rest are options
    client: PrometheusClient,
    signals: Sequence[Signal],
    start: datetime,
    end: datetime,
    step_s: float,
    *,
    tell: Callable[[str], None] | None = None,
    most_queries: int = MOST_QUERIES,
    most_samples: int = MOST_SAMPLES,
) -> Pulled:
    """Read signals from `start` to `end`, one row each `step_s` seconds.

    Parameters
    ----------
    client : PrometheusClient
    signals : sequence of Signal
        The most telling first, as `plan_signals` gives them.
    start, end : datetime
        With a time zone.
    step_s : float
    tell : callable, optional
        Is told how far it is, in words.
    most_queries : int
        Range queries to plan; those that are refused come on top.
    most_samples : int
        What the server may read for columns of the kind `SignalKind.OTHER`; those of another kind
        are always read.

    Raises
    ------
    NotEnoughData
        If no query gives a value.
    InvalidInput
        If the window or the step cannot be used.
    InvalidMetrics
        If the frame breaks a rule of `check_metrics`: too few rows, nothing that varies.
    Unreachable, Denied
        As the client does.
    """
    pulled = pull_part(
        client,
        signals,
        start,
        end,
        step_s,
        tell=tell,
        most_queries=most_queries,
        most_samples=most_samples,
    )
    check_metrics(pulled.frame)
    return pulled


def pull_part(  # noqa: PLR0913  as pull
    client: PrometheusClient,
    signals: Sequence[Signal],
    start: datetime,
    end: datetime,
    step_s: float,
    *,
    tell: Callable[[str], None] | None = None,
    most_queries: int = MOST_QUERIES,
    most_samples: int = MOST_SAMPLES,
) -> Pulled:
    """Read a part of a longer frame: as `pull`, but nothing in it needs to vary.

    A day on which every target is up has only ones to tell, and they are as telling as others.
    """
    grid = Grid.over(start, end, step_s)
    signals_by_expr = by_expression(affordable(signals, most_samples // grid.points))
    bundles = bundles_within(signals_by_expr, grid.points, most_queries)
    columns = Columns(grid, signals_by_expr)
    refused: list[Refused] = []
    asked = 0
    for done, answer in enumerate(_answers(client, bundles, grid), start=1):
        columns.take(answer)
        refused += answer.refused
        asked += answer.queries
        if tell is not None:
            tell(f"{done} of {len(bundles)} queries, {len(columns.by_name):,} columns")
    if not columns.by_name:
        raise NotEnoughData(_nothing(client, start, end, refused))
    frame = columns.frame()
    sent = {each.expr for bundle in bundles for each in bundle}
    left_out = dict.fromkeys(one.column for one in signals if asked_for(one) not in sent)
    queries = _queries(signals, columns)
    coverage = frame.shape[1] / sum(len(one.services) for one in signals)
    return Pulled(frame, queries, asked, tuple(refused), tuple(left_out), coverage)


def _queries(signals: Sequence[Signal], columns: Columns) -> dict[MetricId, str]:
    """Return the PromQL of each column that has a value, sorted."""
    planned = {(service, one.column): one for one in signals for service in one.services}
    return {MetricId(*name): planned[name].query(name[0]) for name in sorted(columns.by_name)}


def _answers(
    client: PrometheusClient, bundles: Sequence[Sequence[Expression]], grid: Grid
) -> Iterator[Asked]:
    """Ask for the bundles, some at once; the answers come in their order.

    After an error those that are not yet under way are not asked.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(partial(ask, client, grid), bundles)
    finally:
        pool.shutdown(cancel_futures=True)


def _nothing(
    client: PrometheusClient, start: datetime, end: datetime, refused: Sequence[Refused]
) -> str:
    said = f"{client.url}: nothing has a value between {start} and {end}; check the times"
    return said if not refused else f"{said}; {len(refused)} refused: {refused[0].why}"
