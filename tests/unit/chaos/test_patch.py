"""JSON Patch: the RFC's rules by example, and its laws on random documents."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidExperiment
from chaos.patch import MISSING, PatchConflict, apply, guard, invert, lookup, put, same

NAMES = st.text(alphabet="ab/~0", max_size=3)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | NAMES
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
LAW = settings(deadline=None, max_examples=150)


def pointers(document, above=""):
    """Yield the pointer of everything in `document`, itself included."""
    yield above
    if isinstance(document, dict):
        for name, value in document.items():
            token = name.replace("~", "~0").replace("/", "~1")
            yield from pointers(value, f"{above}/{token}")
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from pointers(value, f"{above}/{index}")


@st.composite
def documents_and_patches(draw):
    """Draw a document and a patch of up to four operations that applies to it."""
    original = document = draw(DOCUMENTS)
    patch = []
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(sorted(pointers(document))))
        op = draw(st.sampled_from(["test", "add", "replace", "remove"]))
        if op == "remove" and path == "":
            continue
        if op == "test":
            operation = {"op": op, "path": path, "value": lookup(document, path)}
        elif op == "remove":
            operation = {"op": op, "path": path}
        else:
            if op == "add":
                holder = lookup(document, path)
                path += {dict: "/new", list: "/-"}.get(type(holder), "")
            operation = {"op": op, "path": path, "value": draw(VALUES)}
        document = apply(document, [operation])
        patch.append(operation)
    return original, patch


@LAW
@given(documents_and_patches())
def test_the_inverse_gives_back_the_original(drawn):
    document, patch = drawn
    assert same(apply(apply(document, patch), invert(document, patch)), document)


@LAW
@given(documents_and_patches())
def test_nothing_that_is_handed_in_changes(drawn):
    document, patch = drawn
    before = copy.deepcopy((document, patch))
    made = (*invert(document, patch), *guard(document, patch))
    result = apply(document, patch)
    for container in (result, *(operation.get("value") for operation in made)):
        if isinstance(container, dict | list):
            container.clear()
    assert (document, patch) == before


@LAW
@given(documents_and_patches())
def test_a_guarded_patch_does_the_same(drawn):
    document, patch = drawn
    assert same(apply(document, guard(document, patch)), apply(document, patch))


def test_a_guarded_patch_fails_when_what_it_overwrites_has_changed():
    patch = guard({"a": 1}, [{"op": "replace", "path": "/a", "value": 2}])
    with pytest.raises(PatchConflict):
        apply({"a": 7}, patch)


@pytest.mark.parametrize("now", [{"a": 7}, {}])
def test_the_inverse_never_overwrites_another_value(now):
    undo = invert({"a": 1}, [{"op": "replace", "path": "/a", "value": 2}])
    with pytest.raises(PatchConflict) as conflict:
        apply(now, undo)
    assert conflict.value.pointer == "/a"


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": None}, {"a": 1, "b": None}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": [2]}, {"a": [1, [2]]}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/1", "value": 9}, {"a": [1, 9]}),
        ({"a/b": 1, "c": 2}, {"op": "remove", "path": "/a~1b"}, {"c": 2}),
        ({"~1": 1}, {"op": "replace", "path": "/~01", "value": 2}, {"~1": 2}),
        ({"": 1}, {"op": "replace", "path": "/", "value": 2}, {"": 2}),
        ({"a": 1}, {"op": "replace", "path": "", "value": [7]}, [7]),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1.0}, {"a": 1}),
    ],
)
def test_one_operation(document, operation, expected):
    assert apply(document, [operation]) == expected


@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        ({"op": "test", "path": "/a", "value": True}, "/a"),
        ({"op": "test", "path": "/b", "value": None}, "/b"),
        ({"op": "remove", "path": "/b"}, "/b"),
        ({"op": "remove", "path": ""}, ""),
        ({"op": "replace", "path": "/b", "value": 1}, "/b"),
        ({"op": "replace", "path": "/list/2", "value": 1}, "/list/2"),
        ({"op": "replace", "path": "/list/-", "value": 1}, "/list/-"),
        ({"op": "add", "path": "/b/c", "value": 1}, "/b/c"),
        ({"op": "add", "path": "/a/c", "value": 1}, "/a/c"),
        ({"op": "add", "path": "/list/3", "value": 1}, "/list/3"),
        ({"op": "add", "path": "/list/01", "value": 1}, "/list/01"),
        ({"op": "add", "path": "/list/x", "value": 1}, "/list/x"),
    ],
)
def test_what_does_not_fit_is_a_conflict_at_its_pointer(operation, pointer):
    with pytest.raises(PatchConflict) as conflict:
        apply({"a": 1, "list": [1, 2]}, [operation])
    assert conflict.value.pointer == pointer


@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        ({"op": "move", "path": "/a", "from": "/b"}, "'move' is no operation"),
        ({"path": "/a"}, "None is no operation"),
        ({"op": "remove"}, "has the path None"),
        ({"op": "remove", "path": "a"}, "has the path 'a'"),
        ({"op": "add", "path": "/a"}, "has no value"),
        ("remove", "'remove' is no operation"),
    ],
)
def test_a_malformed_operation_is_refused(operation, complaint):
    with pytest.raises(InvalidExperiment, match=complaint):
        apply({"a": 1}, [operation])


def test_a_pointer_without_a_slash_is_refused():
    with pytest.raises(InvalidExperiment, match="start it with a slash"):
        lookup({"a": 1}, "a")


@LAW
@given(DOCUMENTS, st.lists(NAMES, min_size=1, max_size=3), VALUES)
def test_put_sets_the_pointer_or_meets_what_is_no_object(document, names, value):
    tokens = [name.replace("~", "~0").replace("/", "~1") for name in names]
    pointer = "/" + "/".join(tokens)
    try:
        after = apply(document, put(document, pointer, value))
    except PatchConflict:
        holders = [
            lookup(document, "".join(f"/{t}" for t in tokens[:n])) for n in range(len(names))
        ]
        assert not all(holder is MISSING or isinstance(holder, dict) for holder in holders)
    else:
        assert same(lookup(after, pointer), value)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ([1], [1, 2], False),
        ({"a": [True]}, {"a": [1]}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([], {}, False),
    ],
)
def test_json_equality(left, right, equal):
    assert same(left, right) is equal
