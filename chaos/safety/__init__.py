"""Safety, on by default: what may be struck at all, how hard, and who must be out of the way.

`check` asks every gate and changes nothing; `Preflight.refuse_unless_clear` stops a run that one
of them is against. `dry_run` lets the server look at every change. While a run lasts, `frozen` and
`RunLease.renew` are for every tick.
"""

from chaos.safety.affected import Affected, affected
from chaos.safety.diff import object_diff, plan_diff
from chaos.safety.findings import Finding, Preflight
from chaos.safety.freeze import FREEZE_LABEL, FREEZE_MAP, freeze_manifest, frozen
from chaos.safety.lease import LEASE, LeaseStore, RunLease
from chaos.safety.limits import Limits
from chaos.safety.preflight import GATES, check
from chaos.safety.rehearsal import dry_run
from chaos.safety.scope import DENIED, OPT_IN, ClusterScope, OptedIn, Scope, denied

__all__ = [
    "DENIED",
    "FREEZE_LABEL",
    "FREEZE_MAP",
    "GATES",
    "LEASE",
    "OPT_IN",
    "Affected",
    "ClusterScope",
    "Finding",
    "LeaseStore",
    "Limits",
    "OptedIn",
    "Preflight",
    "RunLease",
    "Scope",
    "affected",
    "check",
    "denied",
    "dry_run",
    "freeze_manifest",
    "frozen",
    "object_diff",
    "plan_diff",
]
