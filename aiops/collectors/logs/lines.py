"""How the lines of one file are written: chosen once, by the first of them.

A line that is written in another way is tried with the other formats, except those that are loose:
what they look for is found in other texts, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.logs.formats import TEXT_FORMATS
from aiops.collectors.logs.levels import find_levels
from aiops.collectors.logs.stamps import NO_TIME
from aiops.collectors.logs.structured import JsonFormat, LogfmtFormat
from aiops.collectors.logs.wrappers import API, wrapper_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from aiops.collectors.logs.entries import Entries, Format
    from aiops.collectors.logs.stamps import Clock
    from aiops.collectors.logs.wrappers import Wrapper

SAMPLE = 200
"""How many lines a form is chosen by."""

_INDENTED = r"^\s|^$"
_CONTINUED = rf"{_INDENTED}|^Caused by: |^\.\.\. \d+ more|^[}})\]]+[;,]?$|^[\w.$]+(?:Error|Exception)(?:: |$)"


@dataclass(frozen=True, slots=True)
class Form:
    """How the lines of one file are written.

    Attributes
    ----------
    clock : Clock
        How to read times that do not say all.
    formats : tuple of Format
        The one of most lines first, then those that single lines may have.
    fits : float
        How many lines of the sample are of the first format, for each that looks like a beginning.
    wrapper : Wrapper or None
        What a container runtime has put around each line; its times count then.
    """

    clock: Clock
    formats: tuple[Format, ...]
    fits: float
    wrapper: Wrapper | None = None

    @property
    def name(self) -> str:
        """What the form is called in reports."""
        names = [self.wrapper.name if self.wrapper else "", self.formats[0].name]
        return " ".join(filter(None, names if self.fits else [names[0], "plain"]))

    def read(self, lines: pa.Array, *, first: bool = False) -> Entries:
        """Read lines, in the order they came; a line that begins no entry has no time.

        Nothing lies above the `first` lines, so that the time of a wrapper begins an entry there.
        """
        if self.wrapper is None:
            return _tried(lines, self.formats, self.clock)
        wrapped = self.wrapper.unwrap(lines)
        read = _tried(wrapped.lines, self.formats, self.clock)
        begins = read.known.copy()
        if self.fits < 0.5:  # nobody knows what else an entry begins with
            begins |= ~_matches(read.texts, _CONTINUED)
        begins[:1] |= first
        times = np.where(begins, wrapped.times, NO_TIME)
        return replace(read, times=times, levels=_with_levels_of_texts(read))


def form_of(lines: pa.Array, clock: Clock, *, field: str | None, stamped: bool) -> Form:
    """Return how lines are written, by the first `SAMPLE` of them.

    Parameters
    ----------
    field : str or None
        The key of JSON and logfmt lines that holds the service.
    stamped : bool
        Whether an API server has put a time before each line.
    """
    sample = lines.slice(0, SAMPLE)
    wrapper = API if stamped else wrapper_of(sample)
    inner = wrapper.unwrap(sample).lines if wrapper else sample
    every: list[Format] = [JsonFormat(field), LogfmtFormat(field), *TEXT_FORMATS]
    fitting = [int(one.read(inner, clock).known.sum()) for one in every]
    best = int(np.argmax(fitting))
    others = [one for one in every if one is not every[best] and not one.loose]
    beginning = len(inner) - int(_matches(inner, _CONTINUED).sum())
    fits = fitting[best] / max(beginning, 1)
    return Form(clock, (every[best], *others), fits, wrapper)


def _tried(lines: pa.Array, formats: Sequence[Format], clock: Clock) -> Entries:
    """Return lines read in the first of `formats`, and where they are not of it in the others."""
    import pyarrow as pa

    read = formats[0].read(lines, clock)
    hopeless = np.zeros(len(lines), bool) if read.known.all() else _matches(lines, _INDENTED)
    for other in formats[1:]:
        left = np.flatnonzero(~read.known & ~hopeless)
        if not len(left):
            break
        guess = other.read(lines.take(pa.array(left)), clock)
        if guess.known.any():
            mask = np.zeros(len(lines), bool)
            mask[left[guess.known]] = True
            read = read.overlaid(mask, guess.take(guess.known))
    return read


def _with_levels_of_texts(read: Entries) -> pa.Array:
    """Return the levels of lines; where a format has seen none, what the text says."""
    import pyarrow.compute as pc

    silent = pc.equal(read.levels, "")
    return pc.replace_with_mask(read.levels, silent, find_levels(read.texts.filter(silent)))


def _matches(lines: pa.Array, pattern: str) -> np.ndarray:
    import pyarrow.compute as pc

    found: np.ndarray = pc.match_substring_regex(lines, pattern).to_numpy(zero_copy_only=False)
    return found
