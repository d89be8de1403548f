"""Many expressions in few queries: how they are bundled, asked, and asked again in halves.

What a query costs the server is known beforehand: the series that it reads, times the points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aiops.collectors.labels.promql import COLUMN, union
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from aiops.clients.prometheus import PrometheusClient
    from aiops.clients.prometheus.series import Grid

MOST_READ = 20_000_000
"""Samples that one query makes the server hold; its own limit is 50 million by default."""

MOST_ANSWERED = 2_000_000
"""Values in one answer."""

MOST_TOGETHER = 32
"""Expressions in one query; the more, the dearer is the server's ``or`` that joins them."""


class Expression(NamedTuple):
    """PromQL, the column that is told where it is refused, and what it costs.

    `cost` is how many series the server reads, `answered` how many it answers with.
    """

    column: str
    expr: str
    cost: int
    answered: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An expression that the server would not answer alone, and why."""

    column: str
    expr: str
    why: str


@dataclass(frozen=True, eq=False)
class Asked:
    """What a bundle brought: (expression, its part of the grid, answer), and what was refused."""

    answers: tuple[tuple[str, Grid, pd.DataFrame], ...]
    refused: tuple[Refused, ...]
    queries: int


def bundled(expressions: Sequence[Expression], points: int, queries: int) -> list[list[Expression]]:
    """Spread expressions, in their order, evenly over so many queries; more if some are large.

    Parameters
    ----------
    expressions : sequence of Expression
    points : int
        Points of time that are asked for.
    queries : int
        In how many queries they go if none of them is large; at least 1.

    Examples
    --------
    >>> small, large = Expression("a", "a", 10, 1), Expression("b", "b", MOST_READ, 1)
    >>> [len(bundle) for bundle in bundled([small] * 5, 10, 3)]
    [2, 2, 1]
    >>> [len(bundle) for bundle in bundled([small, small, large, small], 10, 1)]
    [2, 1, 1]
    """
    bundles: list[list[Expression]] = []
    opened = -1
    for place, each in enumerate(expressions):
        query = place * queries // max(queries, len(expressions))
        if query != opened or not _fits([*bundles[-1], each], points):
            bundles.append([])
        opened = query
        bundles[-1].append(each)
    return bundles


def queries_for(bundle: Sequence[Expression], points: int) -> int:
    """Return in how many stretches of time a bundle must be asked."""
    return -(-_read(bundle, points) // MOST_READ)


def ask(client: PrometheusClient, grid: Grid, bundle: Sequence[Expression]) -> Asked:
    """Ask for a bundle; when it is refused, for each half of it.

    Raises
    ------
    Unreachable, Denied
        As the client does; asking for less would not help.
    """
    try:
        answers = tuple(_answers(client, bundle, grid))
    except InvalidInput as error:
        queries = 1
        if len(bundle) == 1:
            refused = Refused(bundle[0].column, bundle[0].expr, str(error))
            return Asked((), (refused,), queries)
        middle = len(bundle) // 2
        first, second = (ask(client, grid, half) for half in (bundle[:middle], bundle[middle:]))
        return Asked(
            first.answers + second.answers,
            first.refused + second.refused,
            queries + first.queries + second.queries,
        )
    return Asked(answers, (), queries_for(bundle, grid.points))


def _answers(
    client: PrometheusClient, bundle: Sequence[Expression], grid: Grid
) -> Iterator[tuple[str, Grid, pd.DataFrame]]:
    tagged = {str(place): each.expr for place, each in enumerate(bundle)}
    query = union(tagged) if len(bundle) > 1 else bundle[0].expr
    stretch = -(-grid.points // queries_for(bundle, grid.points))
    for part in grid.parts(stretch):
        first, last = part.moment(0), part.moment(part.points - 1)
        frame = client.query_range(query, first, last, part.step_ms / 1000)
        if len(bundle) == 1:
            yield bundle[0].expr, part, frame
        elif frame.shape[1]:
            tags = frame.columns.get_level_values(COLUMN)
            for tag in tags.unique():
                yield tagged[tag], part, frame.loc[:, tags == tag]


def _fits(bundle: Sequence[Expression], points: int) -> bool:
    answered = sum(each.answered for each in bundle) * points
    few = len(bundle) <= MOST_TOGETHER
    return few and _read(bundle, points) <= MOST_READ and answered <= MOST_ANSWERED


def _read(bundle: Sequence[Expression], points: int) -> int:
    return max(1, sum(each.cost for each in bundle) * points)
