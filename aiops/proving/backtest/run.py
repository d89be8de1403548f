"""The whole backtest over a frame: replay, choose the level, match the alerts, lay out budgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from aiops.backtests import (
    Backtest,
    BudgetRow,
    HeldOut,
    JudgedAlert,
    RecordedAlert,
    ReplayedIncident,
    Tally,
)
from aiops.pipeline import Manner
from aiops.proving.backtest.alerts import gathered
from aiops.proving.backtest.baselines import chance, highest_z, naive_pages
from aiops.proving.backtest.causes import incident_of
from aiops.proving.backtest.levels import most_pages, page_level
from aiops.proving.backtest.matching import Match, Page, match, tally
from aiops.proving.backtest.replay import Replay, replay
from aiops.settings import Settings
from aiops.types import check_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from aiops.clients.prometheus import Alert
    from aiops.pipeline import Episode

BUDGETS: tuple[float | None, ...] = (0.5, 1.0, 2.0, 5.0, 10.0, None)
"""Pages a day for which the table has a row; None stands for all."""

LEAST_HALF_DAYS = 1.0
"""A shorter half says nothing about the other."""


def backtest(  # noqa: PLR0913  the stretch, and what is known of it
    frame: pd.DataFrame,
    alerts: Sequence[Alert] = (),
    topology: Sequence[tuple[str, str]] = (),
    settings: Settings | None = None,
    *,
    source: str = "",
    notes: Sequence[str] = (),
    tell: Callable[[int, int, str], None] = lambda *_: None,
) -> Backtest:
    """Replay a stretch and say which incidents there would have been, and what they are worth.

    Parameters
    ----------
    frame : DataFrame
        As `aiops.types.check_metrics` demands; one tick per row.
    alerts : sequence of Alert
        What the system's own rules raised in that time.
    topology : sequence of (caller, callee)
        The call graph, for the ranking.
    settings : Settings, optional
        The defaults when left out.
    source : str
        Where the frame is from.
    notes : sequence of str
        What the reader should know of it.
    tell : callable
        Called now and then with (rows done, rows in all, what is being done).

    Raises
    ------
    InvalidMetrics
        If `frame` breaks a rule of `aiops.types.check_metrics`.
    """
    check_metrics(frame)
    chosen = settings or Settings()
    found = replay(frame, chosen, tell=tell)
    start, end = frame.index[0].to_pydatetime(), frame.index[-1].to_pydatetime()
    watched = frozenset(frame.columns.unique(0))
    recorded = gathered(alerts, start, end, labels=chosen.labels, known=watched)
    judged = tuple(one for one in recorded if not one.apart)
    apart = tuple(one for one in recorded if one.apart)
    told = _result(_Stretch(frame, found, judged, chosen), topology)
    return replace(told, source=source, apart=apart, notes=tuple(notes))


def _result(stretch: _Stretch, topology: Sequence[tuple[str, str]]) -> Backtest:
    frame, budget = stretch.frame, stretch.settings.backtest.pages_per_day
    level = stretch.level(budget)
    incidents, alerts = _told(stretch, level, topology)
    return Backtest(
        source="",
        start=stretch.window[0],
        end=stretch.window[1],
        step_s=(frame.index[1] - frame.index[0]).total_seconds(),
        ticks=len(frame),
        blind=stretch.replayed.blind,
        services=len(frame.columns.unique(0)),
        series=frame.shape[1],
        budget=budget,
        level=level,
        incidents=incidents,
        alerts=alerts,
        apart=(),
        table=tuple(_row(stretch, one) for one in _budgets(budget)),
        held_out=_held_out(stretch, budget),
    )


@dataclass(frozen=True)
class _Stretch:
    """What was replayed and what the rules of the system said."""

    frame: pd.DataFrame
    replayed: Replay
    alerts: tuple[RecordedAlert, ...]
    settings: Settings

    @property
    def lead(self) -> timedelta:
        return timedelta(seconds=self.settings.backtest.lead_s)

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.frame.index[0].to_pydatetime(), self.frame.index[-1].to_pydatetime()

    @property
    def days(self) -> float:
        return (self.window[1] - self.window[0]) / timedelta(days=1)

    @cached_property
    def z(self) -> NDArray[np.float64]:
        return highest_z(self.frame)

    def level(self, budget: float | None) -> float:
        most = most_pages(budget, self.days)
        strengths = [one.strength for one in self.replayed.episodes]
        return page_level(strengths, len(strengths) if most is None else most)


def _pages(episodes: Sequence[Episode], level: float) -> tuple[list[Page], list[Episode]]:
    """Return the pages of the episodes that are strong enough, in order of time, and those."""
    paged = [(at, one) for one in episodes if (at := one.paged(level)) is not None]
    paged.sort(key=lambda pair: pair[0])
    return [Page(at, one.closed or at) for at, one in paged], [one for _, one in paged]


def _told(
    stretch: _Stretch, level: float, topology: Sequence[tuple[str, str]]
) -> tuple[tuple[ReplayedIncident, ...], tuple[JudgedAlert, ...]]:
    """Return the incidents and the alerts, each knowing the other."""
    pages, paged = _pages(stretch.replayed.episodes, level)
    matches = match(stretch.alerts, pages, stretch.lead)
    names = {id(one): f"i{place}" for place, one in enumerate(stretch.replayed.episodes, start=1)}
    judged = tuple(
        _judged(alert, found, pages, paged, names)
        for alert, found in zip(stretch.alerts, matches, strict=True)
    )
    incidents = tuple(
        ReplayedIncident(
            incident=incident_of(
                one,
                stretch.frame,
                number=names[id(one)],
                paged=one.paged(level),
                topology=topology,
                settings=stretch.settings,
            ),
            strength=one.strength,
            paged=one.paged(level),
            closed=one.closed or one.last,
            alerts=tuple(each.alert.name for each in judged if each.incident == names[id(one)]),
        )
        for one in stretch.replayed.episodes
    )
    return incidents, judged


def _judged(
    alert: RecordedAlert,
    found: Match,
    pages: Sequence[Page],
    paged: Sequence[Episode],
    names: dict[int, str],
) -> JudgedAlert:
    if found.page is None:
        return JudgedAlert(alert, found.fate)
    episode = paged[found.page]
    return JudgedAlert(
        alert,
        found.fate,
        incident=names[id(episode)],
        lead_s=(alert.start - pages[found.page].at).total_seconds(),
        named=None if alert.service is None else alert.service in episode.services,
    )


def _budgets(asked: float) -> tuple[float | None, ...]:
    """Return the budgets of the table, the one that was asked for among them."""
    numbers = sorted({one for one in BUDGETS if one is not None} | {asked})
    return (*numbers, None)


def _row(stretch: _Stretch, budget: float | None) -> BudgetRow:
    level = stretch.level(budget)
    pages, _ = _pages(stretch.replayed.episodes, level)
    quiet = timedelta(seconds=Manner().quiet_s)
    naive = naive_pages(stretch.z, pd.DatetimeIndex(stretch.frame.index), len(pages), quiet)
    return BudgetRow(
        budget=budget,
        level=level,
        ours=_tallied(stretch, pages),
        naive=_tallied(stretch, naive),
        chance=chance(stretch.alerts, pages, stretch.window, stretch.lead),
    )


def _tallied(stretch: _Stretch, pages: Sequence[Page]) -> Tally:
    return tally(match(stretch.alerts, pages, stretch.lead), len(pages))


def _held_out(stretch: _Stretch, budget: float) -> HeldOut | None:
    """Choose the level on the first half and count in the second, as it would be in use."""
    start, end = stretch.window
    middle, days = start + (end - start) / 2, stretch.days / 2
    if days < LEAST_HALF_DAYS:
        return None
    before = [one.strength for one in stretch.replayed.episodes if one.opened < middle]
    level = page_level(before, most_pages(budget, days) or 0)
    pages, _ = _pages([one for one in stretch.replayed.episodes if one.opened >= middle], level)
    later = [one for one in stretch.alerts if one.start >= middle]
    return HeldOut(level, days, tally(match(later, pages, stretch.lead), len(pages)))
