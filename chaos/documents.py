"""JSON documents on disk, written whole and read strictly: nothing is guessed, nothing repaired."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from pathlib import Path


def write_document(value: Any, kind: Any, path: Path) -> Path:
    """Write `value`, of the type `kind`, to `path`, whole or not at all, and return the path.

    A number that is not finite becomes null.

    Raises
    ------
    InvalidExperiment
        If it cannot be written there.
    """
    from pydantic import TypeAdapter

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(TypeAdapter(kind).dump_json(value, indent=1) + b"\n")
        draft.replace(path)
    except OSError as error:
        raise InvalidExperiment(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return path


def read_document(kind: Any, path: Path) -> Any:
    """Read a value of the type `kind` from `path`.

    Raises
    ------
    InvalidExperiment
        If the file is missing, no JSON, or does not fit; the text names the place.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InvalidExperiment(f"{path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidExperiment(f"{path}: {where + ': ' if where else ''}{first['msg']}") from None
    except InvalidExperiment as error:
        raise InvalidExperiment(f"{path}: {error}") from None
