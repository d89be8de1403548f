"""The suspect series under one time axis: geometry of the small multiples, events and onset.

All places across are percent of the axis; heights are percent of a row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.reports import words
from aiops.reports.axis import Axis, Tick, sample_times, seconds
from aiops.reports.traces import MAX_POINTS, Trace, draw
from aiops.reports.verdict import blamed_service, ranked_services
from aiops.types import Event, MetricId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiops.types import Anomaly, Case, Investigation, Ranking

MAX_ROWS = 10
MAX_SUSPECTS = 5
MAX_PER_SERVICE = 2
_CROWDED = 2.5
"""Events closer than this, in percent of the axis, share one tick."""


@dataclass(frozen=True, slots=True)
class Band:
    """A span in which the series was strange."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """One series: why it is shown (`role`), its line and its strange spans."""

    series: MetricId
    role: str
    blamed: bool
    trace: Trace
    bands: tuple[Band, ...]

    @property
    def summary(self) -> str:
        """The row in a sentence, for those who cannot see it."""
        if not self.trace.path:
            return f"{self.series} has no data in this window."
        spread = f"from {self.trace.lowest} to " if self.trace.lowest else "constant at "
        strange = words.plural(len(self.bands), "strange span")
        return f"{self.series} runs {spread}{self.trace.highest}, with {strange}."


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in words; `number` ties it to its tick."""

    number: int
    at: str
    relative: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is drawn under the shared axis.

    Attributes
    ----------
    onset : float or None
        Its place, None where it is unknown or outside of the axis.
    onset_label : str
        Its time of day.
    lane : tuple of Tick
        The events, labelled with their numbers.
    moments, clock : tuple
        Where the crosshair can stand, and the time in words at each of these places.
    note : str
        What part of the window is shown.
    """

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    onset: float | None
    onset_label: str
    lane: tuple[Tick, ...]
    events: tuple[EventLine, ...]
    moments: tuple[float, ...]
    clock: tuple[str, ...]
    note: str

    def samples(self) -> dict[str, Any]:
        """Return what the crosshair needs, ready for JSON: no NaN, no name from outside."""
        return {
            "moments": self.moments,
            "clock": self.clock,
            "rows": [
                {"x": row.trace.x, "y": row.trace.y, "labels": row.trace.labels}
                for row in self.rows
            ],
        }


def timeline(investigation: Investigation, onset: float | None) -> Timeline:
    """Lay out the series worth seeing around the onset (seconds since 1970)."""
    case = investigation.case
    times = sample_times(case.metrics)
    axis = Axis.over(times, onset)
    events = [event for event in _events(case) if axis.holds(seconds(event.time))]
    stops = times[axis.first_row :]
    stops = stops[np.linspace(0, len(stops) - 1, min(len(stops), MAX_POINTS)).astype(int)]
    visible = onset is not None and axis.holds(onset)
    return Timeline(
        rows=tuple(_rows(investigation, axis)),
        ticks=axis.ticks(),
        onset=axis.place(onset) if onset is not None and visible else None,
        onset_label=words.clock(onset) if onset is not None else "",
        lane=_lane(events, axis),
        events=tuple(_event_line(place, event, onset) for place, event in enumerate(events, 1)),
        moments=tuple(axis.place(float(stop)) for stop in stops),
        clock=tuple(_clock(float(stop), onset) for stop in stops),
        note=_note(axis, float(times[0])),
    )


def series_worth_seeing(investigation: Investigation) -> dict[MetricId, str]:
    """Return at most `MAX_ROWS` series and why: suspects, the trigger, the strangest others."""
    case, ranking = investigation.case, investigation.ranking
    roles: dict[MetricId, list[str]] = {}
    services = ranked_services(ranking)
    for series, service in _suspects(ranking).items():
        place = services.index(service) + 1 if service in services else "unranked"
        roles[series] = [f"suspect {place}"]
    if case.trigger is not None:
        roles.setdefault(case.trigger, []).append("trigger")
    for anomaly in sorted(investigation.anomalies, key=lambda one: (-one.score, str(one.series))):
        roles.setdefault(anomaly.series, ["strange"])
    known = {MetricId(*name) for name in case.metrics.columns}
    shown = [series for series in roles if series in known][:MAX_ROWS]
    return {series: ", ".join(roles[series]) for series in shown}


def _suspects(ranking: Ranking) -> dict[MetricId, str]:
    """Return the best series and whom they speak against, at most `MAX_PER_SERVICE` for each."""
    seen: Counter[str] = Counter()
    chosen: dict[MetricId, str] = {}
    for cause in ranking.causes:
        seen[cause.suspect] += 1
        if seen[cause.suspect] <= MAX_PER_SERVICE:
            chosen.setdefault(cause.series, cause.suspect)
    return dict(list(chosen.items())[:MAX_SUSPECTS])


def _rows(investigation: Investigation, axis: Axis) -> Iterable[Row]:
    metrics = investigation.case.metrics.iloc[axis.first_row :]
    x = np.array([axis.place(moment) for moment in sample_times(metrics)])
    blamed = blamed_service(investigation.ranking)
    against = {cause.series: cause.suspect for cause in investigation.ranking.causes}
    for series, role in series_worth_seeing(investigation).items():
        values = metrics[series].to_numpy(dtype=np.float64)
        yield Row(
            series=series,
            role=role,
            blamed=against.get(series, series.service) == blamed,
            trace=draw(x, values, words.unit_of(series.metric)),
            bands=_bands([one for one in investigation.anomalies if one.series == series], axis),
        )


def _bands(anomalies: list[Anomaly], axis: Axis) -> tuple[Band, ...]:
    """Return the spans that are shown; those that touch are one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted((seconds(one.start), seconds(one.end)) for one in anomalies):
        if merged and start <= merged[-1][1] + axis.step:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    spans = (axis.span(start, end) for start, end in merged)
    return tuple(Band(*span) for span in spans if span is not None)


