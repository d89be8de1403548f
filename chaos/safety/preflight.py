"""Preflight: every gate is asked before anything is touched, and every refusal is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiops.types import Denied
from chaos.safety.affected import affected
from chaos.safety.budgets import over_budget
from chaos.safety.findings import Finding, Preflight
from chaos.safety.gates import (
    busy,
    capped,
    forbidden,
    last_replica,
    leased,
    not_frozen,
    opted_in,
    share_capped,
)
from chaos.safety.limits import Limits
from chaos.safety.look import Look
from chaos.safety.owners import autoscaled, owned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos.cluster import Cluster
    from chaos.plan import Plan
    from chaos.safety.scope import Scope

GATES: Final[tuple[Callable[[Look], Iterator[Finding]], ...]] = (
    forbidden,
    opted_in,
    not_frozen,
    leased,
    busy,
    capped,
    share_capped,
    last_replica,
    over_budget,
    autoscaled,
    owned,
)
"""All gates, in the order in which their findings are told."""


def check(  # noqa: PLR0913  what is asked, of whom, and three bounds with defaults
    plans: Sequence[Plan],
    cluster: Cluster,
    scope: Scope,
    *,
    limits: Limits | None = None,
    hold_s: float = 0.0,
    holder: str = "",
) -> Preflight:
    """Ask every gate about plans that may be in place at the same time; change nothing.

    A gate whose objects may not be read is shut: what cannot be looked at is not allowed.

    Parameters
    ----------
    scope : Scope
        What is known of the namespaces: `ClusterScope`, or that of the backend.
    limits : Limits, optional
        How far the run may go.
    hold_s : float
        How long the faults are held, s.
    holder : str
        The run that holds the namespace's lease by now, if this is asked while it runs.

    Raises
    ------
    NoSuchObject
        If a target or a victim is gone since it was planned for.
    InvalidExperiment
        If a target does not select its pods by plain labels.
    Unreachable
        If the cluster does not answer.
    """
    strikes = tuple(affected(plan, cluster) for plan in plans)
    look = Look(tuple(plans), cluster, scope, limits or Limits(), strikes, hold_s, holder)
    return Preflight(tuple(finding for gate in GATES for finding in _asked(gate, look)))


def _asked(gate: Callable[[Look], Iterator[Finding]], look: Look) -> tuple[Finding, ...]:
    try:
        return tuple(gate(look))
    except Denied as error:
        text = f"this cannot be looked at: {error}"
        return (Finding(gate.__name__, "refuse", text, "grant it: aiops chaos rbac"),)
