"""`aiops eval rca`: grade rankers on folders of labelled cases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.investigate import Onset
from aiops.cli.output import Json, console, counting, print_json, settings_of

if TYPE_CHECKING:
    from rca import Report

COLUMNS = {
    "cases": "{:.0f}",
    "failures": "{:.0f}",
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
        Path, typer.Argument(help="A set (a folder of case folders), or a folder of sets.")
    ],
    ranker: Annotated[
        list[str] | None,
        typer.Option(help="A ranker by name; repeat it for several. 'default' when left out."),
    ] = None,
    onset: Annotated[
        Onset, typer.Option(help="Whether rankers are told when it began.")
    ] = Onset.GIVEN,
    seed: Annotated[int, typer.Option(help="Of the random row and the column order.")] = 0,
    as_json: Json = False,
) -> None:
    """Grade rankers on labelled cases, beside random and max |z|.

    A failure or an abstention on a case with a root cause is a miss; healthy cases count only for
    specificity, the share in which nobody is blamed. Exit code 0 whatever the grades are.
    """
    settings = settings_of(context)
    with counting("cases") as progress:
        from aiops import pipeline
        from rca import evaluate
        from rca import ranker as by_name

        chosen = {
            name: pipeline.default_ranker(settings) if name == "default" else by_name(name)
            for name in ranker or ["default"]
        }
        report = evaluate(chosen, folder, onset=onset.value, seed=seed, progress=progress)
    if as_json:
        print_json(report.to_dict())
    else:
        _show(report)


def _show(report: Report) -> None:
    from rich.table import Table

    frame = report.to_frame()
    table = Table("ranker", "set", *COLUMNS, box=None, pad_edge=False)
    for ranker, group in frame.index:
        row = frame.loc[(ranker, group)]
        numbers = (
            "-" if math.isnan(row[name]) else form.format(row[name])
            for name, form in COLUMNS.items()
        )
        table.add_row(ranker, group, *numbers)
    console().print(table)
