"""One file from its first line to its last, or only where a window may lie in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiops.collectors.logs.blocks import blocks, lines_of, opened
from aiops.collectors.logs.entering import LONG, SLACK_NS, enter, is_sorted
from aiops.collectors.logs.joining import Joiner
from aiops.collectors.logs.lines import form_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

    import pyarrow as pa

    from aiops.collectors.logs.entries import Entries
    from aiops.collectors.logs.frame import Window
    from aiops.collectors.logs.lines import Form
    from aiops.collectors.logs.stamps import Clock


class Scan:
    """Reads one file once.

    Parameters
    ----------
    path : Path
        The file.
    clock : Clock
        How to read times that do not say all; its `near` becomes the file's last change.
    field : str or None
        The key of JSON and logfmt lines that holds the service.

    Attributes
    ----------
    joiner : Joiner
        It counts what became of the lines.
    form : Form or None
        How the lines are written; None as long as there is none.
    replaced : int
        Characters that are no UTF-8.
    """

    def __init__(self, path: Path, clock: Clock, field: str | None) -> None:
        self.path = path
        self.clock = clock
        self.field = field
        self.joiner = Joiner()
        self.form: Form | None = None
        self.replaced = 0

    def entries(self, window: Window) -> Iterator[Entries]:
        """Yield the entries of the file, a part at a time; none of `window` is missing.

        Raises
        ------
        InvalidInput
            If the file cannot be read.
        """
        with opened(self.path) as stream:
            stop = self._enter(stream, window)
            for block in blocks(stream):
                lines, replaced = lines_of(block)
                self.replaced += replaced
                first = self.joiner.counts.lines == 0
                read = self.joiner.feed(self._form(lines).read(lines, first=first))
                yield read
                if stop is not None and len(read) and read.times.min() >= stop:
                    break
            yield self.joiner.close()

    def _enter(self, stream: BufferedReader, window: Window) -> int | None:
        """Go to where `window` begins in a long sorted file; return the time at which to stop."""
        size = self.path.stat().st_size
        if size < LONG or self.path.suffix == ".gz":
            return None
        lines, _ = lines_of(stream.peek(1))
        form = self._form(lines.slice(0, max(len(lines) - 1, 1)))
        stream.seek(0)
        if is_sorted(stream, size, form):
            enter(stream, size, form, window.start - SLACK_NS)
            return window.end + SLACK_NS
        stream.seek(0)
        return None

    def _form(self, lines: pa.Array) -> Form:
        if self.form is None:
            near = self.path.stat().st_mtime_ns
            self.form = form_of(
                lines, replace(self.clock, near=near), field=self.field, stamped=False
            )
        return self.form
