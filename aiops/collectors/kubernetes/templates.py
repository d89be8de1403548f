"""What a rollout changed, in words: two pod templates compared.

Images, variables, resources and the rest of a container, then the pod's own settings. A value that
may be a secret is never told, only that it changed: the list of what is harmless is short, and
whatever is not on it is hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiops.collectors.logs.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation by which ``kubectl rollout restart`` makes a new template of an equal one."""

_SECRET_NAME = re.compile(
    r"pass|pwd|secret|token|key|cred|auth|cert|priv|salt|sign|dsn|session|cookie|conn",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"[\w.,:/ %+-]{0,60}", re.ASCII)
_RANDOM = re.compile(r"(?=\w*\d)(?=\w*[A-Za-z])\w{20,}", re.ASCII)
_OWN_WORDS = ("image", "env", "resources")


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """Say what is different in the pod template `after`, or its images where `before` is None.

    Examples
    --------
    >>> old = {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}
    >>> new = {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}
    >>> changed(old, new), changed(None, new)
    ('image of app shop:1 → shop:2', 'image of app shop:2')
    """
    if before is None:
        images = (f"image of {name} {one.get('image')}" for name, one in _containers(after).items())
        return "; ".join(images)
    found = [*_container_changes(before, after), *_pod_changes(before, after)]
    return "; ".join(found) or "nothing that the template tells"


def value_told(name: str, value: str) -> str:
    """Return the value of a variable if it is plainly harmless, or else ``…``.

    Examples
    --------
    >>> value_told("STOCK_URL", "http://stock:8080"), value_told("DB_PASSWORD", "hunter2")
    ('http://stock:8080', '…')
    """
    plain = _HARMLESS.fullmatch(value) and not _RANDOM.search(value)
    kept = plain and not _SECRET_NAME.search(name) and mask(f"{name}={value}") == f"{name}={value}"
    return value if kept else "…"


def _container_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _containers(before), _containers(after)
    for name in old.keys() - new.keys():
        yield f"container {name} removed"
    for name, container in new.items():
        if name not in old:
            yield f"container {name} added"
            continue
        was = old[name]
        if was.get("image") != container.get("image"):
            yield f"image of {name} {was.get('image')} → {container.get('image')}"
        yield from _env_changes(name, _env(was), _env(container))
        yield from _resource_changes(name, _resources(was), _resources(container))
        for key in sorted(was.keys() | container.keys()):
            if key not in _OWN_WORDS and was.get(key) != container.get(key):
                yield f"{key} of {name} changed"


def _env_changes(
    name: str, old: Mapping[str, str | None], new: Mapping[str, str | None]
) -> Iterator[str]:
    for variable in sorted(old.keys() | new.keys()):
        was, now = (_env_told(variable, each) for each in (old, new))
        if old.get(variable) != new.get(variable) or (variable in old) != (variable in new):
            yield f"env {variable} of {name} {was} → {now}"


def _env_told(variable: str, env: Mapping[str, str | None]) -> str:
    if variable not in env:
        return "(unset)"
    value = env[variable]
    return "(from elsewhere)" if value is None else value_told(variable, value)


def _resource_changes(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key} of {name} {old.get(key, '(none)')} → {new.get(key, '(none)')}"


def _pod_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _annotations(before), _annotations(after)
    if old.get(RESTARTED) != new.get(RESTARTED):
        yield "restarted by hand"
    was, now = before.get("spec") or {}, after.get("spec") or {}
    for key in sorted(was.keys() | now.keys()):
        if "containers" not in key.lower() and was.get(key) != now.get(key):
            yield f"{key} changed"


def _containers(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    spec = template.get("spec") or {}
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return {one["name"]: one for one in every}


def _env(container: Mapping[str, Any]) -> dict[str, str | None]:
    """Return variable → value; None for one whose value is kept elsewhere."""
    return {
        one["name"]: None if "valueFrom" in one else str(one.get("value", ""))
        for one in container.get("env") or ()
    }


def _resources(container: Mapping[str, Any]) -> dict[str, str]:
    told = container.get("resources") or {}
    return {
        f"{what} {which.removesuffix('s')}": str(amount)
        for which in ("limits", "requests")
        for what, amount in (told.get(which) or {}).items()
    }


def _annotations(template: Mapping[str, Any]) -> Mapping[str, str]:
    return (template.get("metadata") or {}).get("annotations") or {}
