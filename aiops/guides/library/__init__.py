"""The guides that come with the toolkit, by name; each is one Markdown file beside this one."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from aiops.guides.parse import parse_guide
from aiops.suggest import did_you_mean
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from aiops.guides.model import Guide

_SUFFIX = ".md"


def names() -> tuple[str, ...]:
    """Return the names of the shipped guides, sorted.

    Examples
    --------
    >>> names()
    ('service-degraded',)
    """
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def load(name: str) -> Guide:
    """Return one shipped guide.

    Raises
    ------
    InvalidInput
        If no guide has that name.
    """
    if name not in names():
        raise InvalidInput(f"no shipped guide is named {name!r}; {did_you_mean(name, names())}")
    file = name + _SUFFIX
    return parse_guide((files(__name__) / file).read_text(encoding="utf-8"), source=file)
