"""The ticks of a recorded stretch, one after the other: which episodes there would have been."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from aiops.pipeline import Seen, Watch, tick
from aiops.types import MetricId

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.pipeline import Episode
    from aiops.settings import Settings

_TELL_EVERY = 500


@dataclass(frozen=True)
class Replay:
    """The episodes in order of time, and in how many ticks too much was missing to decide."""

    episodes: tuple[Episode, ...]
    blind: int


def replay(
    frame: pd.DataFrame,
    settings: Settings,
    *,
    tell: Callable[[int, int, str], None] = lambda *_: None,
) -> Replay:
    """Tick once for each row of a metrics frame; an episode that is open at the end ends there.

    Parameters
    ----------
    tell : callable
        Called now and then with (rows done, rows in all, what is being done).
    """
    watch = Watch.begin(settings.detection)
    series = tuple(MetricId(*name) for name in frame.columns)
    times, rows = pd.DatetimeIndex(frame.index).to_pydatetime(), frame.to_numpy()
    found: list[Episode] = []
    blind = 0
    for place, moment in enumerate(times):
        watch, decision = tick(watch, Seen(moment, series, rows[place]))
        blind += decision.blind
        if decision.closed:
            found.append(decision.closed)
        if place % _TELL_EVERY == 0:
            tell(place, len(times), f"{moment:%d %b %H:%M}, {len(found)} episodes so far")
    if watch.episode:
        found.append(replace(watch.episode, closed=watch.time))
    return Replay(tuple(found), blind)
