"""From the bytes of an experiment file to plain values, with the line that each came from.

YAML is loaded safely and as JSON's values only: no object of another type, no key twice, no key
that is not text, bounded in size, depth and number of values however many aliases it uses.
It knows nothing of what an experiment is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from aiops.errors import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_VALUES = 20_000

Place = tuple[str | int, ...]
"""Keys and indices from the top of a document down to a value."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds, and where.

    Attributes
    ----------
    name : str
        The file, for messages.
    value : dict
        Its content; mappings, lists, text, numbers, booleans and None only.
    lines : mapping of place to int
        The line that a value starts on, from 1; empty for JSON.
    """

    name: str
    value: dict[str, Any]
    lines: Mapping[Place, int] = field(default_factory=dict)

    def refusal(
        self, place: Place, message: str, *, line_of: Place | None = None
    ) -> InvalidExperiment:
        """Return the error that says what is wrong at `place`, in one line.

        `line_of` is the place whose line is named, where that is another one.
        """
        near = line_of or place
        known = next(
            (near[:end] for end in range(len(near), 0, -1) if near[:end] in self.lines), None
        )
        line = f", line {self.lines[known]}" if known else ""
        where = f"{place_text(place)}: " if place else ""
        return InvalidExperiment(f"{self.name}{line}: {where}{message}")


def place_text(place: Place) -> str:
    """Write a place as people do.

    >>> place_text(("method", 0, "provider"))
    'method[0].provider'
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")


def read(path: Path) -> Source:
    """Read a YAML or JSON file.

    Raises
    ------
    InvalidExperiment
        If the file cannot be read, is too large, or is not what it should be; the text says where.
    """
    text = _text(path)
    if path.suffix == ".json":
        return _from_json(path.name, text)
    if path.suffix in {".yaml", ".yml"}:
        return _from_yaml(path.name, text)
    raise InvalidExperiment(f"{path}: give a file that ends in .yaml, .yml or .json")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidExperiment(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise InvalidExperiment(
            f"{path}: larger than {MAX_BYTES // 1024} KiB; an experiment is smaller"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidExperiment(f"{path}: byte {error.start} is not UTF-8") from error


def _from_json(name: str, text: str) -> Source:
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise InvalidExperiment(f"{name}, line {error.lineno}: no JSON: {error.msg}") from error
    except RecursionError:
        raise InvalidExperiment(f"{name}: nested too deeply") from None
    except ValueError as error:
        raise InvalidExperiment(f"{name}: {error}") from error
    if _deeper_than(MAX_DEPTH, value):
        raise InvalidExperiment(f"{name}: nested too deeply")
    return Source(name, _mapping(name, value))


def _deeper_than(depth: int, value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth < 0 or any(_deeper_than(depth - 1, item) for item in inner)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = dict(pairs)
    if len(seen) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one mapping; keep one")
    return seen


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidExperiment(f"{name}: holds no mapping; an experiment has at least a title")
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise InvalidExperiment(f"{name}: holds a number that is infinite or none at all") from None
    return value


class _Loader(yaml.SafeLoader):
    """The safe loader, but a date stays the text that it is."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own shape
        letter: [(tag, found) for tag, found in resolvers if not tag.endswith(":timestamp")]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _from_yaml(name: str, text: str) -> Source:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise InvalidExperiment(f"{name}: is empty; an experiment has at least a title")
        walk = _Walk(name)
        walk.visit(node, ())
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise InvalidExperiment(f"{name}{line}: no YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidExperiment(f"{name}: no YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise InvalidExperiment(f"{name}: nested too deeply") from None
    return Source(name, _mapping(name, value), walk.lines)


_JSON_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")
}


class _Walk:
    """One pass over the nodes of a document, before any value is made of them."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Place, int] = {}
        self._name = name
        self._left = MAX_VALUES

    def visit(self, node: yaml.Node, place: Place) -> None:
        self.lines.setdefault(place, node.start_mark.line + 1)
        self._left -= 1
        if self._left < 0 or len(place) > MAX_DEPTH:
            raise self._refused(node, "holds too many values or nests them too deeply")
        if node.tag not in _JSON_TAGS:
            raise self._refused(
                node, f"{node.tag.removeprefix('tag:yaml.org,2002:')!r} is no type of JSON"
            )
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, place)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, (*place, index))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                self.visit(value, place)
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise self._refused(key, f"the key {key.value!r} is no text; put it into quotes")
            if key.value in seen:
                raise self._refused(
                    key, f"the key {key.value!r} stands twice in one mapping; keep one"
                )
            seen.add(key.value)
            self.lines[*place, key.value] = key.start_mark.line + 1
            self.visit(value, (*place, key.value))

    def _refused(self, node: yaml.Node, message: str) -> InvalidExperiment:
        return InvalidExperiment(f"{self._name}, line {node.start_mark.line + 1}: {message}")
