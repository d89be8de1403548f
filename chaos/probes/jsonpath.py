"""The simple part of JSONPath: names, indices and ``*``; no filters, no slices, no descent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*|\*)|\[([0-9]+|\*)\]")


def select(document: Any, path: str) -> list[Any]:
    """Return every value of `document` at `path`, in order.

    >>> select({"items": [{"ok": True}, {"ok": False}]}, "$.items[*].ok")
    [True, False]
    """
    found = [document]
    for name, index in _STEP.findall(path):
        found = [inner for value in found for inner in _inside(value, name or index)]
    return found


def _inside(value: Any, step: str) -> Iterator[Any]:
    if step == "*" and isinstance(value, dict):
        yield from value.values()
    elif step == "*" and isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and step in value:
        yield value[step]
    elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        yield value[int(step)]
