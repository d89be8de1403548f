"""Rights: what the deeds of a run need, and whether the server grants it.

The watchdog acts with the rights of the run that started it; the janitor has an account of its
own, which `chaos.janitor` makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from aiops.types import InvalidExperiment
from chaos.deeds import DeleteDeed, StartDeed
from chaos.safety.freeze import FREEZE_MAP
from chaos.safety.lease import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaos.deeds import Deed
    from chaos.faults import Fault
    from chaos.plan import Plan

GROUPS: Final = {
    "configmaps": "",
    "namespaces": "",
    "pods": "",
    "serviceaccounts": "",
    "services": "",
    "daemonsets": "apps",
    "deployments": "apps",
    "statefulsets": "apps",
    "horizontalpodautoscalers": "autoscaling",
    "jobs": "batch",
    "leases": "coordination.k8s.io",
    "poddisruptionbudgets": "policy",
    "rolebindings": "rbac.authorization.k8s.io",
    "roles": "rbac.authorization.k8s.io",
}
"""Plural of a kind → its API group."""

ARMING: Final = (
    "create jobs",
    "list jobs",
    "patch jobs",
    "delete jobs",
    "list pods",
    "create serviceaccounts",
    "create roles",
    "create rolebindings",
    "create configmaps",
)
"""What it takes to arm a janitor, and to sweep those that have ended, besides what the run may do itself: the API server lets nobody
grant in a Role what they may not do."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that somebody may do in a namespace.

    Attributes
    ----------
    resource : str
        Plural, with its subresource if it has one: ``pods/exec``.
    name : str
        The one object that it is about; empty for all.

    Examples
    --------
    >>> print(Right("patch", "deployments", "cart"), Right("create", "pods/exec"), sep=", ")
    patch deployments cart, create pods/exec
    """

    verb: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource} {self.name}".rstrip()

    @property
    def group(self) -> str:
        """The API group of the resource."""
        plural = self.resource.partition("/")[0]
        if plural not in GROUPS:
            raise InvalidExperiment(f"the API group of {plural!r} is not known; add it to GROUPS")
        return GROUPS[plural]


class Rights(Protocol):
    """Whoever knows what we may do; a `KubernetesClient` does."""

    def allowed(  # noqa: PLR0913  the client's own signature
        self,
        verb: str,
        resource: str,
        *,
        group: str = "",
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> bool:
        """Say whether we may."""
        ...


def rights_of(plans: Iterable[Plan]) -> tuple[Right, ...]:
    """Return what the deeds of plans, and taking them back, change.

    Pods are not named: they have other names by the time that the plan is made again.
    """
    deeds = (deed for plan in plans for deed in plan.deeds)
    return tuple(sorted({right for deed in deeds for right in _needs(deed)}))


def rights_for(faults: Iterable[Fault]) -> tuple[Right, ...]:
    """Return what faults change, on any target in a namespace."""
    needed = {Right(*need.split()) for fault in faults for need in fault.rbac}
    return tuple(sorted(needed))


def common_rights(namespace: str) -> tuple[Right, ...]:
    """Return what every run needs: to look around, to find marks, the lease and the freeze."""
    marked = ("pods", "services", "deployments", "statefulsets", "daemonsets")
    return (
        *(Right(verb, resource) for resource in marked for verb in ("get", "list")),
        Right("list", "poddisruptionbudgets"),
        Right("list", "horizontalpodautoscalers"),
        Right("get", "namespaces", namespace),
        Right("get", "configmaps", FREEZE_MAP),
        Right("create", "leases"),
        Right("get", "leases", LEASE),
        Right("update", "leases", LEASE),
    )


def needed(rights: Iterable[Right], namespace: str, *, janitor: bool) -> list[Right]:
    """Return `rights` with what every run needs, and what arming a janitor does."""
    arming = (Right(*text.split()) for text in (ARMING if janitor else ()))
    return sorted({*rights, *common_rights(namespace), *arming})


def missing(plan: Plan, rights: Rights, *, janitor: bool = False) -> tuple[str, ...]:
    """Return what a run of `plan` needs and may not do, by asking the server for each.

    Raises
    ------
    Unreachable
        If the server does not answer.
    """
    namespace = plan.target.namespace
    wanted = needed(rights_of((plan,)), namespace, janitor=janitor)
    return tuple(str(right) for right in wanted if not _allowed(rights, right, namespace))


def _needs(deed: Deed) -> Iterator[Right]:
    resource = f"{deed.target.kind.lower()}s"
    if isinstance(deed, DeleteDeed):
        yield Right("delete", resource)
        return
    yield Right("patch", resource, "" if resource == "pods" else deed.target.name)
    if isinstance(deed, StartDeed):
        # An exec by WebSocket is a GET; since 1.35 the server asks for create as well.
        yield Right("get", f"{resource}/exec")
        yield Right("create", f"{resource}/exec")


def _allowed(rights: Rights, right: Right, namespace: str) -> bool:
    resource, _, subresource = right.resource.partition("/")
    return rights.allowed(
        right.verb,
        resource,
        group=right.group,
        namespace=namespace,
        name=right.name or None,
        subresource=subresource or None,
    )
