"""Putting a finished page on disk, whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def write_page(html: str, path: Path) -> Path:
    """Write `html` to `path` and return it; nobody ever sees half a page.

    The text goes to a new file in the same folder, which then takes the place of the old page in
    one step. A lone surrogate in a name from outside is written as its escape.

    Raises
    ------
    InvalidInput
        If the folder is missing, `path` is a folder, or it cannot be written there.
    """
    if not path.parent.is_dir():
        raise InvalidInput(f"no folder {path.parent} to write {path.name} to; create it first")
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder; name a file in it, such as {path / 'report.html'}")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(html.encode("utf-8", errors="backslashreplace"))
        unfinished.replace(path)
    except OSError as error:
        raise InvalidInput(
            f"cannot write {path}: {error.strerror or error}; name a place you may write to"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path
