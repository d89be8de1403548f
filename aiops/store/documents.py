"""Records as JSON text that gives the very same records back.

The glossary's dataclasses are the format: pydantic reads their annotations, so there is no
second description of them to keep in step.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from aiops.types import GuideRun, Incident, InvalidInput, Ranking

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = TypeVar("Record")


class Format(Generic[Record]):
    """How one kind of record is written and read; `leave_out` names fields kept elsewhere."""

    def __init__(self, kind: type[Record], leave_out: tuple[str, ...] = ()) -> None:
        self._adapter = TypeAdapter(kind)
        self._leave_out = set(leave_out)

    def write(self, record: Record, name: str) -> str:
        """Return `record` as JSON; `name` is what errors call it.

        The fields that are left out must be at their defaults.

        Raises
        ------
        InvalidInput
            If JSON cannot hold the record, or would give back another one: NaN, infinity,
            tuples or dates within a step's output, …
        """
        for path, number in _not_finite(record, name):
            raise InvalidInput(f"{path} is {number}, which no record may hold; use None or drop it")
        try:
            text = self._adapter.dump_json(record, exclude=self._leave_out, warnings="error")
            same = self._adapter.validate_json(text) == record
        except (PydanticSerializationError, ValidationError) as error:
            reason = " ".join(str(error).split())
            raise InvalidInput(f"{name} cannot be kept as JSON: {reason}") from error
        if not same:
            raise InvalidInput(
                f"{name} holds values that JSON does not give back as they were; "
                "use text, numbers, booleans, None, lists and dicts with text keys"
            )
        return text.decode()

    def read(self, text: str) -> Record:
        """Return the record that was written as `text`."""
        return self._adapter.validate_json(text)


INCIDENT = Format(Incident, leave_out=("rankings", "guide_runs"))
RANKING = Format(Ranking)
GUIDE_RUN = Format(GuideRun)


def _not_finite(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Yield every number in `value` that is NaN or infinite, and where it is."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _not_finite(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_finite(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _not_finite(inner, f"{path}[{place}]")
