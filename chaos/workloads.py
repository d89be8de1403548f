"""What a workload's documents say: its pods, and the limits of each."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.patch import MISSING, lookup

if TYPE_CHECKING:
    from chaos.cluster import Cluster

_CPU = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m", re.ASCII)
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(k|M|G|Ki|Mi|Gi)?", re.ASCII)
_UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


EXPRESSIONS = "/spec/selector/matchExpressions"


def pod_ref(pod: dict[str, Any]) -> ObjectRef:
    """Return the address of a pod."""
    return ObjectRef("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])


def uid_of(document: dict[str, Any]) -> str:
    """Return the uid of an object; empty where the cluster gives none."""
    uid = lookup(document, "/metadata/uid")
    return uid if isinstance(uid, str) else ""


def live_pods(
    cluster: Cluster, target: ObjectRef, workload: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the pods of a workload that run and are not on their way out.

    Labels alone do not tell: two workloads may bear the same, and only one of them is the target.

    Raises
    ------
    InvalidExperiment
        If the workload selects its pods by more than plain labels.
    """
    labels = lookup(workload, "/spec/selector/matchLabels")
    if not isinstance(labels, dict) or lookup(workload, EXPRESSIONS) not in (MISSING, []):
        raise InvalidExperiment(f"{target} does not select its pods by matchLabels alone")
    return [
        pod
        for pod in cluster.list("Pod", target.namespace, labels)
        if lookup(pod, "/metadata/deletionTimestamp") is MISSING
        and _belongs(pod, target)
        and lookup(pod, "/status/phase") == "Running"
    ]


def _belongs(pod: dict[str, Any], workload: ObjectRef) -> bool:
    """Say whether a pod is controlled by a workload; that of a Deployment by its ReplicaSet."""
    owners = lookup(pod, "/metadata/ownerReferences")
    refs: list[dict[str, Any]] = owners if isinstance(owners, list) else []
    owner = next((one for one in refs if one.get("controller") is True), {})
    kind, name = owner.get("kind"), str(owner.get("name"))
    if workload.kind != "Deployment":
        return (kind, name) == (workload.kind, workload.name)
    revision = lookup(pod, "/metadata/labels/pod-template-hash")
    if revision is MISSING:
        return kind == "ReplicaSet" and name.startswith(f"{workload.name}-")
    return kind == "ReplicaSet" and name == f"{workload.name}-{revision}"


def is_ready(pod: dict[str, Any]) -> bool:
    """Say whether a pod takes requests."""
    conditions = lookup(pod, "/status/conditions")
    return any(
        one.get("type") == "Ready" and one.get("status") == "True"
        for one in (conditions if isinstance(conditions, list) else [])
    )


def settled(workload: dict[str, Any]) -> bool:
    """Say whether all pods that a workload asks for are of its present template, and ready.

    >>> settled({"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": 1}})
    False
    """
    wanted, status = lookup(workload, "/spec/replicas"), workload.get("status", {})
    generation = lookup(workload, "/metadata/generation")
    seen = status.get("observedGeneration", generation)
    counts = [status.get(name, 0) for name in ("replicas", "readyReplicas")]
    counts.append(status.get("updatedReplicas", counts[0]))
    return generation == seen and all(count == wanted for count in counts)


def cpu_limit(workload: dict[str, Any]) -> float:
    """Return the CPU limit of one pod of `workload`, in cores, over all its containers.

    Raises
    ------
    InvalidExperiment
        If there is no container, or one has no limit that is a positive quantity.

    Examples
    --------
    >>> containers = [{"name": "app", "resources": {"limits": {"cpu": "1500m"}}}]
    >>> cpu_limit({"spec": {"template": {"spec": {"containers": containers}}}})
    1.5
    """
    containers = lookup(workload, "/spec/template/spec/containers")
    if not isinstance(containers, list) or not containers:
        raise InvalidExperiment("spec.template.spec.containers is no list of containers")
    return sum(_container_limit(container) for container in containers)


def _container_limit(container: Any) -> float:
    text = str(lookup(container, "/resources/limits/cpu"))
    cores = 0.0
    if _CPU.fullmatch(text):
        cores = int(text[:-1]) / 1000 if text.endswith("m") else float(text)
    if cores <= 0:
        raise InvalidExperiment(
            f"container {lookup(container, '/name')!r} has the CPU limit {text!r}; "
            'give resources.limits.cpu in cores ("2") or thousandths ("500m")'
        )
    return cores


def memory_limit(workload: dict[str, Any]) -> float:
    """Return the memory limit of one pod of `workload`, in bytes; infinite if a container has none.

    Raises
    ------
    InvalidExperiment
        If a limit is no positive quantity.

    Examples
    --------
    >>> containers = [{"name": "app", "resources": {"limits": {"memory": "1.5Mi"}}}]
    >>> memory_limit({"spec": {"template": {"spec": {"containers": containers}}}})
    1572864.0
    """
    containers = lookup(workload, "/spec/template/spec/containers")
    return sum(_container_memory(container) for container in containers)


def _container_memory(container: Any) -> float:
    text = lookup(container, "/resources/limits/memory")
    if text is MISSING:
        return math.inf
    found = _MEMORY.fullmatch(str(text))
    number = float(found[1]) * _UNITS[found[2] or ""] if found else 0.0
    if number <= 0:
        raise InvalidExperiment(
            f"container {lookup(container, '/name')!r} has the memory limit {text!r}; "
            'give resources.limits.memory in bytes, "512Mi" or "2G"'
        )
    return number


def cores_text(thousandths: int) -> str:
    """Return a CPU quantity as an API server would write it back.

    >>> cores_text(250), cores_text(2000)
    ('250m', '2')
    """
    whole, rest = divmod(thousandths, 1000)
    return f"{thousandths}m" if rest else str(whole)


def bytes_text(amount: float) -> str:
    """Return a quantity of memory, in whole KiB, as an API server would write it back.

    >>> bytes_text(1536 * 1024), bytes_text(64 * 2**20)
    ('1536Ki', '64Mi')
    """
    number, unit = max(1, int(amount) // 2**10), 0
    while number % 2**10 == 0 and unit < 2:
        number, unit = number // 2**10, unit + 1
    return f"{number}{('Ki', 'Mi', 'Gi')[unit]}"
