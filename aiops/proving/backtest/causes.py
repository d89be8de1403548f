"""Who is to blame for a page, from what was known a few minutes after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.pipeline import default_ranker, open_incident
from aiops.types import InvalidMetrics, NotEnoughData, Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.pipeline import Episode
    from aiops.settings import Settings
    from aiops.types import Incident

BEFORE = timedelta(hours=1)
"""How much of what was normal is looked at."""

AFTER_STEPS = 5
"""How many ticks the ranking waits for, from the page on: causes need to be seen."""


def incident_of(  # noqa: PLR0913  what an incident is made of
    episode: Episode,
    frame: pd.DataFrame,
    *,
    number: str,
    paged: datetime | None,
    topology: Sequence[tuple[str, str]],
    settings: Settings,
) -> Incident:
    """Return the incident of an episode; its causes are ranked once, and only if it paged."""
    ranking = _ranked(episode, frame, paged, topology, settings) if paged else Ranking(())
    return open_incident(number, episode.anomalies, ranking, opened=episode.opened)


def _ranked(
    episode: Episode,
    frame: pd.DataFrame,
    paged: datetime,
    topology: Sequence[tuple[str, str]],
    settings: Settings,
) -> Ranking:
    step: timedelta = (frame.index[1] - frame.index[0]).to_pytimedelta()
    window = frame.loc[episode.began - BEFORE : paged + AFTER_STEPS * step].dropna(
        axis=1, how="all"
    )
    try:
        return default_ranker(settings).rank(
            window, onset=episode.began, trigger=episode.symptom, topology=topology
        )
    except (NotEnoughData, InvalidMetrics):  # too soon after the stretch began
        return Ranking((), abstained=True, ranker="none")
