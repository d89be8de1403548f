"""Which pods lose service by a plan: those it strikes, or all that stand behind what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.cluster import ObjectRef
from chaos.deeds import PatchDeed
from chaos.faults import fault
from chaos.patch import MISSING, lookup
from chaos.undoing import paths
from chaos.workloads import is_ready, live_pods, pod_ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.cluster import Cluster
    from chaos.plan import Plan

REPLICAS = "/spec/replicas"
STRATEGY = "/spec/strategy"


@dataclass(frozen=True, slots=True)
class Affected:
    """What one plan means for the pods of its target.

    Attributes
    ----------
    target : ObjectRef
        The workload or Service.
    pods : tuple of dict
        All pods of it that run, by name.
    struck : frozenset of ObjectRef
        The pods that may lose service.
    most : int
        How many of them do at most; fewer than are in `struck` where a controller chooses.
    """

    target: ObjectRef
    pods: tuple[dict[str, Any], ...]
    struck: frozenset[ObjectRef]
    most: int

    @property
    def refs(self) -> frozenset[ObjectRef]:
        """The addresses of all pods of the target."""
        return frozenset(map(pod_ref, self.pods))

    @property
    def ready(self) -> frozenset[ObjectRef]:
        """The addresses of the pods that take requests."""
        return frozenset(pod_ref(pod) for pod in self.pods if is_ready(pod))


def affected(plan: Plan, cluster: Cluster) -> Affected:
    """Return the pods that lose service when a plan is carried out.

    Deeds done to pods strike those pods; any other one strikes every pod of the target, with two
    exceptions. A lower number of replicas takes no more pods than it says, and a rolling update
    to pods that never become ready no more than may be unavailable during one.

    Raises
    ------
    NoSuchObject
        If the target is gone.
    InvalidExperiment
        If the target does not select its pods by plain labels.
    """
    pods = sorted(pods_of(cluster, plan.target), key=pod_ref)
    refs = frozenset(map(pod_ref, pods))
    named = frozenset(victim for victim in plan.victims if victim.kind == "Pod")
    rest = [deed for deed in plan.deeds if deed.target.kind != "Pod"]
    if not rest:
        return Affected(plan.target, tuple(pods), named, len(named))
    stalls = fault(plan.fault).stalls
    most = max(_taken(cluster, deed, len(pods), stalls=stalls) for deed in rest)
    return Affected(plan.target, tuple(pods), named | refs, min(len(pods), most + len(named)))


def pods_of(cluster: Cluster, target: ObjectRef) -> list[dict[str, Any]]:
    """Return the running pods behind a workload or a Service."""
    document = cluster.get(target)
    if target.kind != "Service":
        return live_pods(cluster, target, document)
    labels = lookup(document, "/spec/selector")
    found = cluster.list("Pod", target.namespace, labels) if isinstance(labels, dict) else []
    return [
        pod
        for pod in found
        if lookup(pod, "/metadata/deletionTimestamp") is MISSING
        and lookup(pod, "/status/phase") == "Running"
    ]


def lost(of: frozenset[ObjectRef], strikes: Sequence[Affected]) -> int:
    """Return how many pods in `of` lose service at most, when all `strikes` fall together."""
    union = frozenset[ObjectRef]().union(*(strike.struck for strike in strikes))
    total = sum(min(strike.most, len(strike.struck & of)) for strike in strikes)
    return min(total, len(union & of))


def replicas_after(deed: Any) -> int | None:
    """Return the number of replicas a deed asks for; None if it is not about that alone."""
    if not isinstance(deed, PatchDeed) or paths(deed.ops) != (REPLICAS,):
        return None
    value = deed.ops[-1].get("value")
    return value if isinstance(value, int) else None


def _taken(cluster: Cluster, deed: Any, pods: int, *, stalls: bool) -> int:
    after = replicas_after(deed)
    if after is not None:
        return max(0, pods - after)
    return min(pods, _unavailable(cluster.get(deed.target), deed, pods) if stalls else pods)


def _unavailable(workload: dict[str, Any], deed: Any, pods: int) -> int:
    """Return how many pods a rollout takes away while the new ones do not become ready."""
    rolling = lookup(workload, f"{STRATEGY}/type") == "RollingUpdate"
    if not rolling or any(path.startswith(STRATEGY) for path in paths(deed.ops)):
        return pods
    most = lookup(workload, f"{STRATEGY}/rollingUpdate/maxUnavailable")
    if isinstance(most, str) and most.removesuffix("%").isdigit():
        return pods * int(most.removesuffix("%")) // 100
    return most if isinstance(most, int) else pods
