"""Undoing: exactly what the fault holds, once, and never what others have changed."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from aiops.types import InvalidExperiment, RevertIncomplete
from chaos import ObjectRef, PatchConflict, Process
from chaos.deeds import (
    DeleteDeed,
    PatchDeed,
    StartDeed,
    deed_from_json,
    patch_deed,
)  # fmt: skip
from chaos.marking import ATTEMPTS
from chaos.marks import bears, pointer, put_mark, require_mark
from chaos.patch import apply, guard, invert, lookup, put
from chaos.undoing import Undone

REF = ObjectRef("ConfigMap", "shop", "flags")


RUN = "r1"
MARK = pointer(RUN)


class OneObject:
    """A cluster of one object; `meddle` is called after each read, as another writer would."""

    now = datetime(2026, 1, 5, tzinfo=UTC)

    def __init__(self, document):
        self.document = document
        self.patches = 0
        self.meddle = lambda: None

    def get(self, ref):
        document = apply(self.document, [])
        self.meddle()
        return document

    def patch(self, ref, ops, *, dry_run=False):
        self.patches += 1
        self.document = apply(self.document, ops)
        return apply(self.document, [])

    def write(self, pointer, value):
        self.document = apply(self.document, put(self.document, pointer, value))

    @property
    def data(self):
        return {name: value for name, value in self.document.items() if name != "metadata"}


def deed_for(document, *changes):
    return PatchDeed(REF, "", guard(document, changes), invert(document, changes))


@pytest.fixture
def two_values():
    """A cluster with a fault in two places, and its deed."""
    cluster = OneObject({"metadata": {"annotations": {}}, "a": 1, "b": 2, "c": 3})
    deed = deed_for(
        cluster.document,
        {"op": "replace", "path": "/a", "value": 10},
        {"op": "replace", "path": "/b", "value": 20},
    )
    deed.inject(cluster, RUN, "mark")
    return cluster, deed


def test_inject_then_undo_restores_in_one_patch(two_values):
    cluster, deed = two_values
    assert deed.armed(cluster, RUN)
    assert lookup(cluster.document, MARK) == "mark"
    assert deed.undo(cluster, RUN) == Undone(restored=("/b", "/a"), found=True)
    assert cluster.data == {"a": 1, "b": 2, "c": 3}
    assert deed.leftovers(cluster, RUN) == ()
    assert cluster.patches == 3  # the mark, the deed, the undo


def test_undoing_twice_is_undoing_once(two_values):
    cluster, deed = two_values
    deed.undo(cluster, RUN)
    assert deed.undo(cluster, RUN) == Undone()
    assert cluster.patches == 3  # the mark, the deed, the undo
    assert not deed.armed(cluster, RUN)


def test_a_foreign_change_elsewhere_is_kept_without_a_word(two_values):
    cluster, deed = two_values
    cluster.write("/c", 33)
    assert deed.undo(cluster, RUN).conflicts == ()
    assert cluster.data == {"a": 1, "b": 2, "c": 33}


def test_a_foreign_change_of_the_same_value_is_kept_and_named(two_values):
    cluster, deed = two_values
    cluster.write("/a", 77)
    assert deed.undo(cluster, RUN) == Undone(restored=("/b",), conflicts=("/a",), found=True)
    assert cluster.data == {"a": 77, "b": 2, "c": 3}
    assert deed.leftovers(cluster, RUN) == ("/a",)


def test_a_value_that_another_set_back_is_no_conflict(two_values):
    cluster, deed = two_values
    cluster.write("/a", 1)
    assert deed.undo(cluster, RUN) == Undone(restored=("/b",), found=True)


def test_a_change_between_planning_and_injecting_stops_the_injection():
    cluster = OneObject({"metadata": {}, "a": 1})
    deed = deed_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
    cluster.write("/a", 5)
    with pytest.raises(PatchConflict):
        deed.inject(cluster, RUN, "mark")
    assert cluster.data == {"a": 5}


def test_a_write_between_reading_and_undoing_is_kept(two_values):
    cluster, deed = two_values

    def meddle():
        cluster.meddle = lambda: None
        cluster.write("/a", 77)

    cluster.meddle = meddle
    assert deed.undo(cluster, RUN) == Undone(restored=("/b",), conflicts=("/a",), found=True)
    assert cluster.data == {"a": 77, "b": 2, "c": 3}


def test_an_undo_that_is_never_left_alone_gives_up_and_says_so(two_values):
    cluster, deed = two_values
    flip = {10: 11, 11: 10}

    def meddle():
        cluster.write("/a", flip[cluster.document["a"]])

    cluster.patch = lambda ref, ops: (_ for _ in ()).throw(PatchConflict("/a", "moved"))
    cluster.meddle = meddle
    with pytest.raises(RevertIncomplete, match=f"each of {ATTEMPTS} attempts"):
        deed.undo(cluster, RUN)


class TestRemovedMember:
    """JSON Patch cannot test for absence, so here the reading decides."""

    @pytest.fixture
    def removed(self):
        """A cluster in which a fault removed a member, and the plan."""
        cluster = OneObject({"metadata": {}, "a": 1, "b": 2})
        deed = deed_for(cluster.document, {"op": "remove", "path": "/a"})
        deed.inject(cluster, RUN, "mark")
        return cluster, deed

    def test_it_comes_back(self, removed):
        cluster, deed = removed
        assert deed.armed(cluster, RUN)
        assert deed.undo(cluster, RUN).restored == ("/a",)
        assert cluster.data == {"a": 1, "b": 2}

    def test_what_another_put_in_its_place_is_kept(self, removed):
        cluster, deed = removed
        cluster.write("/a", 9)
        assert deed.undo(cluster, RUN) == Undone(conflicts=("/a",), found=True)
        assert cluster.data == {"a": 9, "b": 2}


class TestCreatedParent:
    """A fault that had to create the object around its value."""

    @pytest.fixture
    def created(self):
        """A cluster without labels that was given one, and the deed."""
        cluster = OneObject({"metadata": {"annotations": {}}})
        changes = put(cluster.document, "/metadata/labels/x", "1")
        deed = deed_for(cluster.document, *changes)
        deed.inject(cluster, RUN, "mark")
        return cluster, deed

    def test_it_goes_with_its_value(self, created):
        cluster, deed = created
        assert deed.armed(cluster, RUN)
        deed.undo(cluster, RUN)
        assert cluster.document == {"metadata": {"annotations": {}}}

    def test_it_stays_when_another_moved_in(self, created):
        cluster, deed = created
        cluster.write("/metadata/labels/theirs", "2")
        assert deed.undo(cluster, RUN).conflicts == ("/metadata/labels",)
        assert cluster.document["metadata"]["labels"] == {"theirs": "2"}


class TestMark:
    """The mark is what the deed hangs on."""

    def test_a_deed_that_arrives_after_the_undo_does_nothing(self, two_values):
        cluster, deed = two_values
        late = [*require_mark(cluster.document, RUN), *deed.ops]
        deed.undo(cluster, RUN)
        with pytest.raises(PatchConflict):
            cluster.patch(REF, late)
        assert cluster.data == {"a": 1, "b": 2, "c": 3}

    def test_a_mark_that_arrives_after_a_fenced_undo_does_nothing(self):
        cluster = Versioned({"metadata": {"resourceVersion": "1"}, "a": 1})
        deed = deed_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
        late = put_mark(cluster.document, RUN, "mark")
        deed.undo(cluster, RUN, fence=True)
        with pytest.raises(PatchConflict):
            cluster.patch(REF, late)
        assert cluster.data == {"a": 1}
        assert not bears(cluster.document, RUN)

    def test_without_a_fence_an_undo_of_nothing_writes_nothing(self):
        cluster = OneObject({"metadata": {}, "a": 1})
        deed = deed_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
        assert deed.undo(cluster, RUN) == Undone()
        assert cluster.patches == 0

    def test_what_others_changed_is_no_conflict_where_the_run_never_was(self):
        cluster = OneObject({"metadata": {}, "a": 1})
        deed = deed_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
        cluster.write("/a", 5)
        assert deed.undo(cluster, RUN) == Undone()

    def test_a_failed_deed_takes_its_mark_away(self):
        cluster = OneObject({"metadata": {}, "a": 1})
        deed = deed_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
        cluster.write("/a", 5)
        with pytest.raises(PatchConflict):
            deed.inject(cluster, RUN, "mark")
        assert not bears(cluster.document, RUN)

    def test_the_fault_is_taken_back_even_if_somebody_took_the_mark(self, two_values):
        cluster, deed = two_values
        cluster.document = apply(cluster.document, [{"op": "remove", "path": MARK}])
        assert deed.undo(cluster, RUN).restored == ("/b", "/a")

    def test_an_object_that_was_made_anew_is_left_alone(self):
        cluster = OneObject({"metadata": {"uid": "1"}, "a": 1})
        ops = [{"op": "replace", "path": "/a", "value": 10}]
        deed = patch_deed("test.fault", REF, cluster.document, ops)
        deed.inject(cluster, RUN, "mark")
        cluster.write("/metadata/uid", "2")
        assert deed.undo(cluster, RUN) == Undone(gone=True)
        assert deed.leftovers(cluster, RUN) == ()
        assert cluster.data == {"a": 10}


class Versioned(OneObject):
    """An object whose version every write raises."""

    def patch(self, ref, ops, *, dry_run=False):
        after = super().patch(ref, ops)
        version = int(after["metadata"]["resourceVersion"])
        self.write("/metadata/resourceVersion", str(version + 1))
        return apply(self.document, [])


@pytest.mark.parametrize(
    "deed",
    [
        PatchDeed(REF, "u", ({"op": "remove", "path": "/a"},), ({"op": "add", "path": "/a", "value": 1},)),
        DeleteDeed(REF, "u", 3),
        DeleteDeed(REF, "u"),
        StartDeed(REF, "u", Process("cpu", 0.5, 30.0)),
    ],
    ids=lambda deed: type(deed).__name__,
)  # fmt: skip
def test_a_deed_travels_as_json(deed):
    assert deed_from_json(json.loads(json.dumps(deed.to_json()))) == deed


@pytest.mark.parametrize(
    "data", [{}, {"do": "exec", "target": asdict(REF), "uid": ""}, {"do": "patch"}]
)
def test_what_is_no_deed_is_refused(data):
    with pytest.raises(InvalidExperiment, match="no deed"):
        deed_from_json(data)
