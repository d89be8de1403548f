"""The libraries of the extra ``prometheus``, loaded when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aiops.types import InvalidInput


def load(name: str) -> Any:
    """Import a library of the extra.

    Raises
    ------
    InvalidInput
        If it is not installed; the text says how to get it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InvalidInput(
            f"reading Prometheus needs {name}; pip install 'aiops-toolkit[prometheus]'"
        ) from error
