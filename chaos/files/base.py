"""What every block of an experiment file has in common: typed, frozen, and no unknown key."""

from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from aiops.suggest import did_you_mean, nearest

_T = TypeVar("_T")

Many = Annotated[tuple[_T, ...], Field(strict=False)]
"""A list in the file, a tuple in the model; its items are read strictly."""

Text = Annotated[str, Field(min_length=1)]
"""A string that is not empty."""


def tag(kind: object) -> str:
    """Return the name of one kind of block among several; no key of a file looks like it.

    >>> tag("range")
    '<range>'
    """
    return f"<{kind}>"


def written(value: Any) -> dict[str, Any] | None:
    """Return the keys and values of a block, read already or not; None if it is no mapping."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        return {field.alias or name: getattr(value, name) for name, field in fields}
    return value if isinstance(value, dict) else None


class Block(BaseModel):
    """One mapping of the file.

    Keys that it does not know are refused with the nearest that it does.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys of the block, as they are written in a file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, value: Any) -> Any:
        known = cls.keys()
        unknown = [key for key in value if key not in known] if isinstance(value, dict) else []
        if unknown:
            raise unknown_key(unknown[0], known)
        return value

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with some fields replaced; the values are taken as they are."""
        return self.model_copy(update=changes)


def unknown_key(key: str, known: tuple[str, ...]) -> PydanticCustomError:
    """Return the error that names the known key nearest to an unknown one."""
    near = nearest(key, known)
    hint = f"the nearest is {near!r}" if near else did_you_mean(key, known)
    return PydanticCustomError(
        "unknown_key", "unknown key {key}; {hint}", {"key": repr(key), "hint": hint, "name": key}
    )
