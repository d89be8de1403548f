"""`aiops chaos score | export` and what every grading prints alike."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.output import Json, counting, print_json, print_table, say, settings_of
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from aiops.proving.judges import Judge
    from aiops.scores import Scoreboard
    from aiops.settings import Settings


class JudgeName(StrEnum):
    """Who is graded."""

    AIOPS = "aiops"
    ALERTS = "prometheus-alerts"


JudgeOption = Annotated[
    JudgeName,
    typer.Option("--judge", help="This toolkit, or the alert rules of your own Prometheus."),
]
Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report", metavar="FILE", help="Write it as .html, .md, .xml (JUnit) or .json; repeat it."
    ),
]


def score(
    context: typer.Context,
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, or folders of them.")
    ],
    judge: JudgeOption = JudgeName.AIOPS,
    report: Reports = None,
    as_json: Json = False,
) -> None:
    """Grade detection and ranking on recorded runs.

    What was done in them is known. A detection between injection and a grace after the revert is right, any other a false alarm.
    Every share has its Wilson interval of 95 %. Exit code 0 whatever the grades are.
    """
    check_reports(report)
    settings = settings_of(context)
    with counting("runs") as progress:
        from aiops.proving.score import score as grade
        from chaos.runs import RunFolder

        board = grade(RunFolder.find(*folders), judge_of(judge, settings), progress=progress)
    show(board, report, as_json=as_json)


def compare(
    context: typer.Context,
    left: Annotated[Path, typer.Argument(metavar="LEFT", help="Runs, for instance simulated.")],
    right: Annotated[Path, typer.Argument(metavar="RIGHT", help="Runs, for instance real ones.")],
    judge: JudgeOption = JudgeName.AIOPS,
    as_json: Json = False,
) -> None:
    """Grade two folders of runs alike, and print the difference.

    It is LEFT minus RIGHT, figure by figure. With the same suite on the simulator and on a cluster it says how far the simulator is off.
    """
    settings = settings_of(context)
    with counting("runs") as progress:
        from aiops.proving.comparison import compare as differences
        from aiops.proving.score import score as grade
        from chaos.runs import RunFolder

        boards = [
            grade(RunFolder.find(folder), judge_of(judge, settings), progress=progress)
            for folder in (left, right)
        ]
    found = differences(*boards)
    if as_json:
        print_json([one.to_dict() for one in found])
        return
    rows = [
        (one.figure, *(f"{number:.3g}" for number in (one.left, one.right, one.difference)))
        for one in found
    ]
    print_table(("figure", left.name, right.name, "difference"), rows)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of one run.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, for the case.")],
    as_json: Json = False,
) -> None:
    """Write a run as a labelled case.

    `aiops eval rca` and `aiops investigate` read it.
    """
    from aiops.proving.running import export as write_case
    from chaos.runs import RunFolder

    case = write_case(RunFolder.read(run), out)
    cause = case.root_cause.service if case.root_cause else None
    if as_json:
        print_json({"case": case.id, "out": str(out), "fault": case.fault, "root_cause": cause})
        return
    say(
        f"{out}: {case.fault or 'no fault'}, root cause {cause or 'none'}, {len(case.metrics)} rows"
    )


def judge_of(name: JudgeName, settings: Settings) -> Judge:
    """Return the judge of that name."""
    from aiops.proving.judges import AiopsJudge, AlertsJudge

    return AiopsJudge(settings) if name is JudgeName.AIOPS else AlertsJudge()


def check_reports(paths: list[Path] | None) -> None:
    """Refuse, before anything is run, a report in a form that there is none of."""
    for path in paths or []:
        if path.suffix not in WRITERS:
            raise InvalidInput(f"--report {path}: write {', '.join(WRITERS)}, by its ending")


def show(board: Scoreboard, reports: list[Path] | None, *, as_json: bool) -> None:
    """Print a scoreboard, and write it in every form that was asked for."""
    for path in reports or []:
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[path.suffix](board, path)
    if as_json:
        print_json(board.to_dict())
        return
    from aiops.reports.figures import RANKING_HEAD, figures, headline, ranking_row

    say(headline(board))
    print_table(("figure", "value"), [(name, _plain(value)) for name, value in figures(board)])
    if board.rankings:
        print_table(RANKING_HEAD, [ranking_row(one) for one in board.rankings])
    for path in reports or []:
        say(f"report: {path}")


def _plain(text: str) -> str:
    """Return `text` with the narrow space of a page as one that every terminal has."""
    return text.replace("\u202f", " ")


def _html(board: Scoreboard, path: Path) -> None:
    from aiops.reports import write_page
    from aiops.reports.scoreboard import scoreboard_page

    write_page(scoreboard_page(board), path)


def _markdown(board: Scoreboard, path: Path) -> None:
    from aiops.reports.markdown import scoreboard_markdown

    path.write_text(scoreboard_markdown(board), encoding="utf-8")


def _junit(board: Scoreboard, path: Path) -> None:
    from aiops.reports.junit import scoreboard_junit

    path.write_text(scoreboard_junit(board), encoding="utf-8")


def _json(board: Scoreboard, path: Path) -> None:
    import json

    path.write_text(json.dumps(board.to_dict(), indent=1) + "\n", encoding="utf-8")


WRITERS = {".html": _html, ".md": _markdown, ".xml": _junit, ".json": _json}
"""How a scoreboard is written, by the ending of the file."""
