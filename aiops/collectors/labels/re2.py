"""Regular expressions that mean the same to Python and to Prometheus (Go's RE2).

Whose a series is gets decided twice, here from its labels and there in PromQL; so only what both
know is accepted. A pattern must meet the whole text, as in Prometheus.

References
----------
https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from functools import lru_cache

from aiops.types import InvalidSettings

_FOREIGN = (
    (r"\(\?<?[=!]", "look-around"),
    (r"\(\?P=|\\[1-9]|\\g", "a back reference"),
    (r"\(\?\(", "a conditional group"),
    (r"\(\?>|[*+?}]\+", "an atomic group or possessive repetition"),
    (r"\(\?[ims-]*[aLux]", "a flag of Python's own"),
    (r"\(\?#", "a comment"),
    (r"\\[ZzuUNQEpPC]|\[\[:", "an escape or class that only one of both has"),
)
_ESCAPED_BACKSLASH = re.compile(r"\\\\")
_CLASS = re.compile(r"(?<!\\)\[\^?\]?(?:[^\]\\]|\\.)*\]")
_GROUP = re.compile(r"(?<!\\)\((?!\?)|(?<!\\)\(\?P<")
_LARGEST_REPEAT = 1000


@lru_cache(maxsize=1024)
def compile_re2(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; use its ``fullmatch``.

    Raises
    ------
    InvalidSettings
        If it is no regular expression, or not one of RE2.

    Examples
    --------
    >>> bool(compile_re2("web-[a-z]+").fullmatch("web-front"))
    True
    >>> compile_re2("web(?!-old)")
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidSettings: the pattern 'web(?!-old)' has look-around, which Prometheus (RE2) lacks; write it without
    """
    bare = _ESCAPED_BACKSLASH.sub("", pattern)
    for foreign, what in _FOREIGN:
        if re.search(foreign, bare if what.startswith("an escape") else _CLASS.sub("", bare)):
            raise InvalidSettings(
                f"the pattern {pattern!r} has {what}, which Prometheus (RE2) lacks; "
                "write it without"
            )
    for repeat in re.findall(r"\{(\d+)(?:,(\d*))?\}", bare):
        if any(int(each) > _LARGEST_REPEAT for each in repeat if each):
            raise InvalidSettings(f"the pattern {pattern!r} repeats more than 1000 times")
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise InvalidSettings(f"the pattern {pattern!r} cannot be used: {error}") from None


def compile_with_group(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that finds one thing in a text: it has one group, and no use for "".

    Raises
    ------
    InvalidSettings
        As `compile_re2`; and if there is not exactly one group, or "" meets the pattern.
    """
    compiled = compile_re2(pattern)
    if compiled.groups != 1:
        raise InvalidSettings(
            f"the pattern {pattern!r} has {compiled.groups} groups; put the name of the service "
            "into one pair of parentheses and write (?:…) for others"
        )
    if compiled.fullmatch(""):
        raise InvalidSettings(f"the pattern {pattern!r} is met by no text at all; write (.+)")
    return compiled


def with_group_as(pattern: str, text: str) -> str:
    r"""Return `pattern`, known to have one group, with `text` in the group's place.

    Examples
    --------
    >>> with_group_as(r"([^:]+)(?::\d+)?", "db.local")
    'db\\.local(?::\\d+)?'
    """
    start = _group_start(pattern)
    stop = _closing(pattern, start)
    return pattern[:start] + escaped(text) + pattern[stop + 1 :]


def escaped(text: str) -> str:
    r"""Return a pattern that only `text` meets; shorter to read than what `re.escape` gives.

    >>> escaped("cart-v1.2")
    'cart-v1\\.2'
    """
    return re.sub(r"[\\.+*?()|\[\]{}^$]", lambda found: "\\" + found[0], text)


def _group_start(pattern: str) -> int:
    masked = _masked(pattern)
    found = _GROUP.search(masked)
    if found is None:
        raise ValueError(f"{pattern!r} has no group")
    return found.start()


def _closing(pattern: str, start: int) -> int:
    depth = 0
    masked = _masked(pattern)
    for place in range(start, len(masked)):
        depth += {"(": 1, ")": -1}.get(masked[place], 0)
        if not depth:
            return place
    raise ValueError(f"{pattern!r} has no closing parenthesis")


def _masked(pattern: str) -> str:
    """Return the pattern with escapes and classes blotted out, of the same length."""
    blot = re.sub(r"\\.", "__", pattern)
    return _CLASS.sub(lambda found: "_" * len(found[0]), blot)
