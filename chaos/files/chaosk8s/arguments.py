"""The arguments that the functions of chaostoolkit-kubernetes share."""

from __future__ import annotations

import re
from typing import Any

_PAIR = re.compile(r" *([^\s=!,()]+) *(?:==?|in) *\(? *([^\s=!,()]+) *\)? *")


def namespace(arguments: dict[str, Any]) -> str:
    """Take the namespace out of `arguments`."""
    return str(taken(arguments, "ns", str, "default"))


def labels(selector: Any) -> dict[str, str]:
    """Return the labels that a selector asks for; raise ValueError if it asks for more than that.

    >>> labels("app=web,tier in (front)")
    {'app': 'web', 'tier': 'front'}
    """
    if not isinstance(selector, str) or not selector:
        raise ValueError('give a label_selector such as "app=web"')
    pairs = [_PAIR.fullmatch(part) for part in selector.split(",")]
    if not all(pairs):
        raise ValueError(f'the label_selector {selector!r} is too much; write it as "app=web"')
    return {pair[1]: pair[2] for pair in pairs if pair}


def taken(arguments: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """Take one argument out of `arguments`; raise ValueError if it is not of its kind."""
    value = arguments.pop(name, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name} must be a {kind.__name__}, not {value!r}")  # noqa: TRY004
    return value


def nothing_else(arguments: dict[str, Any]) -> None:
    """Raise ValueError if any of the `arguments` has not been taken."""
    if arguments:
        raise ValueError(
            f"the argument {next(iter(arguments))!r} stands for nothing here; remove it"
        )
