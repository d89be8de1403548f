"""JSON Patch on plain documents: apply one, guard one, and write its inverse.

Four of the six operations of RFC 6902: ``test``, ``add``, ``replace`` and ``remove``, addressed by
JSON Pointers (RFC 6901). Everything here is a pure function: documents and patches come in, new
ones go out, and nothing that was handed in is changed. It is no merge patch and no diff.
"""

from __future__ import annotations

import copy
import enum
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiops.types import AiopsError, InvalidExperiment

Operation = Mapping[str, Any]
"""One step: ``{"op": "replace", "path": "/spec/replicas", "value": 0}``."""

Patch = Sequence[Operation]

_OPERATIONS = ("test", "add", "replace", "remove")
_INDEX = re.compile("0|[1-9][0-9]*")


class _Missing(enum.Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return self.value


MISSING: Final = _Missing.MISSING
"""What `lookup` returns where a pointer leads nowhere; JSON's null is a value like any other."""


class PatchConflict(AiopsError):
    """The document is not what the patch expects: a ``test`` failed or a pointer leads nowhere.

    Attributes
    ----------
    pointer : str
        Where patch and document disagree.
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(pointer, reason)
        self.pointer = pointer
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.pointer or 'the whole document'} {self.reason}"


def lookup(document: Any, pointer: str) -> Any:
    """Return the value at `pointer`, or `MISSING`.

    Raises
    ------
    InvalidExperiment
        If `pointer` is neither empty nor starts with a slash.

    Examples
    --------
    >>> lookup({"metadata": {"annotations": {"a/b": "1"}}}, "/metadata/annotations/a~1b")
    '1'
    """
    if pointer and not pointer.startswith("/"):
        raise InvalidExperiment(f"{pointer!r} is no JSON Pointer; start it with a slash")
    for token in pointer.split("/")[1:]:
        if isinstance(document, dict):
            document = document.get(_unescape(token), MISSING)
        elif isinstance(document, list) and _INDEX.fullmatch(token) and int(token) < len(document):
            document = document[int(token)]
        else:
            return MISSING
    return document


def same(left: Any, right: Any) -> bool:
    """Say whether two JSON values are equal: 1 equals 1.0, as in JSON, but never true.

    >>> same({"a": [1, 2.0]}, {"a": [1.0, 2]}), same(True, 1)
    (True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def check(patch: Patch) -> None:
    """Raise `InvalidExperiment` unless every operation is well formed."""
    for operation in patch:
        if not isinstance(operation, Mapping):
            raise InvalidExperiment(
                f"{operation!r} is no operation; give an object with op and path"
            )
        op, path = operation.get("op"), operation.get("path")
        if op not in _OPERATIONS:
            raise InvalidExperiment(f"{op!r} is no operation; use {', '.join(_OPERATIONS)}")
        if not isinstance(path, str) or (path and not path.startswith("/")):
            raise InvalidExperiment(f"{op} has the path {path!r}; write it as a JSON Pointer")
        if op != "remove" and "value" not in operation:
            raise InvalidExperiment(f"{op} {path} has no value; add one")


def apply(document: Any, patch: Patch) -> Any:
    """Return `document` with `patch` applied; neither of the two changes.

    Raises
    ------
    PatchConflict
        If a ``test`` fails, or a pointer leads nowhere.
    InvalidExperiment
        If an operation is malformed.

    Examples
    --------
    >>> apply({"replicas": 3}, [{"op": "replace", "path": "/replicas", "value": 0}])
    {'replicas': 0}
    """
    check(patch)
    document = copy.deepcopy(document)
    for operation in copy.deepcopy(list(patch)):
        document = _apply_one(document, operation)
    return document


def invert(document: Any, patch: Patch) -> tuple[Operation, ...]:
    """Return the patch that takes `document`, once patched, back to what it is now.

    Every change is preceded by a ``test`` that what is taken back is still what `patch` put
    there. JSON Patch cannot test for absence, so the inverse of a ``remove`` has no such guard.

    Raises
    ------
    PatchConflict, InvalidExperiment
        As `apply` does.

    Examples
    --------
    >>> invert({"replicas": 3}, [{"op": "replace", "path": "/replicas", "value": 0}])
    ({'op': 'test', 'path': '/replicas', 'value': 0},
     {'op': 'replace', 'path': '/replicas', 'value': 3})
    """
    undo: list[Operation] = []
    for operation in patch:
        after = apply(document, [operation])
        undo[:0] = _invert_one(document, operation)
        document = after
    return tuple(copy.deepcopy(undo))


def guard(document: Any, patch: Patch) -> tuple[Operation, ...]:
    """Return `patch` with a ``test`` of the present value before all that it would overwrite.

    Where a pointer leads through an array, the name of the element is tested too: its index says
    nothing once others have edited the array.
    """
    guarded: list[Operation] = []
    for operation in patch:
        path = operation["path"]
        guarded += _test_names(document, path)
        if operation["op"] in {"replace", "remove"}:
            guarded.append({"op": "test", "path": path, "value": lookup(document, path)})
        guarded.append(operation)
        document = apply(document, [operation])
    return tuple(copy.deepcopy(guarded))


def put(document: Any, pointer: str, value: Any) -> tuple[Operation, ...]:
    """Return the patch that sets `pointer` to `value`, with the objects above it that are missing.

    Examples
    --------
    >>> put({"spec": {}}, "/spec/template/paused", True)
    ({'op': 'add', 'path': '/spec/template', 'value': {}},
     {'op': 'add', 'path': '/spec/template/paused', 'value': True})
    """
    if lookup(document, pointer) is not MISSING:
        return ({"op": "replace", "path": pointer, "value": value},)
    above = pointer.rpartition("/")[0]
    parents = put(document, above, {}) if lookup(document, above) is MISSING else ()
    return (*parents, {"op": "add", "path": pointer, "value": value})


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _apply_one(document: Any, operation: Operation) -> Any:
    """Apply one operation to `document` in place; return it, or what replaces it whole."""
    op, pointer = operation["op"], operation["path"]
    present = lookup(document, pointer)
    if op == "test":
        if not same(present, operation["value"]):
            raise PatchConflict(pointer, "does not hold the value that was tested for")
        return document
    if op != "add" and present is MISSING:
        raise PatchConflict(pointer, f"does not exist, so there is nothing to {op}")
    if pointer == "":
        if op == "remove":
            raise PatchConflict(pointer, "cannot be removed, only what it holds")
        return operation["value"]
    above, _, last = pointer.rpartition("/")
    parent = lookup(document, above)
    if isinstance(parent, dict):
        _change_object(parent, _unescape(last), operation)
    elif isinstance(parent, list):
        _change_array(parent, last, operation)
    else:
        raise PatchConflict(pointer, "cannot be added: what should hold it is missing")
    return document


def _change_object(members: dict[str, Any], name: str, operation: Operation) -> None:
    if operation["op"] == "remove":
        del members[name]
    else:
        members[name] = operation["value"]


def _change_array(array: list[Any], last: str, operation: Operation) -> None:
    op, value = operation["op"], operation.get("value")
    if op == "remove":
        del array[int(last)]
    elif op == "replace":
        array[int(last)] = value
    elif last == "-":
        array.append(value)
    elif _INDEX.fullmatch(last) and int(last) <= len(array):
        array.insert(int(last), value)
    else:
        raise PatchConflict(operation["path"], f"is beyond an array of {len(array)}")


def _invert_one(before: Any, operation: Operation) -> Patch:
    """Return the inverse of one operation on `before`, with its guard first."""
    op, pointer = operation["op"], operation["path"]
    if op == "test":
        return ()
    old = lookup(before, pointer)
    names = _test_names(before, pointer)
    if op == "remove":
        return (*names, {"op": "add", "path": pointer, "value": old})
    above, _, last = pointer.rpartition("/")
    array = lookup(before, above) if pointer else MISSING
    if isinstance(array, list) and last == "-":
        pointer = f"{above}/{len(array)}"
    test = {"op": "test", "path": pointer, "value": operation["value"]}
    if old is MISSING or (op == "add" and isinstance(array, list)):
        return (*names, test, {"op": "remove", "path": pointer})
    return (*names, test, {"op": "replace", "path": pointer, "value": old})


def _test_names(document: Any, pointer: str) -> Patch:
    """Return a ``test`` of the name of each array element that `pointer` leads through."""
    tokens = pointer.split("/")[1:-1]
    ways = ("".join(f"/{token}" for token in tokens[: n + 1]) for n in range(len(tokens)))
    named = [f"{way}/name" for way in ways if way.rpartition("/")[2].isdigit()]
    return tuple(
        {"op": "test", "path": path, "value": lookup(document, path)}
        for path in named
        if path != pointer and lookup(document, path) is not MISSING
    )
