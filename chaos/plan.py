"""A plan: what a fault will do to which objects and how it is taken back, as data only.

The undo is computed before the deed and travels through the journal; no code ever does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.deeds import deed_from_json
from chaos.marks import write_mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.cluster import Cluster
    from chaos.deeds import Deed


@dataclass(frozen=True, slots=True)
class Plan:
    """What one fault will do.

    Attributes
    ----------
    fault : str
        Id of the fault.
    target : ObjectRef
        The object that the experiment names.
    deeds : tuple of Deed
        What is done, each to one object: the target, or pods of it.
    """

    fault: str
    target: ObjectRef
    deeds: tuple[Deed, ...]

    @property
    def victims(self) -> tuple[ObjectRef, ...]:
        """The objects that are struck."""
        return tuple(deed.target for deed in self.deeds)

    def inject(self, cluster: Cluster, run: str) -> None:
        """Do every deed and keep no record: for systems that nobody needs back.

        `chaos.experiment.injected` is the way for all others.
        """
        for deed in self.deeds:
            deed.inject(cluster, run, write_mark(self.fault, deed.to_json(), None))

    def armed(self, cluster: Cluster, run: str) -> bool:
        """Say whether every deed took hold."""
        return all(deed.armed(cluster, run) for deed in self.deeds)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return {
            "fault": self.fault,
            "target": asdict(self.target),
            "deeds": [deed.to_json() for deed in self.deeds],
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
            deeds = tuple(deed_from_json(deed) for deed in data["deeds"])
            return cls(data["fault"], target, deeds)
        except (KeyError, TypeError) as error:
            raise InvalidExperiment(
                f"this is no plan ({error}); it needs fault, target (kind, namespace, name) and "
                "deeds"
            ) from error
