"""What faults that come with a rollout share: whether the old pods stay until new ones are ready."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final

from chaos.faults.base import PatchFault
from chaos.patch import put

if TYPE_CHECKING:
    from chaos.patch import Operation, Patch

CONTAINER: Final = "/spec/template/spec/containers/0"
"""Pointer to the first container of a workload: the application, by convention."""


class RolloutFault(PatchFault):
    """A fault in the pod template, so that it strikes new pods only.

    Parameters
    ----------
    force : bool
        Take the old pods away first (strategy Recreate). A rolling update keeps most of them for
        as long as the new ones do not become ready, and then nobody may notice anything.
    """

    def __init__(self, *, strength: float = 1.0, force: bool = False) -> None:
        super().__init__(strength=strength)
        self.force = force

    @abstractmethod
    def template_changes(self, before: dict[str, Any]) -> Patch:
        """Return the JSON Patch that breaks the pod template of `before`."""

    def changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch of the template, behind that of the strategy where it is forced."""
        first: tuple[Operation, ...] = ()
        if self.force:
            first = put(before, "/spec/strategy", {"type": "Recreate"})
        return (*first, *self.template_changes(before))