def _events(case: Case) -> list[Event]:
    """Return the events in order of time, with the injected fault where the label tells it."""
    events = list(case.events)
    known = {event.time for event in events}
    if case.root_cause and case.inject_time and case.inject_time not in known:
        fault = case.fault or "a fault"
        events.append(
            Event(case.inject_time, "fault injected", case.root_cause.service, f"{fault} (label)")
        )
    return sorted(events, key=lambda event: seconds(event.time))


def _lane(events: list[Event], axis: Axis) -> tuple[Tick, ...]:
    """Return the ticks of the events, numbered; those too close to read share one."""
    places = [(axis.place(seconds(event.time)), number) for number, event in enumerate(events, 1)]
    ticks: list[Tick] = []
    for _, group in groupby(places, key=lambda place: int(place[0] / _CROWDED)):
        members = list(group)
        first, last = members[0][1], members[-1][1]
        label = str(first) if first == last else f"{first}\N{EN DASH}{last}"
        ticks.append(Tick(members[0][0], label))
    return tuple(ticks)


def _event_line(place: int, event: Event, onset: float | None) -> EventLine:
    moment = seconds(event.time)
    parts = (event.kind, event.service or "", event.text)
    return EventLine(
        number=place,
        at=words.clock(moment),
        relative="" if onset is None else words.offset(moment - onset),
        text=" · ".join(part for part in parts if part),
    )


def _clock(moment: float, onset: float | None) -> str:
    if onset is None:
        return f"{words.clock(moment)} UTC"
    return f"{words.clock(moment)} UTC, {words.offset(moment - onset)}"


def _note(axis: Axis, start: float) -> str:
    shown = words.duration(axis.end - axis.start)
    if axis.first_row == 0:
        return f"The whole window of {shown} is shown; times are UTC."
    return (
        f"The last {shown} of {words.duration(axis.end - start)} are shown, "
        f"from {words.day(axis.start)}, {words.clock(axis.start, to='min')}; times are UTC."
    )
