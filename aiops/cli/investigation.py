"""One investigation in words for a person, and as the JSON document for machines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiops.cli.output import print_table, say

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from aiops.collectors.freezing import Frozen
    from aiops.types import Cause, Investigation, Ranking

SHOWN = 5


def document(
    found: Investigation, read: Frozen | None = None, folder: Path | None = None
) -> dict[str, Any]:
    """Return an investigation as the JSON document that `--json` prints.

    `read` says how its window was read, and `folder` where it is kept, if it was read just now.
    """
    ranking, truth = found.ranking, found.case.root_cause
    return {
        "case": found.case.id,
        "kept": None if folder is None else str(folder),
        "read": None if read is None else _reading(read),
        "onset": found.onset.isoformat() if found.onset else None,
        "anomalies": [
            {
                "service": one.service,
                "metric": one.metric,
                "start": one.start.isoformat(),
                "end": one.end.isoformat(),
                "score": one.score,
                "detector": one.detector,
            }
            for one in found.anomalies
        ],
        "ranking": [_cause(cause) for cause in ranking.causes],
        "services": [{"service": s.service, "score": s.score} for s in ranking.services],
        "graph": _graph(ranking),
        "confidence": ranking.confidence,
        "abstained": ranking.abstained,
        "reason": ranking.reason,
        "truth": None
        if truth is None
        else {
            "service": truth.service,
            "metrics": [str(series) for series in truth.metrics] or None,
        },
    }


def verdict(found: Investigation) -> str:
    """Return the verdict in one sentence, with the truth beside it where it is known."""
    ranking, truth = found.ranking, found.case.root_cause
    if ranking.abstained:
        why = ranking.reason or "calm windows look as bad, or the change is too small"
        said = f"nobody is blamed: {why}"
    else:
        said = f"{ranking.services[0].service} is to blame, confidence {ranking.confidence:.2f}"
    if truth is None:
        return said
    right = not ranking.abstained and ranking.services[0].service == truth.service
    mark = "abstained" if ranking.abstained else ("right" if right else "wrong")
    return f"{said} (truth: {truth.service}, {mark})"


def show(
    found: Investigation, *, told: datetime | None = None, noticed: datetime | None = None
) -> None:
    """Print an investigation for a person.

    `told` is the onset that was given, `noticed` when somebody noticed, if they are known.
    """
    ranking = found.ranking
    say(f"{found.case.id}, onset {_onset(found, told, noticed)}")
    say(verdict(found))
    say()
    if ranking.abstained:
        say("if it is a fault after all, look here first")
    services = ranking.services[:SHOWN]
    print_table(("blame", "service"), [(f"{one.score:.3f}", one.service) for one in services])
    for place, cause in enumerate(ranking.top(SHOWN), start=1):
        _show_cause(place, cause)
    if len(ranking.causes) > SHOWN:
        say()
        say(f"the first {SHOWN} of {len(ranking.causes)} series; --json prints them all")


def show_reading(read: Frozen) -> None:
    """Print which window was read, in what grain, and what it took."""
    from aiops.reports import words

    window, metrics = read.window, read.case.metrics
    services = metrics.columns.get_level_values(0).nunique()
    start, end = (moment.isoformat(timespec="seconds") for moment in (window.start, window.end))
    of = f" of {words.plural(read.series, 'series')}" if read.series else ""
    say(f"read {start} to {end}, every {read.step_s:g} s, from {read.case.system}")
    say(
        f"{words.plural(services, 'service')}, {words.plural(metrics.shape[1], 'column')}{of}, "
        f"{_count(read.asked, 'query', 'queries')}, {words.plural(len(read.case.topology), 'call')}"
    )
    for note in read.notes:
        say(f"note: {note}")
    say()


def _show_cause(place: int, cause: Cause) -> None:
    """Print a cause and its evidence; a query that several lines share stands under the last."""
    say()
    say(f"{place}. {cause.series}")
    following = [*(item.query for item in cause.evidence[1:]), ""]
    for item, query in zip(cause.evidence, following, strict=False):
        say(f"   {item.text}")
        if item.query and item.query != query:
            for line in item.query.splitlines():
                say(f"       {line}")


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "service": cause.service,
        "metric": cause.metric,
        "score": cause.score,
        "evidence": [
            {"text": item.text, "value": item.value, "query": item.query or None}
            for item in cause.evidence
        ],
    }


def _graph(ranking: Ranking) -> dict[str, Any]:
    return {
        "nodes": sorted({str(n) for e in ranking.edges for n in (e.cause, e.effect)}),
        "edges": [
            {
                "cause": str(edge.cause),
                "effect": str(edge.effect),
                "weight": edge.weight,
                "lag_s": edge.lag_s,
            }
            for edge in ranking.edges
        ],
    }


def _reading(read: Frozen) -> dict[str, Any]:
    return {
        "url": read.case.system,
        "start": read.window.start.isoformat(),
        "end": read.window.end.isoformat(),
        "noticed": read.window.noticed.isoformat(),
        "step_s": read.step_s,
        "services": int(read.case.metrics.columns.get_level_values(0).nunique()),
        "columns": read.case.metrics.shape[1],
        "series": read.series or None,
        "queries": read.asked,
        "calls": len(read.case.topology),
        "notes": list(read.notes),
    }


def _onset(found: Investigation, told: datetime | None, noticed: datetime | None) -> str:
    """Say from which moment it was judged and where that comes from."""
    if found.onset is None:
        return "unknown"
    if told is None:
        seen = f"; noticed at {noticed.isoformat(timespec='seconds')}" if noticed else ""
        return f"{found.onset.isoformat()} (found{seen})"
    first, second = found.case.metrics.index[:2]
    if timedelta(0) <= found.onset - told < second - first:
        return f"{found.onset.isoformat()} (given)"
    return f"{found.onset.isoformat()} (found; nothing stands out from {told.isoformat()})"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
