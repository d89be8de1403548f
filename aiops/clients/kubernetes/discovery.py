"""Which kinds a server has, in which versions, and at which paths.

Answers of the server are kept for the life of a `Discovery`. Nothing here reads objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes.address import Resource, group_path
from aiops.clients.kubernetes.call import Call
from aiops.clients.kubernetes.errors import NotFound
from aiops.errors import InvalidInput, Unreachable
from aiops.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.clients.kubernetes.connection import Connection

_APPS = ("apps/v1",)
_BATCH = ("batch/v1", "batch/v1beta1")
_NETWORK = ("networking.k8s.io/v1", "networking.k8s.io/v1beta1")
_RBAC = ("rbac.authorization.k8s.io/v1",)
_ADMISSION = ("admissionregistration.k8s.io/v1",)

SPOKEN = {
    "Deployment": _APPS,
    "ReplicaSet": _APPS,
    "StatefulSet": _APPS,
    "DaemonSet": _APPS,
    "Job": _BATCH,
    "CronJob": _BATCH,
    "PodDisruptionBudget": ("policy/v1", "policy/v1beta1"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "autoscaling/v1"),
    "EndpointSlice": ("discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"),
    "NetworkPolicy": _NETWORK,
    "Ingress": _NETWORK,
    "Lease": ("coordination.k8s.io/v1",),
    "Role": _RBAC,
    "RoleBinding": _RBAC,
    "ClusterRole": _RBAC,
    "ClusterRoleBinding": _RBAC,
    "SelfSubjectAccessReview": ("authorization.k8s.io/v1",),
    "ValidatingAdmissionPolicy": _ADMISSION,
    "ValidatingAdmissionPolicyBinding": _ADMISSION,
}
"""Kind → the API versions of it that the toolkit can speak, best first. Kinds of the core group
need none; any other kind is taken as its own group prefers it."""


class Discovery:
    """What one server has, asked once and kept.

    Parameters
    ----------
    connection : Connection
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answers: dict[str, dict[str, Any]] = {}

    def versions(self) -> tuple[str, ...]:
        """Return every API version served, each group's preferred one before its others."""
        found = ["v1"]
        for group in self._ask("/apis")["groups"]:
            preferred = group["preferredVersion"]["groupVersion"]
            others = [version["groupVersion"] for version in group["versions"]]
            found += [preferred, *(version for version in others if version != preferred)]
        return tuple(found)

    def resources(self, api_version: str) -> tuple[Resource, ...]:
        """Return the kinds that one API version has; none if it is not served."""
        try:
            answer = self._ask(group_path(api_version))
        except NotFound:
            return ()
        return tuple(
            Resource(api_version, entry["kind"], entry["name"], entry["namespaced"])
            for entry in answer["resources"]
            if "/" not in entry["name"]
        )

    def find(self, kind: str) -> Resource:
        """Return the newest served version of `kind` that the toolkit can speak.

        Raises
        ------
        InvalidInput
            If no group serves this kind; the text names the nearest that is served.
        Unreachable
            If the kind was not found, and part of the server did not answer.
        """
        if kind in SPOKEN:
            return self._spoken(kind)
        known: set[str] = set()
        silent: list[str] = []
        for resource in self._all(silent):
            if resource.kind == kind:
                return resource
            known.add(resource.kind)
        if silent:
            raise Unreachable(
                f"no kind {kind!r} was found, but {', '.join(silent)} of {self._connection.host} "
                "did not answer"
            )
        raise InvalidInput(f"the cluster has no kind {kind!r}; {did_you_mean(kind, known)}")

    def at(self, api_version: str, kind: str) -> Resource:
        """Return `kind` in exactly this API version.

        Raises
        ------
        InvalidInput
            If it is not served; the text names the versions that are.
        """
        for resource in self.resources(api_version):
            if resource.kind == kind:
                return resource
        served = [resource.api_version for resource in self._all([]) if resource.kind == kind]
        has = f"it has {kind} in {', '.join(served)}" if served else f"it has no {kind} at all"
        raise InvalidInput(f"the cluster does not serve {kind} in {api_version}; {has}")

    def _spoken(self, kind: str) -> Resource:
        for api_version in SPOKEN[kind]:
            for resource in self.resources(api_version):
                if resource.kind == kind:
                    return resource
        raise InvalidInput(
            f"the cluster serves {kind} in none of the versions spoken here: "
            f"{', '.join(SPOKEN[kind])}"
        )

    def _all(self, silent: list[str]) -> Iterator[Resource]:
        """Yield all that is served; an aggregated API that is down is named in `silent`."""
        for api_version in self.versions():
            try:
                yield from self.resources(api_version)
            except Unreachable:
                silent.append(api_version)

    def _ask(self, path: str) -> dict[str, Any]:
        if path not in self._answers:
            self._answers[path] = self._connection.ask(Call("get", path, path))
        return self._answers[path]
