"""Guards: one comparison that decides whether a step is needed.

``owner.field <operator> constant`` is the whole language: no arithmetic, no functions, no
and/or, and nothing that is evaluated as Python.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiops.guides.references import INCIDENT, Reference, Values, look_up
from aiops.types import InvalidGuide, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}

_GUARD = re.compile(
    r"""\s* ([\w-]+) \. ([\w-]+) \s*
        (>=|<=|==|!=|>|<) \s*
        (?: "([^"]*)" | '([^']*)' | ([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) ) \s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Guard:
    """A field, an operator and the constant that the field is compared with."""

    reference: Reference
    operator: str
    value: float | str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``step-name.field > 0.9`` or ``step-name.field == "text"``.

        Raises
        ------
        InvalidGuide
            If the text is anything else, orders text by size, or compares a field of the
            incident (always text) with a number.

        Examples
        --------
        >>> Guard.parse("saturation.cpu >= 0.9").value
        0.9
        """
        match = _GUARD.fullmatch(text)
        if match is None:
            raise InvalidGuide(
                f"cannot read the guard {text!r}; write step-name.field, one of "
                f'{" ".join(OPERATORS)}, and a number or "text"'
            )
        owner, field, sign, double, single, number = match.groups()
        quoted = double if double is not None else single
        guard = cls(Reference(owner, field), sign, float(number) if quoted is None else quoted)
        guard._check(text)
        return guard

    def _check(self, text: str) -> None:
        is_text = isinstance(self.value, str)
        if is_text and self.operator not in ("==", "!="):
            raise InvalidGuide(f"the guard {text!r} orders text; compare text with == or !=")
        if not is_text and self.reference.owner == INCIDENT:
            raise InvalidGuide(
                f"the guard {text!r} compares a field of the incident, which is text, "
                "with a number; put the constant in quotes"
            )

    def holds(self, values: Values) -> bool:
        """Say whether the comparison is true.

        Raises
        ------
        InvalidInput
            If the field is missing, or is not of the constant's kind: then nobody can tell.
        """
        found = look_up(self.reference, values)
        if isinstance(self.value, str):
            kind, fits = "text", isinstance(found, str)
        else:
            kind = "a number"
            fits = isinstance(found, int | float) and not isinstance(found, bool)
        if not fits:
            raise InvalidInput(f"{self.reference} is {found!r}, not {kind}: its guard is undecided")
        return OPERATORS[self.operator](found, self.value)
