"""Deeds: what a plan does to one object, as data, each with its own way back.

Three kinds are enough: an object is patched, deleted, or gets a process started in it. A deed is
done, undone and looked at through the port `chaos.cluster.Cluster`; it travels as JSON through
the journal, the mark on the object and the janitor. It never holds code.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiops.types import Denied, InvalidExperiment
from chaos import marking, marks, patch
from chaos.cluster import NoSuchObject, ObjectRef, Process
from chaos.patch import MISSING, PatchConflict, lookup
from chaos.undoing import Undone, adds, due, leftover_pointers, paths
from chaos.workloads import uid_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.cluster import Cluster
    from chaos.patch import Patch


class NotStarted(InvalidExperiment):
    """A pod started no process: its image has no shell, or we may not; its mark is off again."""


class Deed(Protocol):
    """What is done to one object; `run` names the run that does it."""

    @property
    def target(self) -> ObjectRef:
        """The object."""
        ...

    @property
    def uid(self) -> str:
        """Which of the objects that bore this name; empty where the cluster gives none."""
        ...

    def inject(self, cluster: Cluster, run: str, mark: str) -> None:
        """Do it, behind the mark.

        Raises
        ------
        PatchConflict, NoSuchObject, NotStarted
            If the object is no longer what it was when the plan was made, or refuses; nothing was
            done.
        """
        ...

    def armed(self, cluster: Cluster, run: str) -> bool:
        """Say whether the object is in the state that the deed puts it in."""
        ...

    def undo(self, cluster: Cluster, run: str, *, fence: bool = False) -> Undone:
        """Take back what of it is still in place; idempotent.

        Parameters
        ----------
        fence : bool
            Whether nobody knows that the deed was done, and not undone since. Then only its mark
            tells: without that, what looks like the deed is somebody else's. It is also made sure
            that a deed that was sent, and never answered, cannot arrive any more.

        Raises
        ------
        RevertIncomplete
            If others kept writing to the same pointers through `marking.ATTEMPTS` attempts.
        """
        ...

    def leftovers(self, cluster: Cluster, run: str) -> tuple[str, ...]:
        """Return what of the object is not as it was before; an object that is gone has none."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the deed as a JSON object."""
        ...


@dataclass(frozen=True, slots=True)
class PatchDeed:
    """One atomic JSON Patch.

    Attributes
    ----------
    ops : tuple of dict
        The JSON Patch that injects, with a ``test`` before all that it overwrites.
    undo_ops : tuple of dict
        The JSON Patch that takes it back, with a ``test`` before all that it takes back.
    """

    target: ObjectRef
    uid: str
    ops: tuple[patch.Operation, ...]
    undo_ops: tuple[patch.Operation, ...]

    def inject(self, cluster: Cluster, run: str, mark: str) -> None:
        """Mark the object, then patch it on condition that the mark is still there."""
        marked = marking.put(cluster, self, run, mark)
        try:
            free = marks.require_version(marked) if adds(marked, self.undo_ops) else ()
            cluster.patch(self.target, (*free, *marks.require_mark(marked, run), *self.ops))
        except PatchConflict:
            marking.take_off(cluster, self, run)
            raise

    def armed(self, cluster: Cluster, run: str) -> bool:
        """Say whether the object holds everything that the patch puts there."""
        document = marking.find(cluster, self)
        if document is None or not marks.bears(document, run):
            return False
        return len(due(document, self.undo_ops)[0]) == len(self.undo_ops)

    def undo(self, cluster: Cluster, run: str, *, fence: bool = False) -> Undone:
        """Take back, in one atomic patch, what is still in place, and the mark with it."""
        if fence:
            marking.fence(cluster, self, run)

        def attempt() -> Undone:
            document = marking.find(cluster, self)
            if document is None:
                return Undone(gone=True)
            ours = not fence or marks.struck(document, run)
            ops, conflicts = due(document, self.undo_ops) if ours else ([], ())
            unmark = marks.remove_mark(document, run)
            if not ops and not unmark:
                return Undone()
            adding = any(operation["op"] == "add" for operation in ops)
            free = marks.require_version(document) if adding else ()
            try:
                cluster.patch(self.target, (*free, *ops, *unmark))
            except NoSuchObject:
                return Undone(gone=True)
            return Undone(paths(ops), conflicts, found=ours)

        return marking.insist(self, attempt)

    def leftovers(self, cluster: Cluster, run: str) -> tuple[str, ...]:
        """Return the pointers touched by the patch that are not as they were before it."""
        document = marking.find(cluster, self)
        if document is None:
            return ()
        return (*leftover_pointers(document, self.undo_ops), *_own_mark(document, run))

    def to_json(self) -> dict[str, Any]:
        """Return the deed as a JSON object."""
        return {
            "do": "patch",
            "target": asdict(self.target),
            "uid": self.uid,
            "ops": [dict(operation) for operation in self.ops],
            "undo": [dict(operation) for operation in self.undo_ops],
        }


