"""Every line of evidence with the PromQL that gives its numbers again.

The columns of a frame that was read from a Prometheus are expressions, and a case keeps them; so
what a line says of a series is cited by the expression of that series, and what it says of two by
both at once. Columns that came from elsewhere (a log file, a scrape) have none, and their
lines stay without.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiops.types import CausalEdge, Cause, Evidence, MetricId, Ranking

COLUMN = "aiops_column"
"""Label that tells the series of two columns apart in one answer."""


def cite(ranking: Ranking, queries: Mapping[MetricId, str]) -> Ranking:
    """Return `ranking` with a query on every line of evidence whose series have one.

    Parameters
    ----------
    queries : mapping of MetricId to str
        Column → the PromQL that gives its samples again, as in `aiops.types.Case.queries`.
    """
    if not queries:
        return ranking
    effects: dict[MetricId, list[CausalEdge]] = {}
    for edge in ranking.edges:
        effects.setdefault(edge.cause, []).append(edge)
    causes = (_cited(cause, effects.get(cause.series, ()), queries) for cause in ranking.causes)
    return replace(ranking, causes=tuple(causes))


def both(first: MetricId, second: MetricId, queries: Mapping[MetricId, str]) -> str:
    """Return one expression for two columns, told apart by the label `COLUMN`; "" if one has none.

    Examples
    --------
    >>> from aiops.types import MetricId
    >>> web, db = MetricId("web", "cpu"), MetricId("db", "cpu")
    >>> print(both(web, db, {web: "sum(a)", db: "sum(b)"}))
    label_replace(sum(a), "aiops_column", "web/cpu", "", "")
    or label_replace(sum(b), "aiops_column", "db/cpu", "", "")
    """
    if not (queries.get(first) and queries.get(second)):
        return ""
    return "\nor ".join(
        f'label_replace({queries[series]}, "{COLUMN}", "{_quoted(series)}", "", "")'
        for series in (first, second)
    )


def _cited(cause: Cause, edges: Sequence[CausalEdge], queries: Mapping[MetricId, str]) -> Cause:
    lines = tuple(
        replace(line, query=line.query or _query(line, cause.series, edges, queries))
        for line in cause.evidence
    )
    return replace(cause, evidence=lines)


def _query(
    line: Evidence,
    series: MetricId,
    edges: Sequence[CausalEdge],
    queries: Mapping[MetricId, str],
) -> str:
    """Return what gives the numbers of a line: of its series, or of both ends of an edge."""
    effect = max(
        (edge.effect for edge in edges if _speaks_of(line, edge)),
        key=lambda one: _named_in(line.text, one),
        default=None,
    )
    return queries.get(series, "") if effect is None else both(series, effect, queries)


def _speaks_of(line: Evidence, edge: CausalEdge) -> bool:
    return line.value == edge.weight and edge.effect.service in line.text


def _named_in(text: str, series: MetricId) -> tuple[bool, int]:
    """Return how well `text` names a series: whole or by its service; a longer name is no chance."""
    whole = str(series) in text
    return whole, len(str(series) if whole else series.service)


def _quoted(series: MetricId) -> str:
    """Write the name of a series inside double quotes; a $ would ask for a group there."""
    escaped = str(series).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return escaped.replace("$", "$$")
