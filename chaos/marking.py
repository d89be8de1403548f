"""Marking: to put marks on the objects of a cluster, and to take them off, whoever else writes.

What a mark says is the business of `chaos.marks`; here it travels through the port.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiops.types import RevertIncomplete
from chaos import marks
from chaos.cluster import NoSuchObject
from chaos.patch import MISSING, PatchConflict, lookup

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.cluster import Cluster
    from chaos.deeds import Deed

T = TypeVar("T")

ATTEMPTS: Final = 5
"""How often a change is tried anew when someone writes between reading and patching."""


def find(cluster: Cluster, deed: Deed) -> dict[str, Any] | None:
    """Return the object of a deed; None if it is gone, or another bears its name."""
    try:
        document = cluster.get(deed.target)
    except NoSuchObject:
        return None
    uid = lookup(document, "/metadata/uid")
    return document if not deed.uid or uid in {deed.uid, MISSING} else None


def put(cluster: Cluster, deed: Deed, run: str, text: str) -> dict[str, Any]:
    """Put the mark on the object and return it as it then is."""

    def attempt() -> dict[str, Any]:
        document = find(cluster, deed)
        if document is None:
            raise NoSuchObject(f"{deed.target} is no longer the one that was planned for")
        return cluster.patch(deed.target, marks.put_mark(document, run, text))

    return insist(deed, attempt)


def take_off(cluster: Cluster, deed: Deed, run: str) -> None:
    """Take the mark of a run off the object of a deed, or its fence, if it is there."""

    def attempt() -> None:
        document = find(cluster, deed)
        if document is not None and (ops := marks.remove_mark(document, run)):
            with suppress(NoSuchObject):
                cluster.patch(deed.target, ops)

    insist(deed, attempt)


def fence(cluster: Cluster, deed: Deed, run: str) -> None:
    """Put a mark of our own where there is none, so that one under way finds a newer version."""

    def attempt() -> None:
        document = find(cluster, deed)
        if document is not None and not marks.bears(document, run):
            with suppress(NoSuchObject):  # gone in between, and the deed with it
                cluster.patch(deed.target, marks.put_mark(document, run, marks.FENCE))

    insist(deed, attempt)


def insist(deed: Deed, attempt: Callable[[], T]) -> T:
    """Try until nobody wrote in between, at most `ATTEMPTS` times."""
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except PatchConflict:
            continue
    raise RevertIncomplete(
        f"{deed.target} changed under each of {ATTEMPTS} attempts to write to it; stop whoever "
        "writes to it, then run: aiops chaos recover"
    )
