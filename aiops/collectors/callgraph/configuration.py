"""The configuration that a pod's containers see: variables, arguments and ConfigMaps, as text.

What comes from a Secret is left out; so are files inside images and volumes of other kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable or argument; `where` names it, `key` is what stands before the value."""

    where: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A ConfigMap that containers read, and which of its keys (all, when empty)."""

    config_map: str
    keys: frozenset[str] = frozenset()

    def chosen(self, data: Mapping[str, str]) -> dict[str, str]:
        """Return the part of the ConfigMap's data that containers read."""
        return {key: text for key, text in data.items() if not self.keys or key in self.keys}


def settings(spec: Mapping[str, Any]) -> Iterator[Setting]:
    """Yield what stands in a pod's spec itself."""
    for container in _containers(spec):
        for variable in container.get("env") or ():
            name = variable["name"]
            yield Setting(f"env {name}", name, str(variable.get("value") or ""))
        before = ""
        for word in (*(container.get("command") or ()), *(container.get("args") or ())):
            key, given, value = word.partition("=")
            yield Setting("args", key if given else before, value if given else word)
            before = word if word.startswith("-") else ""


def mounts(spec: Mapping[str, Any]) -> Iterator[Mount]:
    """Yield the ConfigMaps that a pod reads, as files or as variables."""
    for volume in spec.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        for source in (volume, *projected):
            if config_map := source.get("configMap"):
                keys = frozenset(item["key"] for item in config_map.get("items") or ())
                yield Mount(config_map.get("name", ""), keys)
    for container in _containers(spec):
        for source in container.get("envFrom") or ():
            if reference := source.get("configMapRef"):
                yield Mount(reference.get("name", ""))
        for variable in container.get("env") or ():
            if reference := (variable.get("valueFrom") or {}).get("configMapKeyRef"):
                yield Mount(reference.get("name", ""), frozenset({reference["key"]}))


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()
