"""What every command prints alike: JSON that machines can trust, and progress for people.

With ``--json`` stdout holds one JSON document and nothing else; progress and errors go to stderr.
What comes from outside, such as the name of a service, is printed as it is and whole, so that it
can be copied, but never as something that a terminal would obey.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from aiops.settings import Settings

PATIENCE_S = 1.0
"""How long a command says nothing on stderr, at its start and between two lines."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def print_json(document: Any) -> None:
    """Print `document` as JSON; null stands for NaN and infinity, which JSON has no words for."""
    typer.echo(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def say(text: str = "", *, err: bool = False) -> None:
    """Print one line for a person."""
    typer.echo(printable(text), err=err)


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need; nothing is cut, whatever the terminal's width."""
    lines = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def printable(text: str) -> str:
    r"""Return `text` with what a terminal would obey rather than show written as its escape.

    >>> print(printable("cart\x1b[2J\n"))
    cart\x1b[2J\n
    """
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def settings_of(context: typer.Context) -> Settings:
    """Load the settings that the ``--config`` option names."""
    from aiops.settings import load

    return load(context.obj)


@contextmanager
def counting(total_of: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show on stderr how far it is; the callback takes what is done, what there is, and of what."""
    if not sys.stderr.isatty():
        tell = _lines()
        yield lambda done, total, what: tell(f"{total_of} {done}/{total}: {what}")
        return
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
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=printable(what)
        )


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being done; the callback says what it is now."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("starting") as status:
        yield lambda what: status.update(escape(printable(what)))


def _lines() -> Callable[[str], None]:
    """Return what writes progress where no terminal is: a line at a time, with patience."""
    last = monotonic()

    def tell(what: str) -> None:
        nonlocal last
        if monotonic() - last >= PATIENCE_S:
            say(what, err=True)
            last = monotonic()

    return tell
