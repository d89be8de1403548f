"""Inject a plan, take it back, and prove that it is gone: the same for every fault.

The undo touches only what the fault still holds. What someone else changed meanwhile is kept and
named; what is as it was before needs nothing, so undoing twice is undoing once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiops.types import RevertIncomplete
from chaos.patch import MISSING, PatchConflict, apply, lookup, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.cluster import Cluster
    from chaos.patch import Operation, Patch
    from chaos.plan import Plan

ATTEMPTS = 5
"""How often an undo looks again when someone writes between its reading and its patching."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: the pointers it restored, and those it left to whoever changed them."""

    restored: tuple[str, ...]
    conflicts: tuple[str, ...]


def inject(cluster: Cluster, plan: Plan) -> None:
    """Apply the plan in one atomic patch.

    Raises
    ------
    PatchConflict
        If the object is no longer what it was when the plan was made; nothing is then changed.
    """
    cluster.patch(plan.target, plan.ops)


def in_place(cluster: Cluster, plan: Plan) -> bool:
    """Say whether the object holds everything that the plan puts there."""
    due, _ = _due(cluster.get(plan.target), plan.undo)
    return len(due) == len(plan.undo)


def undo(cluster: Cluster, plan: Plan) -> Undone:
    """Take back, in one atomic patch, what of the plan is still in place.

    Raises
    ------
    RevertIncomplete
        If others kept writing to the same pointers through `ATTEMPTS` attempts.
    InvalidExperiment
        If the object is gone.
    """
    for _ in range(ATTEMPTS):
        due, conflicts = _due(cluster.get(plan.target), plan.undo)
        try:
            if due:
                cluster.patch(plan.target, due)
        except PatchConflict:
            continue
        return Undone(_paths(due), conflicts)
    raise RevertIncomplete(
        f"{plan.fault} on {plan.target} could not be undone: the object changed under each of "
        f"{ATTEMPTS} attempts; stop whoever writes to it and recover again"
    )


def leftovers(cluster: Cluster, plan: Plan) -> tuple[str, ...]:
    """Return the pointers touched by the plan that are not as they were before it."""
    document = cluster.get(plan.target)
    changes = (operation for operation in plan.undo if operation["op"] != "test")
    return tuple(change["path"] for change in changes if not _is_original(document, change))


def _due(document: Any, undo_patch: Patch) -> tuple[list[Operation], tuple[str, ...]]:
    """Split an undo into the operations that still apply and the pointers that others changed."""
    due: list[Operation] = []
    conflicts: list[str] = []
    for step in _steps(undo_patch):
        change = step[-1]
        if _is_original(document, change):
            continue
        try:
            document = _undo_step(document, step)
            due.extend(step)
        except PatchConflict:
            conflicts.append(change["path"])
    return due, tuple(conflicts)


def _undo_step(document: Any, step: Patch) -> Any:
    change = step[-1]
    if change["op"] == "add" and lookup(document, change["path"]) is not MISSING:
        raise PatchConflict(change["path"], "was removed by the fault and set again by another")
    return apply(document, step)


def _steps(patch: Patch) -> Iterator[Patch]:
    """Yield each change of `patch` together with the tests that guard it."""
    step: list[Operation] = []
    for operation in patch:
        step.append(operation)
        if operation["op"] != "test":
            yield step
            step = []


def _is_original(document: Any, change: Operation) -> bool:
    """Say whether `document` already is as the undoing `change` would make it."""
    original = MISSING if change["op"] == "remove" else change["value"]
    return same(lookup(document, change["path"]), original)


def _paths(patch: Patch) -> tuple[str, ...]:
    return tuple(operation["path"] for operation in patch if operation["op"] != "test")
