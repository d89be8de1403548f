"""A call graph that a person wrote down: TOML, JSON or CSV.

::

    calls = [["web", "cart"], ["web", "catalog"]]     # TOML, among other keys
    [[calls]]                                         # or a table for each call
    caller = "web"
    callee = "cart"

    [["web", "cart"], {"caller": "web", "callee": "catalog"}]     a list in JSON

    caller,callee                                     CSV; further columns are not read
    web,cart
"""

from __future__ import annotations

import csv
import json
import tomllib
from io import StringIO
from typing import TYPE_CHECKING, Any

from aiops.collectors.callgraph.graph import CallGraph, Edge, merged
from aiops.errors import InvalidInput
from aiops.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

KEYS = ("caller", "callee")

Entry = tuple[str, Any]
"""Where in the file a call stands, and what stands there."""


def from_file(path: Path) -> CallGraph:
    """Read the calls that a file lists; its suffix says what it is.

    Raises
    ------
    InvalidInput
        If the file cannot be read, lists no call, or an entry is none; the text says which.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InvalidInput(f"{path}: calls are read from .toml, .json and .csv, by the suffix")
    edges = [_edge(entry, f"{path}: {where}", path) for where, entry in read(_text(path), path)]
    if not edges:
        raise InvalidInput(f'{path}: lists no call; write one such as ["web", "cart"]')
    return merged(CallGraph(tuple(edges)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from None


def _edge(entry: Any, where: str, path: Path) -> Edge:
    if isinstance(entry, dict):
        for key in KEYS:
            if key not in entry:
                raise InvalidInput(f"{where} has no {key!r}; {did_you_mean(key, entry)}")
        entry = [entry[key] for key in KEYS]
    if not (isinstance(entry, list) and len(entry) == 2 and all(map(_is_name, entry))):
        raise InvalidInput(f"{where} is no pair of a caller and a callee, two names")
    caller, callee = (name.strip() for name in entry)
    if caller == callee:
        raise InvalidInput(f"{where}: {caller} calls itself; take the line out")
    return Edge(caller, callee, f"file {path}")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _toml(text: str, path: Path) -> Iterable[Entry]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path}: is not TOML: {error}") from None
    calls = document.get("calls")
    if not isinstance(calls, list):
        raise InvalidInput(f"{path}: has no list 'calls'; {did_you_mean('calls', document)}")
    return _numbered(calls)


def _json(text: str, path: Path) -> Iterable[Entry]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path}: is not JSON: {error}") from None
    if not isinstance(document, list):
        raise InvalidInput(f'{path}: is no list of calls such as [["web", "cart"]]')
    return _numbered(document)


def _csv(text: str, path: Path) -> Iterable[Entry]:
    rows = csv.reader(StringIO(text))
    try:
        header = [name.strip() for name in next(rows, [])]
        if not set(KEYS) <= set(header):
            raise InvalidInput(f"{path}: the first line must be the header caller,callee")
        places = [header.index(key) for key in KEYS]
        return [
            (f"line {rows.line_num}", [row[place] if place < len(row) else "" for place in places])
            for row in rows
            if row
        ]
    except csv.Error as error:
        raise InvalidInput(f"{path}: line {rows.line_num}: is not CSV: {error}") from None


def _numbered(entries: list[Any]) -> Iterable[Entry]:
    return [(f"call {number}", entry) for number, entry in enumerate(entries, start=1)]


_READERS: dict[str, Callable[[str, Path], Iterable[Entry]]] = {
    ".toml": _toml,
    ".json": _json,
    ".csv": _csv,
}
