"""One plan under way: its deeds done one after the other, taken back, and proved gone.

The same code undoes at the end of a run, in the watchdog, and in a recovery from the journal.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aiops.types import Denied, InvalidExperiment, InvalidInput, RevertIncomplete, Unreachable
from chaos import marks
from chaos.cluster import NoSuchObject
from chaos.deeds import NotStarted
from chaos.journal import RunEvent
from chaos.patch import PatchConflict
from chaos.patience import Patience
from chaos.undoing import Undone

if TYPE_CHECKING:
    from datetime import datetime

    from chaos.cluster import Cluster
    from chaos.deeds import Deed
    from chaos.journal import Journal
    from chaos.plan import Plan


log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reverting:
    """A run, its plan, and the journal that follows it.

    Attributes
    ----------
    begun : tuple of Deed
        The deeds that were done, or may have been; all of the plan's until `inject` knows better.
    known : int
        How many of them, from the first on, are known to have been done: `inject` saw it. The
        journal may know better.
    pending : bool
        Whether something may still have to be taken back.
    """

    id: str
    plan: Plan
    cluster: Cluster
    journal: Journal
    patience: Patience = field(default_factory=Patience)
    known: int = 0
    pending: bool = True
    begun: tuple[Deed, ...] = ()

    def __post_init__(self) -> None:
        self.begun = self.plan.deeds

    def note(self, event: RunEvent, **payload: Any) -> None:
        """Write a line into the journal."""
        self.journal.append(self.id, event, time=self.cluster.now, payload=payload)

    def inject(self, expires: datetime) -> None:
        """Do every deed, each behind a mark on its object.

        Raises
        ------
        PatchConflict, NoSuchObject, NotStarted
            If an object is no longer what it was when the plan was made, or refuses; deeds before
            that one are done.
        Unreachable, Denied, InvalidExperiment
            As the cluster does; the last also if it is so late that guardians may have left.
        """
        self.begun = ()
        if self.cluster.now >= expires:
            raise InvalidExperiment(
                f"run {self.id} is overdue before its fault was injected; was this machine asleep?"
            )
        for deed in self.plan.deeds:
            before, self.begun = self.begun, (*self.begun, deed)
            mark = marks.write_mark(self.plan.fault, deed.to_json(), expires.isoformat())
            try:
                deed.inject(self.cluster, self.id, mark)
            except (PatchConflict, NoSuchObject, NotStarted):
                self.begun = before
                raise
            self.known = len(self.begun)

    def revert(self) -> Undone:
        """Undo, look again, and say in the journal what was found.

        Raises
        ------
        RevertIncomplete
            If anything is not as it was: someone else changed it, which was kept, or the cluster
            could not be brought to take the undo, and then the run stays pending.
        """
        try:
            undone, left = self.patience.persist(self._undo)
        except (InvalidExperiment, Unreachable, Denied, RevertIncomplete) as error:
            raise RevertIncomplete(
                f"run {self.id}: {self.plan.fault} on {self.plan.target} is not proved undone: "
                f"{error}"
            ) from error
        self.note(RunEvent.UNDONE, **asdict(undone))
        self.pending = False
        if left:
            self.note(RunEvent.CONFLICT, pointers=left)
            raise RevertIncomplete(
                f"run {self.id}: {self.plan.fault} on {self.plan.target} is gone, but "
                f"{', '.join(left)} was changed by someone else meanwhile, which was kept"
            )
        self.note(RunEvent.VERIFIED, injected=bool(self.begun))
        return undone

    def _undo(self) -> tuple[Undone, tuple[str, ...]]:
        """Take the deeds back, the last one first; return that, and what is not as before."""
        done: list[Undone] = []
        left: list[str] = []
        known = self._known()
        for number, deed in reversed(list(enumerate(self.begun))):
            one = deed.undo(self.cluster, self.id, fence=number >= known)
            done.append(one)
            # Once injected for sure, nothing found may mean an undo whose answer was lost.
            if one.found or number < known:
                left += self._leftovers(deed)
        return _joined(done), tuple(left)

    def _known(self) -> int:
        """Return how many deeds are known to have been done, and not to have been undone since.

        Somebody else may have injected, or undone: the journal tells.
        """
        try:
            events = self.journal.since_planned(self.id)
        except (InvalidInput, OSError) as error:
            log.warning("run %s: %s", self.id, error)
            return self.known
        if RunEvent.UNDONE in events:
            return 0
        return len(self.plan.deeds) if RunEvent.INJECTED in events else self.known

    def _leftovers(self, deed: Deed) -> list[str]:
        """Return what is left of a deed, with its object where the plan has several."""
        found = deed.leftovers(self.cluster, self.id)
        several = len(self.plan.deeds) > 1
        return [f"{deed.target} {left}" if several else left for left in found]


def _joined(done: list[Undone]) -> Undone:
    return Undone(
        restored=tuple(path for one in done for path in one.restored),
        conflicts=tuple(path for one in done for path in one.conflicts),
        gone=bool(done) and all(one.gone for one in done),
        found=any(one.found for one in done),
    )
