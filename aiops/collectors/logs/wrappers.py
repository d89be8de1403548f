r"""What container runtimes put around each line: a time of their own, and which output it came from.

CRI (containerd, CRI-O): ``2026-11-22T14:05:00.123456789Z stdout F the line``, with ``P`` for a part
of a line that the next one continues. Docker: ``{"log": "the line\n", "stream": …, "time": …}``,
without the line break for a part of a line.
API: ``2026-11-22T14:05:00.123456789Z the line``, as an API server writes them when asked for times.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from aiops.collectors.logs.formats import TextFormat
from aiops.collectors.logs.stamps import NO_TIME, Clock
from aiops.collectors.logs.structured import strings

if TYPE_CHECKING:
    from collections.abc import Callable

_RFC3339 = r"^(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d) "
_CRI = TextFormat("cri", rf"{_RFC3339}(?P<level>)(?P<rest>(?:stdout|stderr) [PF](?: .*|$))")
_API = TextFormat("api", rf"{_RFC3339}(?P<level>)(?P<rest>.*)$")
_UTC = Clock()


@dataclass(frozen=True, eq=False)  # arrays equal to others are arrays of booleans
class Wrapped:
    """Lines as a runtime wrote them: when, and what the container itself has printed.

    `times` is int64 nanoseconds since 1970, `NO_TIME` for a line without a wrapper.
    """

    times: np.ndarray
    lines: pa.Array


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One way to wrap lines: its name, and what takes it off."""

    name: str
    unwrap: Callable[[pa.Array], Wrapped]


def wrapper_of(lines: pa.Array) -> Wrapper | None:
    """Return the wrapper that most of the lines carry; None if there is none."""
    for wrapper in (CRI, DOCKER):
        found = wrapper.unwrap(lines)
        if 2 * int((found.times != NO_TIME).sum()) > len(found.times):
            return wrapper
    return None


def _unwrap_cri(lines: pa.Array) -> Wrapped:
    """Take the wrapper of CRI off, and put the parts of split lines together again."""
    import pyarrow.compute as pc

    read = _CRI.read(lines, _UTC)
    parts = pc.match_substring_regex(read.texts, r"^std(?:out|err) P").to_numpy(
        zero_copy_only=False
    )
    said = pc.replace_substring_regex(read.texts, r"^std(?:out|err) [PF] ?", "")
    said = pc.if_else(pa.array(read.known), said, lines)
    unfinished = read.known & parts
    whole = Wrapped(read.times, said)
    if not unfinished.any():
        return whole
    errors = pc.starts_with(read.texts, "stderr").to_numpy(zero_copy_only=False)
    return _rejoined(whole, unfinished, errors & read.known)


def _unwrap_docker(lines: pa.Array) -> Wrapped:
    rows = [_docker_row(line) for line in lines.to_pylist()]
    stamps = strings([f"{time} " for time, _, _ in rows])
    said = strings([text.rstrip("\r\n") for _, text, _ in rows])
    whole = Wrapped(_API.read(stamps, _UTC).times, said)
    ended = np.array([text.endswith("\n") for _, text, _ in rows], bool)
    unfinished = (whole.times != NO_TIME) & ~ended
    if not (unfinished.any() and ended.any()):  # some who write this form leave out all line breaks
        return whole
    return _rejoined(whole, unfinished, np.array([stream == "stderr" for _, _, stream in rows]))


def _unwrap_api(lines: pa.Array) -> Wrapped:
    read = _API.read(lines, _UTC)
    return Wrapped(read.times, read.texts)


def _docker_row(line: str) -> tuple[str, str, str]:
    """Return time, text and stream of a line; without a wrapper the whole line and two empty ones."""
    if not line.startswith('{"'):
        return "", line, ""
    try:
        row = json.loads(line)
        told = row["time"], row["log"], row["stream"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "", line, ""
    return told if all(isinstance(each, str) for each in told) else ("", line, "")


def _rejoined(wrapped: Wrapped, unfinished: np.ndarray, errors: np.ndarray) -> Wrapped:
    """Put each unfinished line and those after it together, up to the one that ends it.

    Both streams, of which `errors` is one, are written in turns: each goes on by itself.
    """
    import pyarrow.compute as pc

    order = np.argsort(errors, kind="stable")
    other = np.diff(errors[order], prepend=False)
    firsts = np.flatnonzero(~np.concatenate([[False], unfinished[order][:-1]]) | other)
    groups = pa.ListArray.from_arrays(
        np.append(firsts, len(order)).astype(np.int32), wrapped.lines.take(order)
    )
    back = np.argsort(order[firsts])
    return Wrapped(wrapped.times[order[firsts]][back], pc.binary_join(groups, "").take(back))


CRI = Wrapper("cri", _unwrap_cri)
DOCKER = Wrapper("docker", _unwrap_docker)
API = Wrapper("api", _unwrap_api)
