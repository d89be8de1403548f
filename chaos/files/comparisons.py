"""Comparisons with a number, as text: "< 0.95", ">= 2"."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_TEXT = re.compile(
    r" *(<=|>=|==|!=|<|>) *([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?) *", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and the level that values are compared with.

    >>> Comparison.parse("< 0.95").holds(0.9), str(Comparison.parse(">=2"))
    (True, '>= 2.0')
    """

    operator: str
    level: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a comparison.

        Raises
        ------
        ValueError
            If `text` is none.
        """
        found = _TEXT.fullmatch(text)
        if not found:
            raise ValueError(f'{text!r} is no comparison; write one like "< 0.95" or ">= 2"')
        return cls(found[1], float(found[2]))

    @staticmethod
    def written(text: str) -> bool:
        """Say whether `text` is a comparison."""
        return _TEXT.fullmatch(text) is not None

    def holds(self, value: float) -> bool:
        """Say whether `value` compares as demanded; NaN never does."""
        return value == value and _OPERATORS[self.operator](value, self.level)  # noqa: PLR0124  NaN

    def __str__(self) -> str:
        return f"{self.operator} {self.level!r}"


def _comparison(value: Any) -> Any:
    return Comparison.parse(value) if isinstance(value, str) else value


Compared = Annotated[
    Comparison,
    BeforeValidator(_comparison),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{_TEXT.pattern}$"}),
]
"""A field that reads a comparison."""
