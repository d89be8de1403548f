"""References to the configuration, ``${name}``, replaced wherever the file may use them.

A text that is one reference and nothing else takes the value with its type, as in the Chaos
Toolkit; inside a longer text the value is written out. Keys are never replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiops.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from chaos.files.reading import Place

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
PARTS = ("runtime", "steady-state-hypothesis", "method", "rollbacks", "extensions")
"""The top-level keys whose values may refer to the configuration."""


def replaced(value: Any, known: Mapping[str, Any]) -> Any:
    """Return `value` with the references to `known` names replaced, and any other left.

    >>> replaced({"hold": "${hold}", "url": "http://${host}/"}, {"hold": 5, "host": "shop"})
    {'hold': 5, 'url': 'http://shop/'}
    """
    if isinstance(value, dict):
        return {key: replaced(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [replaced(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return known.get(whole[1], value)
    return REFERENCE.sub(lambda found: str(known.get(found[1], found[0])), value)


def unknown_reference(
    value: Any, known: Collection[str], place: Place = ()
) -> tuple[Place, str] | None:
    """Return the first place that refers to none of the `known` names, and what is wrong there."""
    for where, text in _texts(value, place):
        for name in REFERENCE.findall(text):
            if name not in known:
                hint = did_you_mean(name, known)
                return where, f"${{{name}}} names neither configuration nor secret; {hint}"
    return None


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))
