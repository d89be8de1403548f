"""Rehearsal: the server checks every change of a plan against schema, rights and admission rules.

It is a server-side dry run: nothing is stored. What runs inside a container cannot be rehearsed;
of such a deed only the mark is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import Denied, InvalidExperiment
from chaos import marks
from chaos.deeds import DeleteDeed, PatchDeed
from chaos.patch import PatchConflict
from chaos.safety.findings import Finding
from chaos.undoing import due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.cluster import Cluster
    from chaos.deeds import Deed
    from chaos.plan import Plan

RUN = "rehearsal"
"""The run in the marks that are rehearsed."""


def dry_run(plan: Plan, cluster: Cluster) -> tuple[Finding, ...]:
    """Let the server check each deed, mark and change together; return what it refuses.

    Raises
    ------
    Unreachable
        If the cluster does not answer.
    """
    return tuple(finding for deed in plan.deeds for finding in _rehearse(plan.fault, deed, cluster))


def _rehearse(fault: str, deed: Deed, cluster: Cluster) -> Iterator[Finding]:
    try:
        after = _send(fault, deed, cluster)
    except (InvalidExperiment, PatchConflict, Denied) as error:
        yield Finding("dry-run", "refuse", f"the server refuses {fault} on {deed.target}: {error}")
        return
    if isinstance(deed, PatchDeed) and len(due(after, deed.undo_ops)[0]) < len(deed.undo_ops):
        text = f"something in the cluster alters {fault} on {deed.target} as it is admitted"
        yield Finding("dry-run", "refuse", text, "look for a mutating webhook or a defaulting rule")


def _send(fault: str, deed: Deed, cluster: Cluster) -> Any:
    if isinstance(deed, DeleteDeed):
        return cluster.delete(deed.target, uid=deed.uid, grace_s=deed.grace_s, dry_run=True)
    text = marks.write_mark(fault, deed.to_json(), cluster.now.isoformat())
    mark = marks.put_mark(cluster.get(deed.target), RUN, text)
    ops = deed.ops if isinstance(deed, PatchDeed) else ()
    return cluster.patch(deed.target, (*mark, *ops), dry_run=True)
