"""Where in a long file the lines of a window begin, without reading what lies before them.

A file is asked for its time at `PROBES` places. Where these are in order it counts as sorted and is
searched by bisection; where they are not, or a place has no line with a time, it has to be read
from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.logs.blocks import lines_of
from aiops.collectors.logs.stamps import NO_TIME, SECOND

if TYPE_CHECKING:
    from io import BufferedReader

    from aiops.collectors.logs.lines import Form

LONG = 64 << 20
"""Bytes from which on a file is searched; a shorter one is read whole."""

PROBES = 33

SLACK_NS = 60 * SECOND
"""How far from the order of time a sorted file may be: several threads may write it."""

_BATCHES = (10, 200)
"""How many lines are looked at for a time, and how many more where these have none."""

_NEAR = 1 << 20

_LONG_LINE = 64 << 10
"""A longer line is looked at in pieces: a file may be of one line alone."""


def is_sorted(stream: BufferedReader, size: int, form: Form) -> bool:
    """Say whether the times at evenly spread places of a file of `size` bytes are in order."""
    before = NO_TIME + 1
    for place in np.linspace(0, size - size // PROBES, PROBES).astype(int):
        found = time_after(stream, int(place), form)
        if found < before:  # `NO_TIME` is before all
            return False
        before = found
    return True


def enter(stream: BufferedReader, size: int, form: Form, time: int) -> None:
    """Put `stream`, that of a sorted file of `size` bytes, before the first line at `time`.

    It may be up to a MiB too early, never too late.
    """
    low, high = 0, size
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = time_after(stream, middle, form)
        low, high = (middle, high) if NO_TIME < found < time else (low, middle)
    _to_line(stream, low)


def time_after(stream: BufferedReader, place: int, form: Form) -> int:
    """Return the time of the first line at or after `place` that has one; `NO_TIME` if none has."""
    _to_line(stream, place)
    for few in _BATCHES:
        lines, _ = lines_of(b"".join(stream.readline(_LONG_LINE) for _ in range(few)))
        known = form.read(lines).times
        known = known[known != NO_TIME]
        if len(known):
            return int(known[0])
    return int(NO_TIME)


def _to_line(stream: BufferedReader, place: int) -> None:
    """Put `stream` at the beginning of the first line that begins at or after `place`."""
    stream.seek(max(place - 1, 0))
    if place:
        stream.readline(_NEAR)
