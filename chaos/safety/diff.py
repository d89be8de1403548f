"""The diff that a plan shows: each object before and after, as YAML, with secrets masked.

Pure: documents come in, text goes out.
"""

from __future__ import annotations

import copy
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final

from chaos.deeds import DeleteDeed, PatchDeed, StartDeed
from chaos.faults.env_mutate import SECRET
from chaos.patch import apply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.cluster import ObjectRef
    from chaos.deeds import Deed
    from chaos.plan import Plan

MASK: Final = "<masked>"

CONTEXT: Final = 3
"""Lines shown around each change."""

_PRIVATE = "kubectl.kubernetes.io/last-applied-configuration"


def plan_diff(plan: Plan, documents: Mapping[ObjectRef, dict[str, Any]]) -> str:
    """Return what a plan does to each object, ready to print.

    Parameters
    ----------
    documents : mapping of ObjectRef to dict
        The victims as they are.

    Raises
    ------
    PatchConflict
        If a document is no longer what the plan was made for.
    """
    return "\n".join(line for deed in plan.deeds for line in _deed_lines(deed, documents))


def object_diff(ref: ObjectRef, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the lines of the unified diff of one object."""
    old, new = _yaml(before), _yaml(after)
    return list(unified_diff(old, new, f"{ref} (now)", f"{ref} (fault)", n=CONTEXT, lineterm=""))


def _deed_lines(deed: Deed, documents: Mapping[ObjectRef, dict[str, Any]]) -> Iterator[str]:
    if isinstance(deed, PatchDeed):
        before = documents[deed.target]
        yield from object_diff(deed.target, before, apply(before, deed.ops))
    elif isinstance(deed, DeleteDeed):
        yield f"--- {deed.target} is deleted"
    elif isinstance(deed, StartDeed):
        process = deed.process
        yield (
            f"+++ {deed.target} runs a {process.kind} process ({process.amount:g}) for at most "
            f"{process.seconds:g} s"
        )


def _yaml(document: dict[str, Any]) -> list[str]:
    """Return the lines of a document, without what only the server writes."""
    import yaml

    shown = copy.deepcopy({key: value for key, value in document.items() if key != "status"})
    metadata = shown.get("metadata", {})
    metadata.pop("managedFields", None)
    (metadata.get("annotations") or {}).pop(_PRIVATE, None)
    text = yaml.safe_dump(masked(shown), sort_keys=False, allow_unicode=True, width=10**6)
    return text.splitlines()


def masked(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without the values of Secrets and of variables that look like secrets.

    >>> masked({"env": [{"name": "API_TOKEN", "value": "hunter2"}, {"name": "A", "value": "b"}]})
    {'env': [{'name': 'API_TOKEN', 'value': '<masked>'}, {'name': 'A', 'value': 'b'}]}
    """
    shown: dict[str, Any] = _masked(document)
    if document.get("kind") == "Secret":
        for part in ("data", "stringData"):
            shown |= {part: dict.fromkeys(document[part], MASK)} if part in document else {}
    return shown


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    shown = {key: _masked(one) for key, one in value.items()}
    if isinstance(name := value.get("name"), str) and "value" in value and SECRET.search(name):
        shown["value"] = MASK
    return shown
