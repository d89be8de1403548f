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
    """Return the runs whose marks are on `document`.

    >>> runs_on({"metadata": {"annotations": {"chaos.aiops/r1": "{}", "team": "shop"}}})
    ('r1',)
    """
    found = lookup(document, ANNOTATIONS)
    names = found if isinstance(found, dict) else {}
    return tuple(sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)))


def read_mark(document: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return what the mark of a run says.

    Raises
    ------
    InvalidExperiment
        If the mark is not one that `write_mark` wrote.
    """
    try:
        found = json.loads(lookup(document, pointer(run)))
    except (TypeError, ValueError) as error:
        raise InvalidExperiment(f"the mark {PREFIX}{run} is no JSON ({error})") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InvalidExperiment(f"the mark {PREFIX}{run} is none of ours: it lacks schema {SCHEMA}")
    return found
