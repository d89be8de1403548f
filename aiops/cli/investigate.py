"""`aiops investigate`: what broke in one recorded case, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.output import Json, console, print_json, settings_of, telling
from aiops.types import InvalidInput, MetricId

if TYPE_CHECKING:
    from aiops.types import Case, Investigation

SHOWN = 5


class Onset(StrEnum):
    """Where the onset comes from."""

    GIVEN = "given"
    DETECTED = "detected"


def investigate(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help="A case folder, or the name of a shipped dataset.")],
    trigger: Annotated[
        str | None, typer.Option(help="The symptom, as service/metric; the case's own if left out.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="When it began, ISO 8601; the case's inject_time if left out."),
    ] = None,
    onset: Annotated[
        Onset, typer.Option(help="'detected' ignores the case's inject_time and looks for it.")
    ] = Onset.GIVEN,
    report: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML report here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what broke in a recorded case, who is to blame, how sure that is, and why.

    Exit code 0 whatever is found, 2 if the case cannot be read.
    """
    settings = settings_of(context)
    with telling() as tell:
        tell(f"reading {case}")
        from aiops import datasets, pipeline

        loaded = datasets.load(case)
        tell(f"ranking the causes of {loaded.id}")
        found = pipeline.investigate(
            loaded,
            settings=settings,
            onset=_moment(loaded, at, onset),
            trigger=_trigger(loaded, trigger),
        )
        if report is not None:
            tell(f"writing {report}")
            from aiops.reports import incident_page, write_page

            write_page(incident_page(found), report)
    if as_json:
        print_json(document(found))
    else:
        show(found)
        if report is not None:
            typer.echo(f"report: {report}")


def _moment(case: Case, at: str | None, onset: Onset) -> datetime | None:
    if at is None:
        return case.inject_time if onset is Onset.GIVEN else None
    if onset is Onset.DETECTED:
        raise InvalidInput("--at and --onset detected contradict each other; leave one out")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise InvalidInput(
            f"--at {at!r} is no time; write it as 2026-01-05T14:05:00+00:00"
        ) from None
    if moment.tzinfo is None:
        raise InvalidInput(f"--at {at} has no time zone; write {at}+00:00 for UTC")
    return moment.astimezone(UTC)


def _trigger(case: Case, text: str | None) -> MetricId | None:
    if text is None:
        return case.trigger
    series = MetricId.parse(text)
    if series not in case.metrics.columns:
        from aiops.suggest import did_you_mean

        known = [str(MetricId(*name)) for name in case.metrics.columns]
        raise InvalidInput(f"--trigger {text}: no such series; {did_you_mean(text, known)}")
    return series


def document(found: Investigation) -> dict[str, Any]:
    """Return an investigation as the JSON document that `--json` prints."""
    ranking, truth = found.ranking, found.case.root_cause
    return {
        "case": found.case.id,
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
        "ranking": [
            {
                "service": cause.service,
                "metric": cause.metric,
                "score": cause.score,
                "evidence": [{"text": e.text, "value": e.value} for e in cause.evidence],
            }
            for cause in ranking.causes
        ],
        "services": [{"service": s.service, "score": s.score} for s in ranking.services],
        "graph": {
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
        },
        "confidence": ranking.confidence,
        "abstained": ranking.abstained,
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
        said = "nobody is blamed: calm windows look as bad, or the change is too small"
    else:
        said = f"{ranking.services[0].service} is to blame, confidence {ranking.confidence:.2f}"
    if truth is None:
        return said
    right = not ranking.abstained and ranking.services[0].service == truth.service
    mark = "abstained" if ranking.abstained else ("right" if right else "wrong")
    return f"{said} (truth: {truth.service}, {mark})"


def show(found: Investigation) -> None:
    """Print an investigation for a person."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    onset = found.onset.isoformat() if found.onset else "unknown"
    out.print(Text(f"{found.case.id}, onset {onset}", style="bold"))
    out.print(Text(verdict(found)))
    table = Table("#", "service", "share of the blame", box=None, pad_edge=False)
    for place, service in enumerate(found.ranking.services[:SHOWN], start=1):
        table.add_row(str(place), Text(service.service), f"{service.score:.3f}")
    out.print(table)
    evidence = Table("#", "series", "why", box=None, pad_edge=False)
    for place, cause in enumerate(found.ranking.top(SHOWN), start=1):
        why = "; ".join(item.text for item in cause.evidence)
        evidence.add_row(str(place), Text(str(cause.series)), Text(why))
    out.print(evidence)
