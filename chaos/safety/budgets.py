"""PodDisruptionBudgets: how many pods their owners can do without."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.patch import MISSING, lookup
from chaos.safety.affected import lost
from chaos.safety.findings import Finding
from chaos.safety.selectors import selects
from chaos.workloads import is_ready, pod_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.safety.look import Look


def over_budget(look: Look) -> Iterator[Finding]:
    """Refuse to take more ready pods than a budget allows at this moment."""
    if not look.limits.respect_budgets:
        return
    for namespace in look.namespaces:
        for budget in look.cluster.list("PodDisruptionBudget", namespace):
            yield from _exceeded(look, namespace, budget)


def _exceeded(look: Look, namespace: str, budget: dict[str, Any]) -> Iterator[Finding]:
    selector = budget["spec"].get("selector")
    matched = [
        pod
        for pod in look.cluster.list("Pod", namespace)
        if selects(selector, pod["metadata"].get("labels") or {})
    ]
    ready = frozenset(pod_ref(pod) for pod in matched if is_ready(pod))
    taken = lost(ready, look.strikes)
    allowed = disruptions_allowed(budget, pods=len(matched), ready=len(ready))
    if taken > allowed:
        name = f"{namespace}/{budget['metadata']['name']}"
        text = f"PodDisruptionBudget {name} allows {allowed} pods to go, the plan takes {taken}"
        hint = "take fewer, or ignore budgets on purpose: --ignore-budgets"
        yield Finding("budget", "refuse", text, hint)


def disruptions_allowed(budget: Mapping[str, Any], *, pods: int, ready: int) -> int:
    """Return how many more ready pods a budget can do without.

    Its controller's own count is taken if it is up to date; it knows how many pods the workloads
    ask for. Otherwise the pods that there are have to do.

    Examples
    --------
    >>> disruptions_allowed({"spec": {"minAvailable": "50%"}}, pods=5, ready=5)
    2
    """
    counted = lookup(budget, "/status/disruptionsAllowed")
    generation = lookup(budget, "/metadata/generation")
    seen = lookup(budget, "/status/observedGeneration")
    if isinstance(counted, int) and generation == seen:
        return min(counted, ready)
    least = lookup(budget, "/spec/minAvailable")
    if least is not MISSING:
        return max(0, ready - _pods(least, pods))
    most = lookup(budget, "/spec/maxUnavailable")
    wanted = pods - (_pods(most, pods) if most is not MISSING else 0)
    return max(0, ready - wanted)


def _pods(number: Any, pods: int) -> int:
    """Return a number of pods given as such or as a percentage, which is rounded up."""
    if isinstance(number, int):
        return number
    share = str(number).removesuffix("%")
    if not share.isdecimal():
        raise InvalidExperiment(f"a PodDisruptionBudget says {number!r}; give a number or a share")
    return math.ceil(pods * int(share) / 100)
