"""What every command prints alike: JSON that machines can trust, and progress for people.

With ``--json`` stdout holds one JSON document and nothing else; progress, tables' companions and
errors go to stderr.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from aiops.settings import Settings

WIDE = 240
"""Columns of a table that is not printed on a terminal."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def print_json(document: Any) -> None:
    """Print `document` as JSON; null stands for NaN and infinity, which JSON has no words for."""
    typer.echo(json.dumps(_finite(document), indent=2, allow_nan=False, default=str))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def settings_of(context: typer.Context) -> Settings:
    """Load the settings that the ``--config`` option names."""
    from aiops.settings import load

    return load(context.obj)


def console() -> Console:
    """Return a console on stdout; into a pipe it does not wrap at a width nobody sees."""
    from rich.console import Console

    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=WIDE)


@contextmanager
def counting(total_of: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on stderr; the callback takes what is done, what there is, and what it was."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(total_of),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield report


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Show a spinner on stderr; the callback says what is being done now."""
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("starting") as status:
        yield lambda what: status.update(escape(what))
