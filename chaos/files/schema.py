"""The JSON Schema of an experiment file, made from the models and shipped with the package.

Editors and other tools check files with it. It knows the shape; what needs more than that (a key
that stands twice, an environment, a fault that there is not) only `chaos.files.load` knows.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from chaos.files.document import Document

_SUBSTITUTION = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
_LITERAL = frozenset({"EnvValue", "EnvSecret"})
"""Blocks of the environment itself, in which nothing refers to the configuration."""


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12); wherever a file may write ``${name}``, it may."""
    schema: dict[str, Any] = Document.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs")
    properties = schema.pop("properties")
    referring = {
        name: part if name in _LITERAL else _referring(part) for name, part in definitions.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "aiops chaos experiment",
        "properties": properties,
        "$defs": {**referring, "Substitution": _SUBSTITUTION},
    }


def shipped_schema() -> dict[str, Any]:
    """Return the schema as it is shipped."""
    text = files("chaos.files").joinpath("experiment.schema.json").read_text(encoding="utf-8")
    shipped: dict[str, Any] = json.loads(text)
    return shipped


def schema_text() -> str:
    """Return the text of the file that is shipped."""
    return json.dumps(json_schema(), indent=1, sort_keys=True) + "\n"


def _referring(part: Any) -> Any:
    """Let every number, truth value and patterned text of a schema be a reference as well."""
    if isinstance(part, list):
        return [_referring(item) for item in part]
    if not isinstance(part, dict):
        return part
    leaf = part.get("type") in ("integer", "number", "boolean")  # a property may be called type
    if leaf or isinstance(part.get("pattern"), str):
        return {"anyOf": [part, {"$ref": "#/$defs/Substitution"}]}
    return {key: _referring(item) for key, item in part.items()}
