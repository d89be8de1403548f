"""`aiops investigate`: what broke in one recorded case, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.output import Json, print_json, print_table, say, settings_of, telling
from aiops.suggest import nearest
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
    case: Annotated[
        str,
        typer.Argument(metavar="CASE", help="A case folder, or the name of a shipped dataset."),
    ],
    trigger: Annotated[
        str | None,
        typer.Option(
            metavar="SERVICE/METRIC", help="The symptom; the case's own trigger if left out."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it began, ISO 8601; the case's inject_time if left out."
        ),
    ] = None,
    onset: Annotated[
        Onset, typer.Option(help="'detected' ignores the case's inject_time and looks for it.")
    ] = Onset.GIVEN,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a self-contained HTML report here."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what broke in a recorded case, who is to blame, and why.

    Exit code 0 whatever is found, 2 if the case cannot be read.
    """
    settings = settings_of(context)
    with telling() as tell:
        tell(f"reading {case}")
        from aiops import datasets, pipeline

        loaded = datasets.load(case)
        moment = _moment(loaded, at, onset)
        symptom = _trigger(loaded, trigger)
        tell(f"ranking the causes of {loaded.id}")
        found = pipeline.investigate(loaded, settings=settings, onset=moment, trigger=symptom)
        if report is not None:
            tell(f"writing {report}")
            from aiops.reports import incident_page, write_page

            write_page(incident_page(found), report)
    if as_json:
        print_json(document(found))
    else:
        show(found, told=moment)
        if report is not None:
            say(f"report: {report}")


def _moment(case: Case, at: str | None, onset: Onset) -> datetime | None:
    if at is None:
        return case.inject_time if onset is Onset.GIVEN else None
    if onset is Onset.DETECTED:
        raise InvalidInput("--at and --onset detected contradict each other; leave one out")
    try:
        moment = datetime.fromisoformat(at)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"--at {at!r} is no time; write it as 2026-01-05T14:05:00+00:00"
        ) from None
    if moment.tzinfo is None:
        raise InvalidInput(
            f"--at {at} has no time zone; write {moment.replace(tzinfo=UTC).isoformat()} for UTC"
        )
    return utc


def _trigger(case: Case, text: str | None) -> MetricId | None:
    if text is None:
        return case.trigger
    try:
        series = MetricId.parse(text)
    except InvalidInput as error:
        raise InvalidInput(f"--trigger: {error}") from None
    if series not in case.metrics.columns:
        near = nearest(text, (str(MetricId(*name)) for name in case.metrics.columns))
        raise InvalidInput(f"--trigger {text!r}: no such series; the nearest is {near!r}")
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


def show(found: Investigation, *, told: datetime | None) -> None:
    """Print an investigation for a person; `told` is the onset that was given, if one was."""
    ranking = found.ranking
    say(f"{found.case.id}, onset {_onset(found, told)}")
    say(verdict(found))
    say()
    if ranking.abstained:
        say("if it is a fault after all, look here first")
    services = ranking.services[:SHOWN]
    print_table(("blame", "service"), [(f"{one.score:.3f}", one.service) for one in services])
    for place, cause in enumerate(ranking.top(SHOWN), start=1):
        say()
        say(f"{place}. {cause.series}")
        for item in cause.evidence:
            say(f"   {item.text}")
    if len(ranking.causes) > SHOWN:
        say()
        say(f"the first {SHOWN} of {len(ranking.causes)} series; --json prints them all")


def _onset(found: Investigation, told: datetime | None) -> str:
    """Say from which moment it was judged and where that comes from."""
    if found.onset is None:
        return "unknown"
    if told is None:
        return f"{found.onset.isoformat()} (found)"
    first, second = found.case.metrics.index[:2]
    if timedelta(0) <= found.onset - told < second - first:
        return f"{found.onset.isoformat()} (given)"
    return f"{found.onset.isoformat()} (found; nothing stands out from {told.isoformat()})"
