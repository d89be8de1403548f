"""What a probe may find: the tolerances of the Chaos Toolkit, and comparisons such as "< 0.95"."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag, field_validator

from chaos.files.base import Block, Many, Text, tag, written


def _no_float(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError(  # noqa: TRY004  the error that pydantic reads
            f'the Chaos Toolkit takes no {value}; write a range, or "== {value}"'
        )
    return value


Scalar = Annotated[bool | int | str, BeforeValidator(_no_float)]
"""What the Chaos Toolkit takes; a string that is a comparison compares, any other must be equal."""


class Range(Block):
    """A number between two bounds, both of them included."""

    type: Literal["range"]
    range: Annotated[Many[float], Field(min_length=2, max_length=2)]
    target: Text | None = None

    @field_validator("range")
    @classmethod
    def _ordered(cls, bounds: tuple[float, ...]) -> tuple[float, ...]:
        if bounds[0] > bounds[1]:
            raise ValueError(
                f"the range {list(bounds)} is empty; give the lower of its bounds first"
            )
        return bounds


class Regex(Block):
    """Text in which a pattern is found."""

    type: Literal["regex"]
    pattern: Text
    target: Text | None = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return pattern


class JsonPath(Block):
    """Values at a path such as ``$.items[*].name``: at least one, or as many and as expected.

    Only names, indices and ``*`` are known; filters are not.
    """

    type: Literal["jsonpath"]
    path: Annotated[
        str, Field(pattern=r"^\$(\.([A-Za-z_][A-Za-z0-9_-]*|\*)|\[([0-9]{1,6}|\*)\])*$")
    ]
    target: Text | None = None
    count: Annotated[int, Field(ge=0)] | None = None
    expect: JsonValue = None


def _form(value: Any) -> str:
    block = written(value)
    if block is not None:
        return tag(block.get("type"))
    return tag("list" if isinstance(value, (list, tuple)) else "scalar")


Tolerance = Annotated[
    Annotated[Scalar, Tag("<scalar>")]
    | Annotated[Many[JsonValue], Field(min_length=1), Tag("<list>")]
    | Annotated[Range, Tag("<range>")]
    | Annotated[Regex, Tag("<regex>")]
    | Annotated[JsonPath, Tag("<jsonpath>")],
    Discriminator(_form),
]
"""Two items in a list are the bounds of a range; any other number of them are the values allowed."""
