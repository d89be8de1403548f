"""What broke first: the first strange moment of each service, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from aiops.reports import words
from aiops.reports.axis import seconds
from aiops.reports.verdict import blamed_service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiops.types import Anomaly, Investigation

MAX_MOMENTS = 6
MAX_SERVICES = 5
MAX_RECOVERED = 5


@dataclass(frozen=True, slots=True)
class Break:
    """A service and the series in which it first turned strange."""

    service: str
    metric: str
    blamed: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What broke in one and the same sample; `more` counts what is not shown.

    The blamed service comes first, the others by strength.
    """

    when: str
    at: str
    breaks: tuple[Break, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Firsts:
    """The strip of first breaks.

    Attributes
    ----------
    moments : tuple of Moment
        In order of time, at most `MAX_MOMENTS`.
    later : int
        How many services broke after the last moment that is shown.
    recovered : tuple of str
        The services that were last to be strange before the onset only, with when.
    recovered_more : int
        How many more of those there are.
    relative : str
        What the offsets count from.
    """

    moments: tuple[Moment, ...]
    later: int
    recovered: tuple[str, ...]
    recovered_more: int
    relative: str


def firsts(investigation: Investigation, onset: float | None) -> Firsts:
    """Find when each service first broke, relative to the onset (seconds since 1970).

    Strangeness that was over before the onset is told apart: it broke nothing in this incident.
    """
    breaks = sorted(_one_each(investigation.anomalies, onset), key=_by_time)
    live = [anomaly for anomaly in breaks if not _over(anomaly, onset)]
    zero = onset if onset is not None else (seconds(breaks[0].start) if breaks else 0.0)
    blamed = blamed_service(investigation.ranking)
    over = [anomaly for anomaly in breaks if _over(anomaly, onset)]
    groups = [list(group) for _, group in groupby(live, key=lambda anomaly: anomaly.start)]
    return Firsts(
        moments=tuple(_moment(group, zero, blamed) for group in groups[:MAX_MOMENTS]),
        later=sum(len(group) for group in groups[MAX_MOMENTS:]),
        recovered=tuple(
            f"{anomaly.service} ({words.offset(seconds(anomaly.start) - zero)})"
            for anomaly in over[-MAX_RECOVERED:]
        ),
        recovered_more=max(len(over) - MAX_RECOVERED, 0),
        relative="the onset" if onset is not None else "the first strange sample",
    )


def _one_each(anomalies: Iterable[Anomaly], onset: float | None) -> list[Anomaly]:
    """Return one anomaly of each service: its first that is not over before the onset."""
    chosen: dict[str, Anomaly] = {}
    for anomaly in sorted(
        anomalies, key=lambda anomaly: (_over(anomaly, onset), *_by_time(anomaly))
    ):
        chosen.setdefault(anomaly.service, anomaly)
    return list(chosen.values())


def _by_time(anomaly: Anomaly) -> tuple[float, float, str, str]:
    return (seconds(anomaly.start), -anomaly.score, anomaly.service, anomaly.metric)


def _over(anomaly: Anomaly, onset: float | None) -> bool:
    return onset is not None and seconds(anomaly.end) < onset


def _moment(group: list[Anomaly], zero: float, blamed: str | None) -> Moment:
    start = seconds(group[0].start)
    shown = sorted(group, key=lambda anomaly: anomaly.service != blamed)[:MAX_SERVICES]
    return Moment(
        when=words.offset(start - zero),
        at=words.clock(start),
        breaks=tuple(
            Break(anomaly.service, anomaly.metric, anomaly.service == blamed) for anomaly in shown
        ),
        more=len(group) - len(shown),
    )
