"""The closed set of levels, and how the words of a dozen logging libraries fall into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Every level that an entry may have, mildest first; an entry that names none has ``""``."""

ERRORS = ("ERROR", "FATAL")
"""The levels that count as errors."""

_WORDS = {
    "TRACE": "trace verbose finest finer fine silly vrb trc t v 10",
    "DEBUG": "debug dbug dbg config debug1 debug2 debug3 debug4 debug5 d 20",
    "INFO": "info information informational inf notice log hint statement detail i n 30",
    "WARN": "warn warning wrn w 40",
    "ERROR": "error err eror severe failure e 50",
    "FATAL": "fatal critical crit ftl alert emerg emergency panic dpanic fail f c a 60",
}
_LEVEL_OF = {word: level for level, words in _WORDS.items() for word in words.split()}

_PLAIN = "trace|debug|info|notice|warn|warning|error|err|critical|crit|fatal|panic|severe"
_LOUD = (
    "TRACE|VERBOSE|FINEST|FINER|FINE|DEBUG|CONFIG|INFO|INFORMATION|NOTICE|LOG|WARN|WARNING|"
    "ERROR|ERR|SEVERE|FAILURE|CRITICAL|CRIT|ALERT|FATAL|EMERG|EMERGENCY|PANIC|DPANIC"
)
_END = r"(?:[\]):,>|\s-]|$)"

LEADING = rf"(?:[\[(<|\s-]*(?P<level>{_LOUD}){_END}[\])>|:-]*\s*)?"
"""RE2: the level where it comes first, to be put before what is left of a line."""

INSIDE = (
    rf"^[\s-]*(?:(?P<plain>(?i:{_PLAIN}))[:|\s]"
    rf"|(?:\S+\s+){{0,6}}?(?:"
    rf"\[(?:[\w-]+:)?(?P<bracketed>(?i:{_PLAIN}))\]"
    rf"|[\[(<|]*(?P<loud>{_LOUD}){_END}"
    rf"|(?:level|lvl|severity)=\"?(?P<named>\w+)))"
)
"""RE2: the level further on: in capitals or in brackets among the first words, or as ``level=``."""

_SYSLOG_SEVERITIES = ("FATAL", "FATAL", "FATAL", "ERROR", "WARN", "INFO", "INFO", "DEBUG")


def level_of(word: str | None) -> str:
    """Return the level that `word` stands for; ``""`` if it stands for none.

    The numbers are those of bunyan and pino: 10 is TRACE, 60 is FATAL.

    >>> level_of("Warning"), level_of("E"), level_of("50"), level_of("cart")
    ('WARN', 'ERROR', 'ERROR', '')
    """
    return _LEVEL_OF.get((word or "").strip().casefold(), "")


def levels_of(words: pa.Array) -> pa.Array:
    """Return the level of each word, as `level_of` does; null is ``""``."""
    return _translate(words, level_of)


def levels_of_priorities(priorities: pa.Array) -> pa.Array:
    """Return the levels that the priorities of syslog (facility x 8 + severity) stand for."""
    return _translate(priorities, lambda text: _SYSLOG_SEVERITIES[int(text) % 8] if text else "")


def levels_of_statuses(statuses: pa.Array) -> pa.Array:
    """Return the levels of HTTP statuses: 5xx is ERROR, 4xx is WARN, the rest INFO."""
    return _translate(
        statuses, lambda text: {"5": "ERROR", "4": "WARN", "": ""}.get((text or "")[:1], "INFO")
    )


def find_levels(texts: pa.Array) -> pa.Array:
    """Return the level that each text names among its first words; ``""`` where there is none."""
    import pyarrow.compute as pc

    found = pc.extract_regex(texts, INSIDE)
    names = ("plain", "bracketed", "loud", "named")
    # RE2 gives "" for a group that took no part in the match, and null for no match at all.
    words = pc.binary_join_element_wise(*(pc.struct_field(found, name) for name in names), "")
    return levels_of(words)


def _translate(texts: pa.Array, meaning: Callable[[str | None], str]) -> pa.Array:
    """Return `meaning` of each text; it is asked once for each that differs."""
    import pyarrow as pa

    coded = texts.dictionary_encode(null_encoding="encode")
    meanings = [meaning(text) for text in coded.dictionary.to_pylist()]
    return pa.array(meanings, pa.string()).take(coded.indices)