def patch_deed(fault: str, target: ObjectRef, before: dict[str, Any], changes: Patch) -> PatchDeed:
    """Return the deed that makes `changes` to `target`, guarded, with its inverse.

    Raises
    ------
    InvalidExperiment
        If they would change nothing.
    """
    if patch.same(patch.apply(before, changes), before):
        raise InvalidExperiment(
            f"{fault} would change nothing on {target}: it is already in that state"
        )
    ops, undo = patch.guard(before, changes), patch.invert(before, changes)
    return PatchDeed(target, uid_of(before), ops, undo)


@dataclass(frozen=True, slots=True)
class DeleteDeed:
    """Delete one object that its controller replaces; there is nothing to take back."""

    target: ObjectRef
    uid: str
    grace_s: int | None = None

    def inject(self, cluster: Cluster, run: str, mark: str) -> None:  # noqa: ARG002
        """Delete the object, if it is still the same one."""
        cluster.delete(self.target, uid=self.uid, grace_s=self.grace_s)

    def armed(self, cluster: Cluster, run: str) -> bool:  # noqa: ARG002
        """Say whether the object is gone or on its way out."""
        document = marking.find(cluster, self)
        return document is None or lookup(document, "/metadata/deletionTimestamp") is not MISSING

    def undo(self, cluster: Cluster, run: str, *, fence: bool = False) -> Undone:  # noqa: ARG002
        """Do nothing: the controller has brought another."""
        return Undone()

    def leftovers(self, cluster: Cluster, run: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: the deed leaves no trace but the absence."""
        return ()

    def to_json(self) -> dict[str, Any]:
        """Return the deed as a JSON object."""
        return {
            "do": "delete",
            "target": asdict(self.target),
            "uid": self.uid,
            "grace_s": self.grace_s,
        }


@dataclass(frozen=True, slots=True)
class StartDeed:
    """Start a process in one pod; it ends by itself at the latest."""

    target: ObjectRef
    uid: str
    process: Process

    def inject(self, cluster: Cluster, run: str, mark: str) -> None:
        """Mark the pod, then start the process; if that is refused, take the mark off again."""
        marking.put(cluster, self, run, mark)
        try:
            cluster.launch(self.target, self.process, run)
        except (Denied, InvalidExperiment) as refusal:
            marking.take_off(cluster, self, run)
            if isinstance(refusal, NoSuchObject):
                raise
            raise NotStarted(str(refusal)) from refusal

    def armed(self, cluster: Cluster, run: str) -> bool:
        """Say whether the process runs."""
        return marking.find(cluster, self) is not None and cluster.running(self.target, run)

    def undo(self, cluster: Cluster, run: str, *, fence: bool = False) -> Undone:
        """Stop the process and take the mark off; one that was never started ends by itself.

        Where nobody knows of a start, who may not run commands there has not started one either.
        """
        if fence:
            marking.fence(cluster, self, run)
        document = marking.find(cluster, self)
        if document is None:
            return Undone(gone=True)
        struck = marks.struck(document, run)
        ran = self._runs(cluster, run, sure=not fence) if struck or not fence else None
        if ran is not None:
            cluster.stop(self.target, run)
        marking.take_off(cluster, self, run)
        return Undone(("process",) if ran else (), found=ran is not None and (ran or struck))

    def _runs(self, cluster: Cluster, run: str, *, sure: bool) -> bool | None:
        """Say whether the process runs; None where we may not ask, unless it is `sure` it began."""
        try:
            return cluster.running(self.target, run)
        except Denied:
            if sure:
                raise
            return None

    def leftovers(self, cluster: Cluster, run: str) -> tuple[str, ...]:
        """Return ``process`` if it runs, and the mark if it is there."""
        document = marking.find(cluster, self)
        if document is None:
            return ()
        left = ("process",) if cluster.running(self.target, run) else ()
        return (*left, *_own_mark(document, run))

    def to_json(self) -> dict[str, Any]:
        """Return the deed as a JSON object."""
        return {
            "do": "start",
            "target": asdict(self.target),
            "uid": self.uid,
            "process": self.process.to_json(),
        }


def deed_from_json(data: Mapping[str, Any]) -> Deed:
    """Read what `Deed.to_json` wrote.

    Raises
    ------
    InvalidExperiment
        If a part is missing or is not what it should be.
    """
    try:
        kind, target, uid = data["do"], ObjectRef(**data["target"]), str(data["uid"])
        if kind == "patch":
            ops, undo = tuple(data["ops"]), tuple(data["undo"])
            patch.check(ops)
            patch.check(undo)
            return PatchDeed(target, uid, ops, undo)
        if kind == "delete":
            return DeleteDeed(target, uid, data["grace_s"])
        if kind == "start":
            return StartDeed(target, uid, Process(**data["process"]))
    except (KeyError, TypeError) as error:
        raise InvalidExperiment(f"this is no deed ({error!r}); it lacks a part") from error
    raise InvalidExperiment(f"there is no deed {kind!r}; use patch, delete or start")


def _own_mark(document: Mapping[str, Any], run: str) -> tuple[str, ...]:
    return (marks.pointer(run),) if marks.bears(document, run) else ()
