"""What faults that take away a share of something share: a mark, so that none strikes twice."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from chaos.faults.base import Fault
from chaos.patch import MISSING, lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch


class RelativeFault(Fault):
    """A fault whose patch depends on what is there; an annotation says that it is in place."""

    graded = True

    @abstractmethod
    def share_changes(self, before: dict[str, Any]) -> Patch:
        """Return the JSON Patch that takes the share away from `before`."""

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch with its mark; nothing at all where the mark is already."""
        mark = f"/metadata/annotations/chaos.aiops~1{self.id}"
        if lookup(before, mark) is not MISSING:
            return ()
        return (*put(before, mark, f"strength {self.strength:g}"), *self.share_changes(before))
