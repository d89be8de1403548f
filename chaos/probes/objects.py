"""Probes of Kubernetes objects: a field, whether a workload is complete, and its pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.cluster import NoSuchObject, ObjectRef
from chaos.files.providers import AllPods, Available, CountPods, KubernetesField
from chaos.patch import MISSING, lookup
from chaos.probes.results import NoSource, ProbeFailed

if TYPE_CHECKING:
    from chaos.cluster import Cluster
    from chaos.files.providers import (
        AllPodsArguments,
        AvailableArguments,
        CountArguments,
        FieldArguments,
    )

    Asked = KubernetesField | Available | CountPods | AllPods


def ask(provider: Asked, cluster: Cluster | None) -> Any:
    """Return what the cluster answers.

    Raises
    ------
    ProbeFailed
        If there is no such object or field.
    NoSource
        If there is no cluster.
    Unreachable, Denied
        If its server does not answer, or refuses.
    """
    if cluster is None:
        raise NoSource("there is no cluster here")
    match provider:
        case KubernetesField():
            return _field(provider.arguments, cluster)
        case Available():
            return _available(provider.arguments, cluster)
        case CountPods():
            return _count(provider.arguments, cluster)
        case AllPods():
            return _all(provider.arguments, cluster)


def _field(arguments: FieldArguments, cluster: Cluster) -> Any:
    ref = ObjectRef(arguments.kind, arguments.namespace, arguments.name)
    value = lookup(_object(ref, cluster), arguments.field)
    if value is MISSING:
        raise ProbeFailed(f"{ref} has no {arguments.field}")
    return value


def _available(arguments: AvailableArguments, cluster: Cluster) -> bool:
    """Say whether as many replicas are ready as are asked for, and at least one."""
    workload = _object(ObjectRef(arguments.kind, arguments.namespace, arguments.name), cluster)
    wanted = lookup(workload, "/spec/replicas")
    ready = lookup(workload, "/status/readyReplicas")
    if not isinstance(ready, int):
        return False
    return ready >= max(wanted if isinstance(wanted, int) else 1, 1)


def _count(arguments: CountArguments, cluster: Cluster) -> int:
    phases = [lookup(pod, "/status/phase") for pod in _pods(arguments, cluster)]
    return len(phases) if arguments.phase is None else phases.count(arguments.phase)


def _all(arguments: AllPodsArguments, cluster: Cluster) -> bool:
    """Say whether there is such a pod, and all are in the phase, and ready if that is asked."""
    pods = _pods(arguments, cluster)
    phases = {arguments.phase} if arguments.phase else {"Running", "Succeeded"}
    return bool(pods) and all(
        lookup(pod, "/status/phase") in phases and (_is_ready(pod) or not arguments.ready)
        for pod in pods
    )


def _pods(arguments: CountArguments, cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.list("Pod", arguments.namespace, arguments.labels)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = lookup(pod, "/status/conditions")
    ready = {"type": "Ready", "status": "True"}
    return isinstance(conditions, list) and any(
        ready.items() <= each.items() for each in conditions
    )


def _object(ref: ObjectRef, cluster: Cluster) -> dict[str, Any]:
    try:
        return cluster.get(ref)
    except NoSuchObject as error:
        raise ProbeFailed(str(error)) from None
