"""What is strange at one time is one episode: how it begins, goes on and ends.

Episodes become incidents when somebody is told (`aiops.pipeline.open_incident`). Nothing here
looks at samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from aiops.types import Anomaly, MetricId


GAIN = 0.4
"""How fast the weight follows: what is strange for a single tick weighs less than half."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """When an episode is over.

    Parameters
    ----------
    quiet_s : float
        How long no symptom must have been strange.
    longest_s : float
        After so long what is still strange is the new normal.
    """

    quiet_s: float = 600.0
    longest_s: float = 4 * 3600.0


@dataclass(frozen=True)
class Episode:
    """Anomalies that overlap in time.

    Attributes
    ----------
    began : datetime
        The first strange sample of a symptom.
    opened : datetime
        The tick that decided that it is one.
    symptom : MetricId
        The strongest symptom at that tick.
    last : datetime
        The last tick at which a symptom was strange.
    rises : tuple of (datetime, float)
        Each tick at which its weight was higher than ever before, and that weight.
    spans : mapping
        Every series that was strange in it, symptom or not.
    weight : float
        How strong the symptoms are together, smoothed over the last ticks.
    closed : datetime or None
        The tick that decided that it is over.
    """

    began: datetime
    opened: datetime
    symptom: MetricId
    last: datetime
    rises: tuple[tuple[datetime, float], ...]
    spans: Mapping[MetricId, Anomaly]
    weight: float
    closed: datetime | None = None

    @property
    def strength(self) -> float:
        """Its highest weight; see `aiops.pipeline.Decision` for the unit."""
        return self.rises[-1][1]

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What was strange, in order of its beginning, the strongest first."""
        return tuple(
            sorted(self.spans.values(), key=lambda one: (one.start, -one.score, *one.series))
        )

    @property
    def services(self) -> tuple[str, ...]:
        """Whose series were strange, the strongest first."""
        ordered = sorted(self.spans.values(), key=lambda one: (-one.score, *one.series))
        return tuple(dict.fromkeys(one.service for one in ordered))

    def paged(self, level: float) -> datetime | None:
        """Return when it became strong enough to wake somebody; None if it never did."""
        return next((at for at, strength in self.rises if strength >= level), None)

    def grown(self, at: datetime, strength: float, strange: Iterable[Anomaly]) -> Episode:
        """Return the episode with what is strange at one more tick."""
        spans = dict(self.spans)
        for one in strange:
            known = spans.get(one.series)
            start = one.start if known is None else min(known.start, one.start)
            score = one.score if known is None else max(known.score, one.score)
            spans[one.series] = replace(one, start=start, score=score)
        weight = self.weight + (strength - self.weight) * GAIN
        rises = self.rises if weight <= self.strength else (*self.rises, (at, weight))
        return replace(
            self, weight=weight, rises=rises, spans=spans, last=at if strength > 0 else self.last
        )

    def over(self, at: datetime, manner: Manner) -> bool:
        """Say whether it has been quiet for long enough, or has lasted too long."""
        quiet = at - self.last >= timedelta(seconds=manner.quiet_s)
        return quiet or self.overlong(at, manner)

    def overlong(self, at: datetime, manner: Manner) -> bool:
        """Say whether what is strange in it must by now be the new normal."""
        return at - self.opened >= timedelta(seconds=manner.longest_s)
