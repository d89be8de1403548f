"""The settings as a commented TOML file: every key with its meaning, and none that is unknown.

The comments are the words of `aiops.settings` itself. What differs from the default is set; the
rest stands there as a comment. A secret is no setting, so there is none to write.
"""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from aiops.cli.output import printable
from aiops.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 98
_FIRST = ("prometheus", "labels", "calls")
"""The tables that say where data comes from stand before the others."""


def render(
    settings: Settings,
    *,
    head: Sequence[str] = (),
    notes: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the text of a file from which `aiops.settings.load` reads `settings` again.

    Parameters
    ----------
    head : sequence of str
        What stands at its top, as comments.
    notes : mapping of str to sequence of str
        Name of a table → what stands above it, as comments.
    """
    blocks = ["\n".join(_comment(line) for line in head)] if head else []
    tables = sorted(Settings.model_fields, key=lambda name: name not in _FIRST)
    for table in tables:
        told = [_comment(line) for line in (notes or {}).get(table, ())]
        blocks.append("\n".join([*told, *_table(table, getattr(settings, table))]))
    return "\n\n".join(blocks) + "\n"


def _table(name: str, group: BaseModel) -> Iterator[str]:
    yield f"[{name}]"
    default, words = type(group)(), documented(type(group))
    nested: list[str] = []
    for key in type(group).model_fields:
        value, usual = getattr(group, key), getattr(default, key)
        if _holds_tables(value):
            nested += _nested(f"{name}.{key}", words[key], value)
            continue
        yield _comment(words[key])
        yield f"{key} = {_toml(value)}" if value != usual else f"# {key} = {_toml(usual)}"
    yield from nested


def _nested(name: str, words: str, rows: Sequence[BaseModel]) -> Iterator[str]:
    """Yield an array of tables, which must come after the plain keys of the table around it."""
    yield ""
    yield _comment(words)
    for row in rows:
        yield f"[[{name}]]"
        told = documented(type(row))
        for key, value in row:
            yield f"{_comment(told[key])}\n{key} = {_toml(value)}"


@cache
def documented(model: type[BaseModel]) -> dict[str, str]:
    """Return key → meaning, from the strings that stand below the fields in the source.

    Examples
    --------
    >>> from aiops.settings import Detection
    >>> documented(Detection)["level"]
    'Score at which an anomaly opens, in normal spreads of the series.'
    """
    (definition,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101  a model is a class
    found = {}
    for field, words in pairwise(definition.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ast.literal_eval(words.value) if isinstance(words, ast.Expr) else ""
            found[field.target.id] = inspect.cleandoc(text).replace("``", "`")
    return found


def _holds_tables(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value)


def _comment(text: str) -> str:
    lines = wrap(
        printable(" ".join(text.split())), _WIDTH, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(f"# {line}" for line in lines or [""]).rstrip(" ")


def _toml(value: Any) -> str:
    """Write one value; None, which TOML has no word for, stands only in comments."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        pairs = (f"{_text(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return _text(str(value)) if isinstance(value, str | Path) else '"…"'


def _text(text: str) -> str:
    """Write a basic string: JSON's escapes are TOML's, but for DEL, which TOML has escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
