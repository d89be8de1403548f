"""Marks: annotations that say on an object what is being done to it and how to undo it.

A mark is put on the object before the deed, and the deed's own patch tests for it. Whoever takes
the mark away therefore also fences the deed: one that arrives late fails its test and does
nothing. A mark holds data only, and enough of it to undo the deed from any machine.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aiops.types import InvalidExperiment
from chaos.patch import MISSING, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.patch import Operation, Patch

PREFIX: Final = "chaos.aiops/"
"""What the name of every mark starts with; the id of the run follows."""

SCHEMA: Final = "aiops.chaos.mark/v1"

FENCE: Final = "fence"
"""The text of a mark that stands for no deed: it only raises the version of the object."""

ANNOTATIONS: Final = "/metadata/annotations"

VERSION: Final = "/metadata/resourceVersion"


def pointer(run: str) -> str:
    """Return the JSON Pointer to the mark of a run.

    >>> pointer("r1")
    '/metadata/annotations/chaos.aiops~1r1'
    """
    return f"{ANNOTATIONS}/{PREFIX.replace('/', '~1')}{run}"


def put_mark(document: Mapping[str, Any], run: str, text: str) -> Patch:
    """Return the patch that puts the mark of a run on `document`.

    JSON Patch cannot test for absence. Where there are no annotations yet the patch tests the
    version of the object instead, so that it cannot wipe out those that another adds meanwhile.
    """
    ops: list[Operation] = [*require_version(document)]
    if lookup(document, ANNOTATIONS) is MISSING:
        ops.append({"op": "add", "path": ANNOTATIONS, "value": {}})
    return (*ops, {"op": "add", "path": pointer(run), "value": text})


def require_version(document: Mapping[str, Any]) -> Patch:
    """Return the patch that fails if anybody has written to the object since `document` was read.

    Empty where a cluster counts no versions.
    """
    version = lookup(document, VERSION)
    return () if version is MISSING else ({"op": "test", "path": VERSION, "value": version},)


def require_mark(document: Mapping[str, Any], run: str) -> Patch:
    """Return the patch that fails unless the mark of a run is still as it is on `document`."""
    text = lookup(document, pointer(run))
    return () if text is MISSING else ({"op": "test", "path": pointer(run), "value": text},)


def remove_mark(document: Mapping[str, Any], run: str) -> Patch:
    """Return the patch that takes the mark of a run off `document`, if it is there."""
    test = require_mark(document, run)
    return (*test, {"op": "remove", "path": pointer(run)}) if test else ()


def write_mark(fault: str, deed: Mapping[str, Any], expires: str | None) -> str:
    """Return the text of a mark: the fault, the deed with its undo, and when it is overdue."""
    document = {"schema": SCHEMA, "fault": fault, "expires": expires, "deed": deed}
    return json.dumps(document, sort_keys=True, allow_nan=False)


def runs_on(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the runs whose marks, or fences, are on `document`.

    Other annotations may begin with the same prefix, as the label that opts in does.

    >>> mark = write_mark("scale.zero", {}, None)
    >>> runs_on({"metadata": {"annotations": {"chaos.aiops/r1": mark, "chaos.aiops/enabled": "1"}}})
    ('r1',)
    """
    found = lookup(document, ANNOTATIONS)
    texts = found if isinstance(found, dict) else {}
    return tuple(
        sorted(
            name.removeprefix(PREFIX)
            for name, text in texts.items()
            if name.startswith(PREFIX) and (text == FENCE or _parsed(text) is not None)
        )
    )


def bears(document: Mapping[str, Any], run: str) -> bool:
    """Say whether the mark of a run, or its fence, is on `document`."""
    return lookup(document, pointer(run)) is not MISSING


def struck(document: Mapping[str, Any], run: str) -> bool:
    """Say whether the mark is on `document` behind which a deed was done, or was to be: no fence.

    >>> struck({"metadata": {"annotations": {"chaos.aiops/r1": "fence"}}}, "r1")
    False
    """
    return lookup(document, pointer(run)) not in (MISSING, FENCE)


def read_mark(document: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return what the mark of a run says.

    Raises
    ------
    InvalidExperiment
        If the mark is not one that `write_mark` wrote.
    """
    found = _parsed(lookup(document, pointer(run)))
    if found is None:
        raise InvalidExperiment(f"the mark {PREFIX}{run} is none of ours: it lacks schema {SCHEMA}")
    if not {"fault", "deed"} <= found.keys():
        raise InvalidExperiment(f"the mark {PREFIX}{run} does not say which deed was done")
    return found


def _parsed(text: Any) -> dict[str, Any] | None:
    """Return a mark as the object that it is; None if the text is not one with our schema."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None
