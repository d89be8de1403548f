"""Lines that name their parts: JSON objects, and logfmt (``ts=… level=… msg="…"``).

The message is what the line calls its message, and beside it what it calls its error; a line that
names no message is its own. Members inside members are named with dots (``log.level``).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.collectors.logs.entries import Entries
from aiops.collectors.logs.formats import TEXT_FORMATS
from aiops.collectors.logs.levels import level_of, levels_of
from aiops.collectors.logs.stamps import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from aiops.collectors.logs.stamps import Clock

_TIME = ("time", "ts", "timestamp", "@timestamp", "t", "datetime", "date", "asctime", "eventTime")
_LEVEL = ("level", "severity", "lvl", "levelname", "log.level", "loglevel", "s")
_MESSAGE = ("msg", "message", "event", "log", "text")
_ERROR = ("error", "err", "exception", "exc_info", "stack", "stack_trace", "error.message")


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """One JSON object on a line; `field` names the member that holds the service."""

    field: str | None = None
    name: str = "json"
    loose: bool = False

    def read(self, lines: pa.Array, clock: Clock) -> Entries:
        """Read lines, of which some or all may be written in another way."""
        import pyarrow as pa
        import pyarrow.compute as pc

        unread = Entries.unread(lines)
        rows = [_object(line) for line in lines.to_pylist()]
        known = np.array([row is not None for row in rows], bool)
        if not known.any():
            return unread
        found = [row for row in rows if row is not None]
        texts = strings([_message(row) for row in found])
        read = Entries(
            times=_times([_first(row, _TIME) for row in found], clock),
            levels=pa.array([level_of(_first(row, _LEVEL)) for row in found], pa.string()),
            texts=pc.if_else(texts.is_valid(), texts, lines.filter(pa.array(known))),
            services=strings([_service(row, self.field) for row in found]),
            known=np.ones(len(found), bool),
        )
        return unread.overlaid(known, read)


@dataclass(frozen=True, slots=True)
class LogfmtFormat:
    """Pairs ``key=value`` with a time or a level among them; `field` is the key of the service."""

    field: str | None = None
    name: str = "logfmt"
    loose: bool = False

    def read(self, lines: pa.Array, clock: Clock) -> Entries:
        """Read lines, of which some or all may be written in another way."""
        import pyarrow as pa
        import pyarrow.compute as pc

        unread = Entries.unread(lines)
        pairs = pc.match_substring_regex(lines, r'^[\w.@-]+=("(?:[^"\\]|\\.)*"|\S*) +[\w.@-]+=')
        known = pairs.to_numpy(zero_copy_only=False)
        if not known.any():
            return unread
        texts = lines.filter(pairs)
        nobody = pa.nulls(len(texts), pa.string())
        read = Entries(
            times=_times(_values(texts, ("ts", "time", "timestamp", "t")).to_pylist(), clock),
            levels=levels_of(_values(texts, ("level", "lvl", "severity"))),
            texts=_messages(texts),
            services=_values(texts, (self.field,)) if self.field else nobody,
            known=np.ones(len(texts), bool),
        )
        return unread.overlaid(known, read)


def strings(texts: Sequence[str | None]) -> pa.Array:
    r"""Return texts that were read from JSON as an array.

    What JSON can name and no text can hold, half a character of two (``\\ud83d``) as is left where a
    program cuts a text, becomes the replacement character.
    """
    import pyarrow as pa

    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if text is None else _whole(text) for text in texts], pa.string())


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object(line: str) -> dict[str, Any] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the first of the members `names` that `row` has, as text."""
    for name in names:
        value = _member(row, name)
        if isinstance(value, dict):  # MongoDB writes {"$date": …}
            value = value.get("$date")
        if value is not None and value != "":
            return value if isinstance(value, str) else json.dumps(value)
    return None


def _member(row: dict[str, Any], name: str) -> Any:
    if name in row or "." not in name:
        return row.get(name)
    outer, _, inner = name.partition(".")
    return _member(row[outer], inner) if isinstance(row.get(outer), dict) else None


def _message(row: dict[str, Any]) -> str | None:
    said, error = _first(row, _MESSAGE), _first(row, _ERROR)
    if said is None or error is None or error in said:
        return said
    return f"{said} error={error}"


def _service(row: dict[str, Any], field: str | None) -> str | None:
    return _first(row, (field,)) if field else None


def _times(written: list[str | None], clock: Clock) -> np.ndarray:
    """Return the times that the values of a member name."""
    import pyarrow as pa

    # Seconds with an exponent, and with more digits than an epoch has, are how Go writes floats.
    plain = [_plain_number(text) for text in written]
    texts = strings(plain)
    times = np.full(len(written), NO_TIME)
    for form in TEXT_FORMATS:
        open_places = times == NO_TIME
        if not open_places.any():
            break
        times[open_places] = form.read(texts.filter(pa.array(open_places)), clock).times
    return times


def _plain_number(text: str | None) -> str:
    text = text or ""
    if "e" not in text and "E" not in text:
        return text
    try:
        return f"{float(text):.9f}"
    except ValueError:
        return text


def _messages(lines: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    said, error = _values(lines, ("msg", "message")), _values(lines, ("err", "error"))
    both = pc.binary_join_element_wise(said, error, " error=")
    return pc.coalesce(both, said, lines)


def _values(lines: pa.Array, keys: tuple[str, ...]) -> pa.Array:
    """Return the value of the first of `keys` in each line, unquoted; null where there is none."""
    import pyarrow.compute as pc

    named = "|".join(map(re.escape, keys))
    pattern = rf'(?:^|\s)(?:{named})=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]+))'
    found = pc.extract_regex(lines, pattern)
    quoted = pc.replace_substring_regex(pc.struct_field(found, "quoted"), r"\\(.)", r"\1")
    return pc.binary_join_element_wise(quoted, pc.struct_field(found, "bare"), "")
