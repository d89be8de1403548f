"""The script says again what the toolkit says: both, side by side on anything, do the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos import ObjectRef, marks, patch, undoing
from chaos.deeds import PatchDeed
from chaos.janitor import script

NAMES = st.text(alphabet="ab/~0", max_size=3)
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0]) | NAMES
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
LAW = settings(deadline=None, max_examples=100)
REF = ObjectRef("Deployment", "shop", "cart")


def pointers(document, above=""):
    """Yield the pointer of everything in `document`, of what could be added, and of nothing."""
    yield above
    inside = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list):
        inside = enumerate(document)
        yield from (f"{above}/-", f"{above}/{len(document)}", f"{above}/01")
    for name, value in inside:
        yield from pointers(value, f"{above}/{str(name).replace('~', '~0').replace('/', '~1')}")
    yield f"{above}/new"


@st.composite
def operations(draw, document):
    op = draw(st.sampled_from(["test", "add", "replace", "remove"]))
    path = draw(st.sampled_from(sorted(pointers(document))))
    if op == "remove":
        return {"op": op, "path": path}
    held = patch.lookup(document, path)
    fits = op == "test" and held is not patch.MISSING and draw(st.booleans())
    return {"op": op, "path": path, "value": held if fits else draw(VALUES)}


@st.composite
def patches(draw, document, *, least=0):
    """Draw operations, most of which fit the document."""
    return draw(st.lists(operations(document), min_size=least, max_size=4))


@st.composite
def patched(draw, document):
    """Draw a patch that applies to `document`; return it and what comes out."""
    ops = []
    for _ in range(draw(st.integers(1, 4))):
        operation = draw(operations(document))
        try:
            document = patch.apply(document, [operation])
        except patch.PatchConflict:
            continue
        ops.append(operation)
    return ops, document


@st.composite
def histories(draw):
    """Draw (object as it is now, undo): struck by a fault, then changed by others."""
    before = draw(DOCUMENTS)
    ops, struck = draw(patched(before))
    _, now = draw(patched(struck) | st.just(([], struck)))
    return now, list(patch.invert(before, ops))


def outcome(action, conflict):
    """Return what an action comes to: a document, or a conflict."""
    try:
        return "done", action()
    except conflict:
        return "conflict", None


@LAW
@given(st.data())
def test_apply_lookup_and_same_agree(data):
    document = data.draw(DOCUMENTS)
    ops = data.draw(patches(document))
    ours = outcome(lambda: patch.apply(document, ops), patch.PatchConflict)
    theirs = outcome(lambda: script.apply(document, ops), script.Conflict)
    assert json.dumps(theirs) == json.dumps(ours)
    for operation in ops:
        found, held = (of.lookup(document, operation["path"]) for of in (script, patch))
        assert (found is script.MISSING) == (held is patch.MISSING)
        assert found is script.MISSING or found is held
        value = operation.get("value")
        assert script.same(found, value) == patch.same(held, value)


@LAW
@given(histories())
def test_what_is_due_agrees_after_a_fault_and_foreign_changes(history):
    document, undo = history
    ops, conflicts = undoing.due(document, undo)
    assert script.due(document, undo) == (ops, list(conflicts))


@LAW
@given(st.data())
def test_what_is_due_agrees_on_any_patch(data):
    document = data.draw(DOCUMENTS)
    undo = data.draw(patches(document, least=1))
    ops, conflicts = undoing.due(document, undo)
    assert script.due(document, undo) == (ops, list(conflicts))


@pytest.mark.parametrize(
    ("document", "undo"),
    [
        ({"on": 1}, [{"op": "replace", "path": "/on", "value": True}]),
        ({"on": 1}, [{"op": "replace", "path": "/on", "value": 1.0}]),
        (
            {"names": ["a", "c"]},
            [
                {"op": "add", "path": "/names/0", "value": "b"},
                {"op": "test", "path": "/names", "value": ["b", "a", "c"]},
                {"op": "remove", "path": "/names/0"},
            ],
        ),
        (
            {"rest": ["a"]},
            [
                {"op": "add", "path": "/rest/1", "value": "b"},
                {"op": "add", "path": "/rest/-", "value": "c"},
                {"op": "add", "path": "/rest/9", "value": "d"},
            ],
        ),
    ],
)
def test_what_is_due_agrees_where_json_is_tricky(document, undo):
    ops, conflicts = undoing.due(document, undo)
    assert script.due(document, undo) == (ops, list(conflicts))


@pytest.mark.parametrize(
    ("path", "after"),
    [("/0", ["new", "a", "b"]), ("/1", ["a", "new", "b"]), ("/2", ["a", "b", "new"])],
)
def test_an_element_goes_where_its_index_says(path, after):
    insert = [{"op": "add", "path": path, "value": "new"}]
    assert script.apply(["a", "b"], insert) == after == patch.apply(["a", "b"], insert)


def test_none_of_it_changes_what_it_is_given():
    document, undo = {"a": [1]}, [{"op": "replace", "path": "/a", "value": [2]}]
    script.due(document, undo)[0][0]["value"].append(3)
    assert document == {"a": [1]}


MARKED = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"resourceVersion": st.just("7")}, optional={
        "annotations": st.dictionaries(st.sampled_from(["team", "chaos.aiops/r1"]), NAMES | st.just("fence")),
    })}
)  # fmt: skip


@LAW
@given(MARKED)
def test_marks_are_put_and_taken_alike(document):
    assert script.unmark(document, "r1") == list(marks.remove_mark(document, "r1"))
    assert script.fence(document, "r1") == list(marks.put_mark(document, "r1", marks.FENCE))
    assert script.struck(document, "r1") == marks.struck(document, "r1")


class OneObject:
    """A cluster of one object, and a server of it; counts the versions as they do."""

    def __init__(self, document):
        self.document = document

    def now(self):
        return 0.0

    def get(self, ref):
        return patch.apply(self.document, [])

    def patch(self, ref, ops):
        changed = patch.apply(self.document, ops)
        version = str(int(changed["metadata"]["resourceVersion"]) + 1)
        bump = {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
        self.document = patch.apply(changed, [bump])
        return self.get(ref)

    def call(self, path, ops=None):
        return self.get(path) if ops is None else self.patch(path, ops)


@LAW
@given(histories(), st.booleans(), st.sampled_from([None, "{}", "fence"]))
def test_undoing_leaves_the_same_object(history, annotated, mark):
    held, undo = history
    undo = [{**operation, "path": f"/spec{operation['path']}"} for operation in undo]
    annotations = {"team": "shop"} | ({"chaos.aiops/r1": mark} if mark else {})
    metadata = {"resourceVersion": "7", "uid": "u"}
    metadata |= {"annotations": annotations} if annotated or mark else {}
    ours, theirs = (OneObject({"metadata": metadata, "spec": held}) for _ in range(2))
    deed = PatchDeed(REF, "u", (), tuple(undo))
    undone = deed.undo(ours, "r1", fence=True)
    plan = {"run": "r1", "expires": "2026-01-05T00:00:00+00:00", "deeds": []}
    said = script.Janitor(theirs, plan).undo({**deed.to_json(), "path": "/cart"})
    assert json.dumps(theirs.document) == json.dumps(ours.document)
    assert all(pointer in said for pointer in (*undone.restored, *undone.conflicts))
    assert ("kept what others changed" in said) == bool(undone.conflicts)
    assert ours.document["metadata"].get("annotations", {}).keys() <= {"team"}
    assert mark == "{}" or ours.document["spec"] == held
