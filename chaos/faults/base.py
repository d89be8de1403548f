"""What a fault is: a name, the kind of object it acts on, and the patch that breaks it.

A new fault is one short file with one subclass, and one line in `chaos.faults`. It decides what to
change; making the plan, its undo, injecting, undoing and verifying are the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

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
    rbac : tuple of str
        What it must be allowed to do beyond reading, as verb and resource.
    reversible : bool
        Whether undoing it brings back what was there; what is killed is not.
    min_kubernetes : str
        Oldest version of Kubernetes that serves the calls it makes.
    tried : {"real", "request"}
        "real" once it has been injected into and taken back from a real cluster; "request" while
        only the patch that it sends has been tested, and its effect in the simulator.
    graded : bool
        Whether `strength` makes a difference.

    Parameters
    ----------
    strength : float
        How hard it strikes, above 0 and at most 1.
    """

    id: ClassVar[str]
    family: ClassVar[str]
    target_kind: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    rbac: ClassVar[tuple[str, ...]] = ("patch deployments",)
    reversible: ClassVar[bool] = True
    min_kubernetes: ClassVar[str] = "1.9"  # the first that serves apps/v1
    tried: ClassVar[Literal["real", "request"]] = "request"
    graded: ClassVar[bool] = False

    def __init__(self, strength: float = 1.0) -> None:
        if not 0 < strength <= 1:
            raise InvalidExperiment(
                f"{self.id} has the strength {strength}; give one above 0, at most 1"
            )
        self.strength = strength

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
