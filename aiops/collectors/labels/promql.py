"""PromQL as text: selectors, label_replace chains, and many expressions in one query.

Only what is needed to write expressions; nothing here parses PromQL, except lists of matchers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiops.clients.prometheus import Matcher
from aiops.collectors.labels.re2 import compile_re2
from aiops.types import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMN = "aiops_column"
"""The label that says, in a query of many expressions, of which one a series comes."""

_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*', re.ASCII)
_ESCAPES = {r"\"": '"', r"\\": "\\", r"\n": "\n"}


def quoted(text: str) -> str:
    r"""Write a string literal.

    >>> print(quoted('a "b" \\d'))
    "a \"b\" \\d"
    """
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def selector(name: str, matchers: Sequence[Matcher]) -> str:
    """Write the selector of one metric.

    Examples
    --------
    >>> selector("up", [Matcher("job", "web")]), selector("http.requests", [])
    ('up{job="web"}', '{__name__="http.requests"}')
    """
    if name and not _PLAIN_NAME.fullmatch(name):
        matchers = [Matcher("__name__", name), *matchers]
        name = ""
    return name + (f"{{{','.join(map(str, matchers))}}}" if matchers else "")


def aggregated(how: str, labels: Sequence[str], expr: str) -> str:
    """Write an aggregation; without labels it is over everything.

    Examples
    --------
    >>> aggregated("sum", ["service"], "up"), aggregated("max", [], "up")
    ('sum by (service) (up)', 'max(up)')
    """
    return f"{how} by ({', '.join(labels)}) ({expr})" if labels else f"{how}({expr})"


def relabelled(expr: str, target: str, label: str, pattern: str = "(.+)") -> str:
    """Write a label_replace: `target` becomes what the group of `pattern` finds in `label`.

    A series whose `label` does not meet the pattern is left as it is.
    """
    return f'label_replace({expr}, "{target}", "$1", "{label}", {quoted(pattern)})'


def union(tagged: Mapping[str, str]) -> str:
    """Write one query of many expressions; each gives its series the label `COLUMN`.

    The ``or`` are nested as a balanced tree: in a chain Prometheus would go through everything
    before the last ``or`` once for each.

    Parameters
    ----------
    tagged : mapping of str to str
        The value of `COLUMN` → the expression.

    Examples
    --------
    >>> print(union({"a": "x", "b": "y"}))
    (label_replace(x, "aiops_column", "a", "", "") or label_replace(y, "aiops_column", "b", "", ""))
    """
    return _balanced(
        [
            f'label_replace({expr}, "{COLUMN}", {quoted(tag)}, "", "")'
            for tag, expr in tagged.items()
        ]
    )


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read matchers as they stand between braces.

    Raises
    ------
    InvalidSettings
        If `text` is no list of matchers, or a regular expression in it cannot be used.

    Examples
    --------
    >>> parse_matchers('container!="", pod=~"web-.+"')
    (Matcher(name='container', value='', operator='!='), Matcher(name='pod', value='web-.+', operator='=~'))
    """
    matchers, at = [], 0
    while at < len(text):
        found = _MATCHER.match(text, at)
        if found is None or (found.end() < len(text) and text[found.end()] != ","):
            raise InvalidSettings(
                f'{text!r} is no list of matchers; write it as reporter="destination", '
                "separated by commas"
            )
        name, operator, value = found.groups()
        value = re.sub(r"\\(.)", lambda pair: _ESCAPES.get(pair[0], pair[0]), value)
        matchers.append(Matcher(name, value, operator))
        if "~" in operator:
            compile_re2(value)
        at = found.end() + 1
    return tuple(matchers)


def meets(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Say whether a label set meets a matcher, as Prometheus would; a missing label is "".

    Examples
    --------
    >>> meets(Matcher("code", "5..", "=~"), {"code": "503"}), meets(Matcher("pod", "", "!="), {})
    (True, False)
    """
    value = labels.get(matcher.name, "")
    if "~" in matcher.operator:
        same = compile_re2(matcher.value).fullmatch(value) is not None
    else:
        same = value == matcher.value
    return same is not matcher.operator.startswith("!")


def _balanced(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_balanced(parts[:half])} or {_balanced(parts[half:])})"
