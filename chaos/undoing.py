"""What of an undo still applies to a document: pure functions over JSON Patches.

An undo touches only what the fault still holds. What someone else changed meanwhile is kept and
named; what is as it was before needs nothing, so undoing twice is undoing once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.patch import MISSING, PatchConflict, apply, lookup, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.patch import Operation, Patch


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did.

    Attributes
    ----------
    restored : tuple of str
        The pointers it set back.
    conflicts : tuple of str
        The pointers it left to whoever changed them.
    gone : bool
        Whether the object is no longer there, and the fault with it.
    found : bool
        Whether there was anything of the run on the object, its mark at least. Where there was
        nothing, the run never touched it or somebody else has undone it, and what differs from
        before is not the run's business.
    """

    restored: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    gone: bool = False
    found: bool = False


def due(document: Any, undo: Patch) -> tuple[list[Operation], tuple[str, ...]]:
    """Split an undo into the operations that still apply and the pointers that others changed."""
    ops: list[Operation] = []
    conflicts: list[str] = []
    for step in _steps(undo):
        change = step[-1]
        if _is_original(document, change):
            continue
        try:
            document = _undo_step(document, step)
            ops.extend(step)
        except PatchConflict:
            conflicts.append(change["path"])
    return ops, tuple(conflicts)


def adds(document: Any, undo: Patch) -> bool:
    """Say whether what `undo` takes back puts members into objects where there are none yet.

    JSON Patch cannot test for absence, so such a patch needs another guard.

    Raises
    ------
    PatchConflict
        If one of them is there by now: someone else has set it.
    """
    added = [
        change["path"]
        for change in undo
        if change["op"] == "remove"
        and not isinstance(lookup(document, change["path"].rpartition("/")[0]), list)
    ]
    for pointer in added:
        if lookup(document, pointer) is not MISSING:
            raise PatchConflict(pointer, "was set by someone else meanwhile")
    return bool(added)


def leftover_pointers(document: Any, undo: Patch) -> tuple[str, ...]:
    """Return the pointers that `undo` would set back and that are not as they were before."""
    changes = (operation for operation in undo if operation["op"] != "test")
    return tuple(change["path"] for change in changes if not _is_original(document, change))


def paths(patch: Patch) -> tuple[str, ...]:
    """Return the pointers that `patch` changes."""
    return tuple(operation["path"] for operation in patch if operation["op"] != "test")


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
