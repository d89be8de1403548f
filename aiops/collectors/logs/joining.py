"""Lines into entries: a line that begins none joins the one above it.

Lines above the first time of a file are kept, each as an entry with that time, and counted; of very
many only the first ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.logs.entries import Entries, concat
from aiops.collectors.logs.levels import levels_of
from aiops.collectors.logs.stamps import NO_TIME

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 32_768
"""Characters of one entry that are kept."""

MOST_EARLY = 1_000
"""Lines above the first time that are kept: a file may have no time at all, and be huge."""

_TRACE = r"(?:^|\n)(?:Traceback \(most recent call last\)|panic: |Exception in thread )"
_SECOND_LINE = r"\n(?P<level>[A-Z]+): "


@dataclass(slots=True)
class Counts:
    """What became of the lines of one file.

    Attributes
    ----------
    lines : int
        Those that were read; of a long file that was entered in the middle, not all it has.
    continued : int
        Lines that joined the entry above.
    early : int
        Lines above the first time, kept with that time.
    untimed : int
        Lines of a file in which no time was found, or beyond `MOST_EARLY` above its first.
    shortened : int
        Entries longer than `LONGEST` characters, cut there.
    """

    lines: int = 0
    continued: int = 0
    early: int = 0
    untimed: int = 0
    shortened: int = 0


class Joiner:
    """Makes entries of the lines of one file, given in as many parts as one likes.

    Attributes
    ----------
    counts : Counts
        What became of the lines so far.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._above: Entries | None = None
        self._early: list[Entries] = []

    def feed(self, lines: Entries) -> Entries:
        """Return the entries that `lines` complete; the last one may go on, so it is held back."""
        self.counts.lines += len(lines)
        begins = np.flatnonzero(lines.times != NO_TIME)
        first = int(begins[0]) if len(begins) else len(lines)
        self._go_on(lines.slice(0, first))
        if not len(begins):
            return lines.slice(0, 0)
        self.counts.continued += len(lines) - first - len(begins)
        entries = self._grouped(lines, begins)
        done = [self._waiting(entries.times[:1]), entries.slice(0, len(entries) - 1)]
        self._above = entries.slice(len(entries) - 1, len(entries))
        return _finished(concat(done))

    def close(self) -> Entries:
        """Return the entry that was held back; lines for which no time has come are counted."""
        self.counts.untimed += sum(map(len, self._early))
        above, self._above, self._early = self._above, None, []
        return Entries.unread(_strings()) if above is None else _finished(above)

    def _go_on(self, lines: Entries) -> None:
        """Take in lines that begin no entry."""
        if self._above is None:
            kept = lines.slice(0, MOST_EARLY - sum(map(len, self._early)))
            self.counts.untimed += len(lines) - len(kept)
            if len(kept) or not self._early:
                self._early.append(self._shortened(kept))
        elif len(lines):
            self.counts.continued += len(lines)
            self._above = self._grouped(concat([self._above, lines]), np.array([0]))

    def _waiting(self, first_time: np.ndarray) -> Entries:
        """Return what waited for the next entry, which begins at `first_time`."""
        if self._above is not None:
            return self._above
        early, self._early = concat(self._early), []
        self.counts.early += len(early)
        return replace(early, times=np.repeat(first_time, len(early)))

    def _grouped(self, lines: Entries, begins: np.ndarray) -> Entries:
        """Return one entry for each of the places `begins`, with the lines up to the next."""
        import pyarrow as pa
        import pyarrow.compute as pc

        entries = lines if len(begins) == len(lines) else lines.take(begins)
        if entries is not lines:
            offsets = np.append(begins, len(lines)).astype(np.int32)
            groups = pa.ListArray.from_arrays(offsets, lines.texts)
            entries = replace(entries, texts=pc.binary_join(groups, "\n"))
        return self._shortened(entries)

    def _shortened(self, entries: Entries) -> Entries:
        import pyarrow.compute as pc

        if not pc.any(pc.greater(pc.binary_length(entries.texts), LONGEST)).as_py():
            return entries
        long = pc.greater(pc.utf8_length(entries.texts), LONGEST)
        self.counts.shortened += pc.sum(long).as_py()
        return replace(entries, texts=pc.utf8_slice_codeunits(entries.texts, 0, LONGEST))


def _finished(entries: Entries) -> Entries:
    """Return entries without blank ends, and with the level that their further lines show."""
    import pyarrow.compute as pc

    texts = pc.utf8_rtrim_whitespace(entries.texts)
    levels = entries.levels
    unknown = pc.equal(levels, "")
    if pc.any(unknown).as_py():  # java.util.logging writes the level on a line of its own
        seconds = pc.extract_regex(texts.filter(unknown), _SECOND_LINE)
        levels = pc.replace_with_mask(levels, unknown, levels_of(pc.struct_field(seconds, "level")))
    mild = pc.is_in(levels, value_set=_strings("", "INFO"))
    traced = pc.and_(mild, pc.match_substring_regex(texts, _TRACE))
    return replace(entries, texts=texts, levels=pc.if_else(traced, "ERROR", levels))


def _strings(*texts: str) -> pa.Array:
    import pyarrow as pa

    return pa.array(texts, pa.string())
