"""The scoreboard as Markdown, for a pull request or a wiki. Names from outside are escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiops.reports import words
from aiops.reports.axis import seconds
from aiops.reports.figures import RANKING_HEAD, figures, headline, ranking_row
from aiops.reports.scoreboard import run_facts, run_title, run_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiops.scores import RunScore, Scoreboard

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def scoreboard_markdown(board: Scoreboard, *, title: str = "What your monitoring missed") -> str:
    """Return the scoreboard as Markdown: missed faults, figures, rankings, all runs."""
    missed = [run for run in board.runs if run.missed]
    lines = [f"# {escape(title)}", "", escape(headline(board)), "", "## Missed", ""]
    lines += list(_missed(missed)) or ["Nothing that bit was missed.", ""]
    lines += ["## Figures", "", *table(("figure", "value"), figures(board)), ""]
    if board.rankings:
        rows = [ranking_row(one) for one in board.rankings]
        lines += ["## Causes named", "", *table(RANKING_HEAD, rows), ""]
    head = ("run", "what was done", "when", "effect", "verdict")
    lines += ["## Runs", "", *table(head, [_row(run) for run in board.runs])]
    return "\n".join(lines) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table.

    >>> table(("a", "b"), [("1", "x")])
    ['| a | b |', '|---|---|', '| 1 | x |']
    """
    body = [f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(escape(name) for name in head)} |", "|" + "---|" * len(head), *body]


def escape(text: str) -> str:
    r"""Return `text` with nothing in it that Markdown or HTML would act on, on one line.

    >>> print(escape("<b>*cart*\n|"))
    \<b\>\*cart\* \|
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _missed(runs: Iterable[RunScore]) -> Iterator[str]:
    for run in runs:
        yield f"- **{escape(run_title(run))}**, {_when(run)}"
        yield from (f"  - {name}: {escape(text)}" for name, text in run_facts(run))
        yield ""


def _row(run: RunScore) -> tuple[str, ...]:
    return (run.run, run_title(run), _when(run), run.effect or "", run_verdict(run))


def _when(run: RunScore) -> str:
    began = seconds(run.injected)
    return f"{words.day(began)}, {words.clock(began)} UTC"
