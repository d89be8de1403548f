"""The ways in which loggers write a line with its time in front, each as one RE2 expression.

Not read: a date such as 11/12/2026, because nobody can say which number is the month; a time of day
without a date; seconds since a machine was started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.logs.entries import Entries
from aiops.collectors.logs.levels import (
    LEADING,
    find_levels,
    levels_of,
    levels_of_priorities,
    levels_of_statuses,
)
from aiops.collectors.logs.stamps import MONTHS, moments

if TYPE_CHECKING:
    import pyarrow as pa

    from aiops.collectors.logs.stamps import Clock

_STAMP = r"(?P<stamp>\d{4}[-/.]\d\d[-/.]\d\d[ T_:-]\d\d[:.]\d\d[:.]\d\d)"
_FRACTION = r"(?:[.,:](?P<fraction>\d{1,9}))?"
_ZONE = r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b|[+-]\d\d\b)?"
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = rf"(?P<month>{MONTHS})"
_PRIORITY = r"<(?P<priority>\d{1,3})>"
_AFTER = rf"[\])>\"]?[,;|]?{LEADING}\s*(?P<rest>.*)$"
_EPOCH = r"(?P<epoch>1\d{9}(?:\d{3}){0,3})(?:[.,](?P<fraction>\d{1,9}))?"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """One way to write a line, as an expression with named groups.

    The groups are the parts of a time that `moments` reads; ``rest``, the text after it, and
    ``head``, a text before it that is kept; and ``level``, ``priority`` or ``status``.
    """

    name: str
    pattern: str
    loose: bool = False

    def read(self, lines: pa.Array, clock: Clock) -> Entries:
        """Read lines, of which some or all may be written in another way."""
        import pyarrow.compute as pc

        found = pc.extract_regex(lines, pattern=f"(?s){self.pattern}")
        known = found.is_valid().to_numpy(zero_copy_only=False)
        unread = Entries.unread(lines)
        if not known.any():
            return unread
        matches = found if known.all() else found.filter(found.is_valid())
        parts = {field.name: pc.struct_field(matches, field.name) for field in found.type}
        return unread.overlaid(known, _entries(parts, clock))


def _entries(parts: dict[str, pa.Array], clock: Clock) -> Entries:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = parts["rest"]
    if "head" in parts:
        texts = pc.binary_join_element_wise(parts["head"], texts, "")
    return Entries(
        times=moments(parts, clock),
        levels=_levels(parts),
        texts=texts,
        services=pa.nulls(len(texts), pa.string()),
        known=np.ones(len(texts), bool),
    )


def _levels(parts: dict[str, pa.Array]) -> pa.Array:
    """Return the level that each line names; that of a syslog line is often its priority alone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "status" in parts:
        return levels_of_statuses(parts["status"])
    levels = levels_of(parts["level"]) if "level" in parts else pa.repeat("", len(parts["rest"]))
    silent = pc.equal(levels, "")
    if pc.any(silent).as_py():
        levels = pc.replace_with_mask(levels, silent, find_levels(parts["rest"].filter(silent)))
    if "priority" in parts:
        levels = pc.if_else(pc.equal(levels, ""), levels_of_priorities(parts["priority"]), levels)
    return levels


TEXT_FORMATS = (
    TextFormat("iso", rf"^[\[(<\"]?{_STAMP}{_FRACTION}{_ZONE}{_AFTER}"),
    TextFormat("klog", rf"^(?P<level>[DIWEF])(?P<year>\d{{4}})?(?P<month>\d\d)(?P<day>\d\d) +{_CLOCK}\.(?P<fraction>\d+)\s*(?P<rest>.*)$"),
    TextFormat("rfc5424", rf"^{_PRIORITY}\d {_STAMP}{_FRACTION}{_ZONE}\s*(?P<rest>.*)$"),
    TextFormat("syslog", rf"^(?:{_PRIORITY})?{_MONTH} +(?P<day>\d{{1,2}})(?: (?P<year>\d{{4}}))? {_CLOCK}{_FRACTION}:?\s+(?P<rest>.*)$"),
    TextFormat("access", rf"^(?P<head>\S+ \S+ [^\[]{{0,200}})\[(?P<day>\d\d)/{_MONTH}/(?P<year>\d{{4}}):{_CLOCK} (?P<zone>[+-]\d{{4}})\] (?P<rest>\"(?:[^\"\\]|\\.)*\" (?P<status>\d{{3}})\b.*)$"),
    TextFormat("ctime", rf"^\[?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} +(?P<day>\d{{1,2}}) {_CLOCK}{_FRACTION} (?P<year>\d{{4}}){_AFTER}"),
    TextFormat("day month year", rf"^(?:\d+:[A-Z] )?[\[(]?(?P<day>\d{{1,2}})[- /.]{_MONTH}[- /.](?P<year>\d{{4}})[ :T]{_CLOCK}{_FRACTION}{_ZONE}{_AFTER}"),
    TextFormat("java.util.logging", rf"^{_MONTH} (?P<day>\d{{1,2}}), (?P<year>\d{{4}}),? {_CLOCK}\s(?P<half>AM|PM){_AFTER}"),
    TextFormat("compact", rf"^\[?(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)[T-]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d){_FRACTION}{_ZONE}{_AFTER}"),
    TextFormat("compact with milliseconds", rf"^(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)[T -](?P<hour>\d{{1,2}}):(?P<minute>\d{{1,2}}):(?P<second>\d{{1,2}})[:.,](?P<milli>\d{{1,3}}){_AFTER}"),
    TextFormat("compact with two-digit year", rf"^(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d) (?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d){_AFTER}"),
    TextFormat("android", rf"^(?P<month>\d\d)-(?P<day>\d\d) {_CLOCK}\.(?P<fraction>\d{{3}})\s+(?P<head>\d+\s+\d+ )(?P<level>[VDIWEFA]) (?P<rest>.*)$"),
    TextFormat("month and day", rf"^\[?(?P<month>\d\d)[-.](?P<day>\d\d) {_CLOCK}{_FRACTION}{_AFTER}"),
    TextFormat("epoch", rf"^(?P<head>(?:\S+ ){{0,5}}?)[\[(]?{_EPOCH}[\])]?[:,;]?(?:\s+(?P<rest>.*))?$", loose=True),
    TextFormat("iso inside", rf"^(?P<head>\S+\s+(?:\S+\s+){{0,3}}?)[\[(]?{_STAMP}{_FRACTION}{_ZONE}{_AFTER}", loose=True),
)  # fmt: skip
"""The more particular ones first: of two that fit as many lines the first is taken."""
