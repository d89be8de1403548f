"""`aiops eval rca`: grade rankers on folders of labelled cases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.investigate import Onset
from aiops.cli.output import Json, counting, print_json, print_table, say, settings_of

if TYPE_CHECKING:
    from rca import Report

BASELINES = ("random", "max_z")
COUNTS = ("cases", "failures")

COLUMNS = {
    **dict.fromkeys(COUNTS, "{:.0f}"),
    "ac1": "{:.3f}",
    "ac3": "{:.3f}",
    "ac5": "{:.3f}",
    "avg5": "{:.3f}",
    "mrr": "{:.3f}",
    "chance_ac1": "{:.3f}",
    "lift": "{:.1f}",
    "metric_ac1": "{:.3f}",
    "metric_avg5": "{:.3f}",
    "specificity": "{:.3f}",
    "abstained": "{:.3f}",
    "seconds_median": "{:.3f}",
}


def rca(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A set (a folder of case folders), or of sets."),
    ],
    ranker: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Repeat it for several; 'default' when left out."),
    ] = None,
    onset: Annotated[
        Onset, typer.Option(help="Whether rankers are told when it began.")
    ] = Onset.GIVEN,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of the random row and the column order.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Grade rankers on labelled cases, beside random and max |z|.

    A failure or an abstention on a case with a root cause is a miss; healthy cases count only for
    specificity, the share in which nobody is blamed. Exit code 0 whatever the grades are.
    """
    settings = settings_of(context)
    with counting("cases") as progress:
        from aiops import pipeline
        from rca import evaluate, make_ranker

        chosen = {
            name: pipeline.default_ranker(settings) if name == "default" else make_ranker(name)
            for name in ranker or ["default"]
        }
        for name in BASELINES:  # the grader brings them, with the seed
            chosen.pop(name, None)
        report = evaluate(chosen, folder, onset=onset.value, seed=seed, progress=progress)
    if as_json:
        print_json(report.to_dict())
    else:
        _show(report)
    _tell_failures(report)


def _show(report: Report) -> None:
    frame = report.to_frame()
    rows = []
    for ranker, group in frame.index:
        numbers = frame.loc[(ranker, group)]
        cells = [_cell(group, name, numbers[name]) for name in COLUMNS]
        rows.append((ranker, group, *cells))
    print_table(("ranker", "set", *COLUMNS), rows)


def _cell(group: str, name: str, number: float) -> str:
    """Write one number; the mean of counts would only be mistaken for a count."""
    if math.isnan(number) or (group == "mean" and name in COUNTS):
        return "-"
    return COLUMNS[name].format(number)


def _tell_failures(report: Report) -> None:
    failed = [result for result in report.results if result.error is not None]
    if failed:
        first = failed[0]
        say(
            f"{len(failed)} of {len(report.results)} rankings failed and count as misses; "
            f"the first: {first.ranker} on {first.set}/{first.case}: {first.error}",
            err=True,
        )
