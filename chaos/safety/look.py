"""What every gate looks at: the plans, the cluster as it is, and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.cluster import Cluster, ObjectRef
    from chaos.plan import Plan
    from chaos.safety.affected import Affected
    from chaos.safety.limits import Limits
    from chaos.safety.scope import Scope


@dataclass(frozen=True, slots=True)
class Look:
    """One look before the leap.

    Attributes
    ----------
    plans : tuple of Plan
        Everything that may be in place at the same time.
    strikes : tuple of Affected
        What each plan means for the pods.
    hold_s : float
        How long they are held, s.
    holder : str
        The run that may hold the lease; empty before it began.
    """

    plans: tuple[Plan, ...]
    cluster: Cluster
    scope: Scope
    limits: Limits
    strikes: tuple[Affected, ...]
    hold_s: float
    holder: str = ""

    @property
    def touched(self) -> tuple[ObjectRef, ...]:
        """The targets and the victims, each once, in order."""
        named = (ref for plan in self.plans for ref in (plan.target, *plan.victims))
        return tuple(sorted(set(named)))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that they are in."""
        return tuple(sorted({ref.namespace for ref in self.touched if ref.namespace}))
