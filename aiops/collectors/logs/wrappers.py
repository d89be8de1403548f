r"""What container runtimes put around each line: a time of their own, and which output it came from.

CRI (containerd, CRI-O): ``2026-11-22T14:05:00.123456789Z stdout F the line``, with ``P`` for a part
of a line that the next one continues. Docker: ``{"log": "the line\n", "stream": …, "time": …}``.
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
        wrapped = int((wrapper.unwrap(lines).times != NO_TIME).sum())
        if 2 * wrapped > len(lines):
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
    return _rejoined(whole, unfinished) if unfinished.any() else whole


def _unwrap_docker(lines: pa.Array) -> Wrapped:
    rows = [_docker_row(line) for line in lines.to_pylist()]
    stamps = pa.array([f"{time} " for time, _ in rows], pa.string())
    said = pa.array([text.rstrip("\r\n") for _, text in rows], pa.string())
    return Wrapped(_API.read(stamps, _UTC).times, said)


def _unwrap_api(lines: pa.Array) -> Wrapped:
    read = _API.read(lines, _UTC)
    return Wrapped(read.times, read.texts)


def _docker_row(line: str) -> tuple[str, str]:
    """Return the time and the text of a line; no time and the whole line where there is no wrapper."""
    if not line.startswith('{"'):
        return "", line
    try:
        row = json.loads(line)
        text, time = row["log"], row["time"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "", line
    wrapped = isinstance(text, str) and isinstance(time, str) and "stream" in row
    return (time, text) if wrapped else ("", line)


def _rejoined(wrapped: Wrapped, unfinished: np.ndarray) -> Wrapped:
    """Put each unfinished line and those after it together, up to the one that ends it."""
    import pyarrow.compute as pc

    firsts = np.flatnonzero(~np.concatenate([[False], unfinished[:-1]]))
    groups = pa.ListArray.from_arrays(np.append(firsts, len(unfinished)), wrapped.lines)
    return Wrapped(wrapped.times[firsts], pc.binary_join(groups, ""))


CRI = Wrapper("cri", _unwrap_cri)
DOCKER = Wrapper("docker", _unwrap_docker)
API = Wrapper("api", _unwrap_api)
