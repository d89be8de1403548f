"""Placeholders: ``{{owner.field}}`` in a step's arguments, and the values they stand for.

The owner is a step, or ``incident`` for what the caller knows before the guide starts. A value
is put in once and never read again, so text that came out of a tool cannot name another value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiops.types import InvalidGuide, InvalidInput

INCIDENT = "incident"
"""The owner of what the caller hands in; no step may have this name."""

Values = Mapping[str, Mapping[str, Any]]
"""Owner → field → value: what is known while a guide runs."""

_PLACEHOLDER = re.compile(r"\{\{\s*([\w-]+)\.([\w-]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One field of what a step, or the incident, gave."""

    owner: str
    field: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.field}"


def find_references(template: str) -> tuple[Reference, ...]:
    """Return what `template` refers to, in order.

    Raises
    ------
    InvalidGuide
        If double braces stand around something else than ``owner.field``.

    Examples
    --------
    >>> [str(found) for found in find_references("{{incident.service}}-{{ workload.ready }}")]
    ['incident.service', 'workload.ready']
    """
    rest = _PLACEHOLDER.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise InvalidGuide(
            f"{template!r} holds a broken placeholder; "
            "write {{incident.field}} or {{step-name.field}}"
        )
    return tuple(Reference(*match.groups()) for match in _PLACEHOLDER.finditer(template))


def look_up(reference: Reference, values: Values) -> Any:
    """Return the value that `reference` stands for.

    Raises
    ------
    InvalidInput
        If its owner gave nothing, or no such field.
    """
    given = values.get(reference.owner, {})
    if reference.field not in given:
        raise InvalidInput(
            f"{reference.owner!r} gave no {reference.field!r}; "
            f"it gave: {', '.join(sorted(given)) or 'nothing'}"
        )
    return given[reference.field]


def render(template: str, values: Values, *, rehearsal: bool = False) -> str:
    """Put values in the place of the placeholders.

    In a rehearsal no step has run: placeholders whose owner is not in `values` stay as written.

    Raises
    ------
    InvalidInput
        If an owner gave no such field, or one that is not text, a number or a boolean.

    Examples
    --------
    >>> values = {"incident": {"service": "cart"}}
    >>> render("{{incident.service}}/{{workload.ready}}", values, rehearsal=True)
    'cart/{{workload.ready}}'
    """

    def fill(match: re.Match[str]) -> str:
        reference = Reference(*match.groups())
        if rehearsal and reference.owner not in values:
            return match.group()
        return _as_text(reference, look_up(reference, values))

    return _PLACEHOLDER.sub(fill, template)


def _as_text(reference: Reference, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise InvalidInput(
        f"{reference} is {value!r}; only text, a number or a boolean fits in an argument"
    )
