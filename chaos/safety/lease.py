"""A lease on a namespace, so that two runs never strike it at the same time.

It is an object of coordination.k8s.io/v1 like those by which controllers elect a leader: whoever
took it writes the time into it again and again, and once that is too long ago the next one may
take it over. Every write names the version it read, so that only one of two can win.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiops.clients.kubernetes.errors import Conflict, NotFound
from aiops.types import InvalidExperiment, InvalidInput, Unreachable
from chaos.patch import lookup
from chaos.safety.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEASE: Final = "chaos-aiops"
"""Name of the lease in each namespace."""

LEASE_S: Final = 60
"""A lease that was not renewed for so long may be taken over, s."""

SKEW: Final = timedelta(seconds=10)
"""How far the clocks of two machines may be apart."""

ATTEMPTS: Final = 5

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class LeaseStore(Protocol):
    """Where leases are kept; a `KubernetesClient` is one.

    Besides what they say, the methods raise `Unreachable` and `Denied`.
    """

    def get(self, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        """Return an object; raise `NotFound` if there is none."""
        ...

    def create(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object; raise `Conflict` if it exists, `InvalidInput` if its kind does not."""
        ...

    def replace(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object; raise `Conflict` if its version is not the present one."""
        ...


@dataclass(frozen=True, slots=True)
class RunLease:
    """The lease of one run on one namespace.

    Attributes
    ----------
    store : LeaseStore
        Where it is kept.
    namespace : str
        What it is for.
    holder : str
        Who takes it: the run, and what tells its process from others.
    now : callable
        The time, in UTC.
    """

    store: LeaseStore
    namespace: str
    holder: str
    now: Callable[[], datetime]

    def take(self) -> Finding | None:
        """Take the lease, also from a run that let it lapse.

        Returns
        -------
        Finding or None
            A note where the cluster has no leases, so that nothing keeps other runs out.

        Raises
        ------
        InvalidExperiment
            If another run holds it.
        Unreachable
            If others kept writing to it through `ATTEMPTS` attempts.
        """
        for _ in range(ATTEMPTS):
            try:
                self._take_once()
            except (Conflict, NotFound):
                continue
            except InvalidExperiment:
                raise
            except InvalidInput as error:
                return no_leases(self.namespace, error)
            return None
        raise Unreachable(
            f"the lease {self.namespace}/{LEASE} changed under each of {ATTEMPTS} attempts to "
            "take it; try again"
        )

    def renew(self) -> bool:
        """Say at every tick that the run is alive; False if it no longer holds the lease."""
        try:
            found = self._find()
            if found is None or _holder(found) != self.holder:
                return False
            self.store.replace(self._renewed(found))
        except Conflict:
            return False
        return True

    def release(self) -> None:
        """Give the lease back if it is still ours; the object stays, without a holder."""
        found = self._find()
        if found is None or _holder(found) != self.holder:
            return
        spec = {**found["spec"], "holderIdentity": "", "renewTime": self._time()}
        try:
            self.store.replace({**found, "spec": spec})
        except (Conflict, NotFound):
            return

    def _take_once(self) -> None:
        found = self._find()
        if found is None:
            self.store.create(self._fresh())
            return
        if text := held(found, self.now(), self.holder):
            raise InvalidExperiment(text)
        self.store.replace(self._taken(found))

    def _find(self) -> dict[str, Any] | None:
        try:
            return self.store.get("Lease", self.namespace, LEASE)
        except NotFound:
            return None

    def _fresh(self) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE, "namespace": self.namespace},
            "spec": self._spec(transitions=0),
        }

    def _taken(self, found: dict[str, Any]) -> dict[str, Any]:
        transitions = found.get("spec", {}).get("leaseTransitions") or 0
        return {**found, "spec": self._spec(transitions + 1)}

    def _renewed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "spec": {**found["spec"], "renewTime": self._time()}}

    def _spec(self, transitions: int) -> dict[str, Any]:
        return {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": LEASE_S,
            "acquireTime": self._time(),
            "renewTime": self._time(),
            "leaseTransitions": transitions,
        }

    def _time(self) -> str:
        return self.now().astimezone(UTC).strftime(_TIME)


def held(lease: Mapping[str, Any], now: datetime, holder: str = "") -> str | None:
    """Return who else holds a lease and until when, as a sentence; None if it is free."""
    other = _holder(lease)
    if other in {"", holder}:
        return None
    until = _renewed(lease) + SKEW
    if until < now:
        return None
    where = lookup(lease, "/metadata/namespace")
    return (
        f"run {other} is at work in namespace {where}; wait for its end, or until "
        f"{until:%H:%M:%S} UTC if it was killed"
    )


def no_leases(namespace: str, error: Exception) -> Finding:
    """Return the note that nothing keeps other runs out of a namespace."""
    text = f"the cluster keeps no leases: {error}"
    return Finding("lease", "note", text, f"let nobody else strike namespace {namespace}")


def _holder(lease: Mapping[str, Any]) -> str:
    found = lookup(lease, "/spec/holderIdentity")
    return found if isinstance(found, str) else ""


def _renewed(lease: Mapping[str, Any]) -> datetime:
    """Return the time until which a lease was taken; long ago if it does not say."""
    text = lookup(lease, "/spec/renewTime")
    seconds = lookup(lease, "/spec/leaseDurationSeconds")
    if not isinstance(text, str):
        return datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
    lasts = seconds if isinstance(seconds, int) else LEASE_S
    return datetime.fromisoformat(text) + timedelta(seconds=lasts)
