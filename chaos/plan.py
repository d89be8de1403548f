"""A plan: what a fault will do to one object and how it is taken back, as data only.

The undo is computed before the deed and travels through the journal; no code ever does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from aiops.types import InvalidExperiment
from chaos import patch
from chaos.cluster import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Plan:
    """What one fault will do to one object.

    Attributes
    ----------
    fault : str
        Id of the fault.
    target : ObjectRef
        The object that is patched.
    ops : tuple of dict
        The JSON Patch that injects, with a ``test`` before all that it overwrites.
    undo : tuple of dict
        The JSON Patch that takes it back, with a ``test`` before all that it takes back.
    """

    fault: str
    target: ObjectRef
    ops: tuple[patch.Operation, ...]
    undo: tuple[patch.Operation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            "fault": self.fault,
            "target": asdict(self.target),
            "ops": [dict(operation) for operation in self.ops],
            "undo": [dict(operation) for operation in self.undo],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        InvalidExperiment
            If a part is missing or is not what it should be.
        """
        try:
            target = ObjectRef(**data["target"])
            fault, ops, undo = data["fault"], tuple(data["ops"]), tuple(data["undo"])
            patch.check(ops)
            patch.check(undo)
        except (KeyError, TypeError) as error:
            raise InvalidExperiment(
                f"this is no plan ({error}); it needs fault, target (kind, namespace, name), "
                "ops and undo"
            ) from error
        return cls(fault, target, ops, undo)
