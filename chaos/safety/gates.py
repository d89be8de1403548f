"""The gates: each looks at one thing that may speak against a run, and changes nothing.

`chaos.safety.preflight` asks all of them. Those about budgets, owners, and the switch and the
lease themselves are in modules of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.types import InvalidInput
from chaos.cluster import NoSuchObject, ObjectRef
from chaos.marks import runs_on
from chaos.safety.affected import lost
from chaos.safety.findings import Finding
from chaos.safety.freeze import FREEZE_LABEL, FREEZE_MAP, frozen
from chaos.safety.lease import LEASE, held, no_leases
from chaos.safety.scope import DENIED_OBJECTS, OPT_IN, denied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.safety.look import Look


def forbidden(look: Look) -> Iterator[Finding]:
    """Refuse the namespaces and objects that are denied for good."""
    for namespace in look.namespaces:
        if pattern := denied(namespace):
            text = f"namespace {namespace} is never struck: it is one of {pattern}"
            yield Finding("denied", "refuse", text, "choose a target elsewhere; no flag lifts this")
    for ref in sorted(DENIED_OBJECTS.intersection(look.touched)):
        yield Finding("denied", "refuse", f"{ref} is never struck: the cluster hangs on it")


def opted_in(look: Look) -> Iterator[Finding]:
    """Refuse namespaces that do not bear the label by which they allow faults."""
    for namespace in look.namespaces:
        try:
            found = look.scope.labels(namespace).get(OPT_IN)
        except NoSuchObject as error:
            yield Finding("opt-in", "refuse", str(error))
            continue
        if found != "true":
            text = f"namespace {namespace} has not opted in"
            hint = f"if it may be struck: kubectl label namespace {namespace} {OPT_IN}=true"
            yield Finding("opt-in", "refuse", text, hint)


def capped(look: Look) -> Iterator[Finding]:
    """Refuse what strikes more, or holds longer, than the limits allow."""
    limits = look.limits
    everywhere = sorted({victim for plan in look.plans for victim in plan.victims})
    pods = frozenset(ref for strike in look.strikes for ref in strike.struck)
    for found, most, name, what in (
        (
            len({plan.target for plan in look.plans}),
            limits.max_workloads,
            "max_workloads",
            "targets",
        ),
        (sum(not ref.namespace for ref in everywhere), limits.max_nodes, "max_nodes", "nodes"),
        (lost(pods, look.strikes), limits.max_pods, "max_pods", "pods"),
        (look.hold_s, limits.max_hold_s, "max_hold", "s of hold"),
    ):
        if found > most:
            text = f"the plan takes {found:g} {what}, {name} is {most:g}"
            yield Finding("caps", "refuse", text, f"strike less, or raise {name}")


def share_capped(look: Look) -> Iterator[Finding]:
    """Refuse to take more than the allowed share of the pods of one target."""
    for strike in look.strikes:
        taken, pods = lost(strike.refs, look.strikes), len(strike.pods)
        if 100 * taken > look.limits.max_percent * pods:
            text = (
                f"{taken} of {pods} pods of {strike.target} may lose service, max_percent is "
                f"{look.limits.max_percent:g}"
            )
            yield Finding("caps", "refuse", text, "strike fewer, or allow it: --allow-outage")


def last_replica(look: Look) -> Iterator[Finding]:
    """Refuse to leave a target fewer ready pods than it must keep."""
    for strike in look.strikes:
        ready = strike.ready
        left, least = len(ready) - lost(ready, look.strikes), look.limits.min_ready_left
        if left < least:
            text = (
                f"{strike.target} has {len(ready)} ready pods and may be left with {left}, "
                f"min_ready_left is {least}"
            )
            yield Finding("last-replica", "refuse", text, "allow it on purpose: --allow-outage")


def busy(look: Look) -> Iterator[Finding]:
    """Refuse objects that bear the mark of a run, also where it strikes only pods of a target."""
    pods = {ref for strike in look.strikes for ref in strike.refs}
    for ref in sorted(pods.union(look.touched)):
        for run in runs_on(look.cluster.get(ref)):
            text = f"run {run} is at work on {ref}"
            hint = "if nobody runs it any more, take it back first: aiops chaos recover --all"
            yield Finding("busy", "refuse", text, hint)


def leased(look: Look) -> Iterator[Finding]:
    """Refuse a namespace that another run has leased."""
    for namespace in look.namespaces:
        try:
            lease = look.cluster.get(ObjectRef("Lease", namespace, LEASE))
        except NoSuchObject:
            continue
        except InvalidInput as error:
            yield no_leases(namespace, error)
            continue
        if text := held(lease, look.cluster.now, look.holder):
            yield Finding("lease", "refuse", text)


def not_frozen(look: Look) -> Iterator[Finding]:
    """Refuse a namespace where the freeze switch is thrown."""
    for namespace in look.namespaces:
        if text := frozen(look.cluster, look.scope, namespace):
            hint = f"whoever froze it thaws it: delete the ConfigMap {FREEZE_MAP} or {FREEZE_LABEL}"
            yield Finding("frozen", "refuse", text, hint)
