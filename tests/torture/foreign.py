"""Somebody else, who writes to the object that a run has struck."""

import copy
from dataclasses import dataclass

from chaos.journal import Journal
from chaos.patch import MISSING, PatchConflict, lookup, same
from tests.torture.world import essence, set_value, value_at

ANNOTATIONS = "/metadata/annotations"


@dataclass
class Foreign:
    """One write of somebody else, and what it must have led to.

    Attributes
    ----------
    done : bool
        Whether it could be written at all; a field inside an object that is gone cannot.
    conflict : bool or None
        Whether a conflict must be reported; None where both are right, because the write came
        between the undo and the look after it.
    expected : dict
        The object as it must be in the end.
    """

    what: str
    done: bool = False
    conflict: bool | None = False
    where: tuple = ()
    expected: dict | None = None

    def write(self, server, folder, originals):
        """Write, past the network, in the middle of whatever the run is doing."""
        (_, plan), *_ = Journal(folder / "journal.jsonl").pending().items()
        deed = plan.deeds[-1]
        self.where = (deed.target.kind, deed.target.namespace, deed.target.name)
        kind = server.api.kind(deed.target.kind)
        present = server.api.objects.get(kind, *self.where[1:])
        original = originals[self.where]
        change = [operation for operation in deed.ops if operation["op"] != "test"][-1]
        pointer, injected = change["path"], change["value"]
        in_place = same(lookup(present, pointer), injected)
        undone = not in_place and any(entry.path.endswith(self.where[2]) for entry in server.log)
        if self.what == "pod replaced":
            server.api.objects.delete(kind, *self.where[1:])
            self.done = True
            return
        try:
            after, self.expected = self._written(present, original, pointer, injected)
        except PatchConflict:
            return
        if self.what == "same field":
            self.conflict = True if in_place else None if undone else False
        self.done = True
        server.api.objects.replace(kind, *self.where[1:], copy.deepcopy(after))

    def _written(self, present, original, pointer, injected):
        if self.what == "same field":
            theirs = _other(value_at(original, pointer), injected)
            return set_value(present, pointer, theirs), set_value(original, pointer, theirs)
        if self.what == "other field":
            where, value = "/metadata/labels", {"app": "service", "theirs": "1"}
            if present["kind"] != "Pod":
                where, value = "/spec/minReadySeconds", 7
            return set_value(present, where, value), set_value(original, where, value)
        if self.what == "annotation":
            where = f"{ANNOTATIONS}/theirs"
            return set_value(present, where, "1"), set_value(original, where, "1")
        if self.what == "mark wiped":
            theirs = {"theirs": "alone"}
            return set_value(present, ANNOTATIONS, theirs), set_value(original, ANNOTATIONS, theirs)
        return _set_back(present, original, pointer), original

    def problems(self, server, code, reported):
        """Return what is wrong with how the run dealt with it."""
        if not self.done or self.what == "pod replaced":
            return ["a conflict was reported, and nobody wrote"] if reported else []
        found = essence(server.object(*self.where))
        wrong = []
        if found != essence(self.expected):
            wrong.append(f"expected {essence(self.expected)}, found {found}")
        if self.conflict is not None and reported != self.conflict:
            wrong.append(f"a conflict was {'' if reported else 'not '}reported")
        if reported and code not in {4, 130, -9}:
            wrong.append(f"a conflict was reported by the exit code {code}")
        return wrong


def _set_back(present, original, pointer):
    """Return the document with the value at the pointer as it was before."""
    if lookup(original, pointer) is not MISSING:
        return set_value(present, pointer, lookup(original, pointer))
    above, _, last = pointer.rpartition("/")
    members = dict(value_at(present, above))
    members.pop(last.replace("~1", "/"), None)
    return set_value(present, above, members)


def _other(before, injected):
    """Return a legal value that is neither the one before nor the one injected."""
    if isinstance(injected, bool | int) or isinstance(before, int):
        return 11
    if isinstance(injected, dict):
        return {"type": "RollingUpdate"}
    return f"{injected}-theirs"
