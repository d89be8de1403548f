"""What a fault is: a name, the kind of object it acts on, and the patch that breaks it.

A new fault is one short file with one subclass, and one line in `chaos.faults`. It decides what to
change; making the plan, its undo, injecting, undoing and verifying are the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from aiops.types import InvalidExperiment
from chaos.injection import in_place
from chaos.patch import apply, guard, invert, same
from chaos.plan import Plan

if TYPE_CHECKING:
    from chaos.cluster import Cluster, ObjectRef
    from chaos.patch import Patch


class Fault(ABC):
    """One way to break one kind of object.

    Attributes
    ----------
    id : str
        ``family.what``, as experiments name it.
    family : str
        What it strikes: "scale", "stress", …
    target_kind : str
        The kind of object it acts on.
    metrics : tuple of str
        The metrics of the target that it moves directly: the labelled root cause.
    """

    id: ClassVar[str]
    family: ClassVar[str]
    target_kind: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]

    @abstractmethod
    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the JSON Patch that breaks the object `before`.

        It sets or removes members of objects; an array is replaced as a whole or inside its
        elements, because the index of an element says nothing once others have edited the array.

        Raises
        ------
        InvalidExperiment
            If this fault cannot act on such an object.
        """

    def plan(self, cluster: Cluster, target: ObjectRef) -> Plan:
        """Return what the fault would do to `target` and how to take it back; change nothing.

        Raises
        ------
        InvalidExperiment
            If `target` is of another kind, does not exist, or is already in the faulty state.
        """
        if target.kind != self.target_kind:
            raise InvalidExperiment(
                f"{self.id} acts on a {self.target_kind}, but the target is {target}"
            )
        before = cluster.get(target)
        changes = self.changes(before)
        if same(apply(before, changes), before):
            raise InvalidExperiment(
                f"{self.id} would change nothing on {target}: it is already in that state"
            )
        return Plan(self.id, target, guard(before, changes), invert(before, changes))

    def armed(self, cluster: Cluster, plan: Plan) -> bool:
        """Say whether the fault took hold on the object; whether it hurts, the metrics say."""
        return in_place(cluster, plan)
