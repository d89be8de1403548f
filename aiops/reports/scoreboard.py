"""One page of what the monitoring missed: the figures of a judge, and a picture of every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.reports import words
from aiops.reports.axis import Axis, Tick, seconds
from aiops.reports.figures import RANKING_HEAD, figures, headline, ranking_row
from aiops.reports.page import render
from aiops.reports.traces import Trace, draw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiops.scores import Ranked, RunScore, Scoreboard

UNITS = {"latency_p95": "s", "request_rate": "/s"}
"""Units that the names of indicators do not tell."""

BASELINES = ("max_z", "random")
"""Rankers that any other must beat."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A detection on the picture; a false alarm is no use to anybody."""

    x: float
    false: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The indicator over the run, in percent of its length, with the hold as a band."""

    trace: Trace
    hold: tuple[float, float]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as the page prints it."""

    key: str
    run: str
    title: str
    when: str
    verdict: str
    bad: bool
    tone: str
    facts: tuple[tuple[str, str], ...]
    series: str
    summary: str
    picture: Picture | None


def scoreboard_page(board: Scoreboard, *, title: str = "What your monitoring missed") -> str:
    """Return the scoreboard as one HTML page that loads nothing.

    Raises
    ------
    InvalidInput
        If a time has no time zone.
    """
    views = [_run_view(run, number) for number, run in enumerate(board.runs, start=1)]
    missed = sum(run.missed for run in board.runs)
    return render(
        "scoreboard_page.html.j2",
        title=title,
        headline=headline(board),
        figures=figures(board),
        rankings=[ranking_row(one) for one in board.rankings],
        ranking_head=RANKING_HEAD,
        baselines=BASELINES,
        missed=views[:missed],
        others=views[missed:],
    )


def run_title(run: RunScore) -> str:
    """Say what was done: ``scale.zero on Deployment shop/cart``."""
    if run.kind == "not-injected":
        what = f"{run.fault} on {run.target}" if run.fault else run.decoy or "nothing"
        return f"{what}, not injected"
    if run.kind == "fault":
        return " beside ".join((f"{run.fault} on {run.target}", *run.beside))
    return f"{run.decoy}, harmless" if run.kind == "decoy" else "nothing done"


def run_verdict(run: RunScore) -> str:
    """Say in a few words how the judge fared.

    The words are: missed, noticed after …, not noticed (it did not bite), quiet, false alarm, not
    injected.
    """
    if run.kind == "not-injected":
        return "not injected"
    if run.error:
        return "not judged"
    if run.detected:
        return f"noticed after {words.duration(run.delay_s or 0.0)}"
    if run.missed:
        return "missed"
    if run.kind == "fault":
        return "not noticed, " + (
            "did not bite" if run.effect == "no-effect" else "not sure that it bit"
        )
    return words.plural(len(run.false_alarms), "false alarm") if run.false_alarms else "quiet"


def run_facts(run: RunScore) -> tuple[tuple[str, str], ...]:
    """Return what else there is to know of a run: name and value."""
    facts = [
        ("effect", run.why or run.effect or ""),
        ("should have fired", ", ".join(run.should_fire)),
        ("expected alerts that did not fire", ", ".join(run.alerts_missed or ())),
        ("not ranked", run.unranked or ""),
        ("noticed", "; ".join(one.text for one in run.detections)),
        ("late", f"expected within {run.detect_within:g} s" if run.late else ""),
        ("false alarms", "; ".join(one.text for one in run.false_alarms)),
        ("blamed", "; ".join(f"{one.ranker}: {_blamed(one)}" for one in run.ranked)),
        ("outcome", run.outcome),
        ("revert", "" if run.reverted_whole else "incomplete"),
        ("error", run.error or ""),
    ]
    return tuple((name, text) for name, text in facts if text)


def _run_view(run: RunScore, number: int) -> RunView:
    began, verdict = seconds(run.injected), run_verdict(run)
    bad = bool(
        run.missed
        or run.error
        or run.false_alarms
        or run.silent
        or (run.effective and run.late)
        or not run.reverted_whole
    )
    seen = run.detected or run.kind != "fault"
    held = words.duration(seconds(run.reverted) - began)
    return RunView(
        key=f"run-{number}",
        run=run.run,
        title=run_title(run),
        when=f"{words.day(began)}, {words.clock(began)} UTC, for {held}",
        verdict=verdict,
        bad=bad,
        tone="wrong" if bad else "right" if seen else "abstained",
        facts=run_facts(run),
        series=str(run.shown.series) if run.shown else "",
        summary=f"{run_title(run)}: {verdict}",
        picture=_picture(run),
    )


def _picture(run: RunScore) -> Picture | None:
    if run.shown is None or len(run.shown.times) < 2:
        return None
    times = np.array([seconds(moment) for moment in run.shown.times])
    axis = Axis.over(times, None)
    x = np.array([axis.place(moment) for moment in times])
    left, right = (
        min(max(axis.place(seconds(at)), 0.0), 100.0) for at in (run.injected, run.reverted)
    )
    return Picture(
        trace=draw(x, np.array(run.shown.values), UNITS.get(run.shown.series.metric, "")),
        hold=(left, round(right - left, 2)),
        marks=tuple(_marks(run, axis)),
        ticks=axis.ticks(),
    )


def _marks(run: RunScore, axis: Axis) -> Iterable[Mark]:
    for found, false in ((run.detections, False), (run.false_alarms, True)):
        for one in found:
            if axis.holds(seconds(one.time)):
                yield Mark(axis.place(seconds(one.time)), false)


def _blamed(one: Ranked) -> str:
    return f"failed, {one.error}" if one.error else one.blamed or "nobody"
