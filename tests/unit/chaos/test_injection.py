"""Undoing: exactly what the fault holds, once, and never what others have changed."""

from datetime import UTC, datetime

import pytest

from aiops.types import RevertIncomplete
from chaos import ObjectRef, PatchConflict, Plan
from chaos.injection import ATTEMPTS, Undone, in_place, inject, leftovers, undo
from chaos.patch import apply, guard, invert, put

REF = ObjectRef("ConfigMap", "shop", "flags")


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

    def patch(self, ref, ops):
        self.patches += 1
        self.document = apply(self.document, ops)
        return apply(self.document, [])

    def write(self, pointer, value):
        self.document = apply(self.document, put(self.document, pointer, value))


def plan_for(document, *changes):
    return Plan("test.fault", REF, guard(document, changes), invert(document, changes))


@pytest.fixture
def two_values():
    """A cluster with a fault in two places, and its plan."""
    cluster = OneObject({"a": 1, "b": 2, "c": 3})
    plan = plan_for(
        cluster.document,
        {"op": "replace", "path": "/a", "value": 10},
        {"op": "replace", "path": "/b", "value": 20},
    )
    inject(cluster, plan)
    return cluster, plan


def test_inject_then_undo_restores_in_one_patch(two_values):
    cluster, plan = two_values
    assert in_place(cluster, plan)
    assert undo(cluster, plan) == Undone(restored=("/b", "/a"), conflicts=())
    assert cluster.document == {"a": 1, "b": 2, "c": 3}
    assert leftovers(cluster, plan) == ()
    assert cluster.patches == 2


def test_undoing_twice_is_undoing_once(two_values):
    cluster, plan = two_values
    undo(cluster, plan)
    assert undo(cluster, plan) == Undone(restored=(), conflicts=())
    assert cluster.patches == 2
    assert not in_place(cluster, plan)


def test_a_foreign_change_elsewhere_is_kept_without_a_word(two_values):
    cluster, plan = two_values
    cluster.write("/c", 33)
    assert undo(cluster, plan).conflicts == ()
    assert cluster.document == {"a": 1, "b": 2, "c": 33}


def test_a_foreign_change_of_the_same_value_is_kept_and_named(two_values):
    cluster, plan = two_values
    cluster.write("/a", 77)
    assert undo(cluster, plan) == Undone(restored=("/b",), conflicts=("/a",))
    assert cluster.document == {"a": 77, "b": 2, "c": 3}
    assert leftovers(cluster, plan) == ("/a",)


def test_a_value_that_another_set_back_is_no_conflict(two_values):
    cluster, plan = two_values
    cluster.write("/a", 1)
    assert undo(cluster, plan) == Undone(restored=("/b",), conflicts=())


def test_a_change_between_planning_and_injecting_stops_the_injection():
    cluster = OneObject({"a": 1})
    plan = plan_for(cluster.document, {"op": "replace", "path": "/a", "value": 10})
    cluster.write("/a", 5)
    with pytest.raises(PatchConflict):
        inject(cluster, plan)
    assert cluster.document == {"a": 5}


def test_a_write_between_reading_and_undoing_is_kept(two_values):
    cluster, plan = two_values

    def meddle():
        cluster.meddle = lambda: None
        cluster.write("/a", 77)

    cluster.meddle = meddle
    assert undo(cluster, plan) == Undone(restored=("/b",), conflicts=("/a",))
    assert cluster.document == {"a": 77, "b": 2, "c": 3}


def test_an_undo_that_is_never_left_alone_gives_up_and_says_so(two_values):
    cluster, plan = two_values
    flip = {10: 11, 11: 10}

    def meddle():
        cluster.write("/a", flip[cluster.document["a"]])

    cluster.patch = lambda ref, ops: (_ for _ in ()).throw(PatchConflict("/a", "moved"))
    cluster.meddle = meddle
    with pytest.raises(RevertIncomplete, match=f"each of {ATTEMPTS} attempts"):
        undo(cluster, plan)


class TestRemovedMember:
    """JSON Patch cannot test for absence, so here the reading decides."""

    @pytest.fixture
    def removed(self):
        """A cluster in which a fault removed a member, and the plan."""
        cluster = OneObject({"a": 1, "b": 2})
        plan = plan_for(cluster.document, {"op": "remove", "path": "/a"})
        inject(cluster, plan)
        return cluster, plan

    def test_it_comes_back(self, removed):
        cluster, plan = removed
        assert in_place(cluster, plan)
        assert undo(cluster, plan).restored == ("/a",)
        assert cluster.document == {"a": 1, "b": 2}

    def test_what_another_put_in_its_place_is_kept(self, removed):
        cluster, plan = removed
        cluster.write("/a", 9)
        assert undo(cluster, plan) == Undone(restored=(), conflicts=("/a",))
        assert cluster.document == {"a": 9, "b": 2}


class TestCreatedParent:
    """A fault that had to create the object around its value."""

    @pytest.fixture
    def created(self):
        """A cluster without annotations that was given one, and the plan."""
        cluster = OneObject({"metadata": {}})
        changes = put(cluster.document, "/metadata/annotations/x", "1")
        plan = plan_for(cluster.document, *changes)
        inject(cluster, plan)
        return cluster, plan

    def test_it_goes_with_its_value(self, created):
        cluster, plan = created
        assert in_place(cluster, plan)
        undo(cluster, plan)
        assert cluster.document == {"metadata": {}}

    def test_it_stays_when_another_moved_in(self, created):
        cluster, plan = created
        cluster.write("/metadata/annotations/theirs", "2")
        assert undo(cluster, plan).conflicts == ("/metadata/annotations",)
        assert cluster.document == {"metadata": {"annotations": {"theirs": "2"}}}
