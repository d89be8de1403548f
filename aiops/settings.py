"""Typed settings: aiops.toml, then AIOPS_* variables on top, every field with its unit.

``AIOPS_DETECTION__LEVEL=8`` sets ``level`` in the table ``[detection]``. Unknown keys are
refused in both places, with the nearest known name. Algorithms take their parameters in
their constructors; these are the values that the command line hands to them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.suggest import did_you_mean
from aiops.types import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_FILE = Path("aiops.toml")
PREFIX = "AIOPS_"


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Detection(_Group):
    """When a score becomes an anomaly."""

    level: float = Field(default=6.0, gt=0)
    """Score at which an anomaly opens, in normal spreads of the series."""

    release: float = Field(default=0.5, gt=0, le=1)
    """Share of `level` below which an anomaly closes."""

    min_points: int = Field(default=2, ge=1)
    """Samples in a row at or above `level` before it counts."""


class Ranking(_Group):
    """How blame is walked back along the causal graph."""

    alpha: float = Field(default=0.85, gt=0, lt=1)
    """Probability of walking on from an effect to its cause."""

    trigger_focus: float = Field(default=0.3, ge=0, le=1)
    """Weight of symptoms of another kind than the trigger's metric."""

    abstain_above: float = Field(default=0.05, ge=0, le=1)
    """Nobody is blamed when calm windows look as bad with more than this probability."""


class Settings(_Group):
    """All settings; see `load`."""

    detection: Detection = Detection()
    ranking: Ranking = Ranking()


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings file, lay the AIOPS_* variables over it and check the result.

    Parameters
    ----------
    path : Path, optional
        The file; ``aiops.toml`` in the working directory if there is one when left out.
    environ : mapping, optional
        The environment; `os.environ` when left out.

    Raises
    ------
    InvalidSettings
        If the file is missing or no TOML, a key is unknown, or a value does not fit.

    Examples
    --------
    >>> load(environ={"AIOPS_DETECTION__LEVEL": "8"}).detection.level
    8.0
    """
    document = _read(path)
    variables = os.environ if environ is None else environ
    overrides = {name: text for name, text in variables.items() if name.startswith(PREFIX)}
    for name, text in overrides.items():
        _lay_over(document, name, text)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise InvalidSettings(_first_problem(error, path or DEFAULT_FILE)) from None


def _read(path: Path | None) -> dict[str, Any]:
    source = path or DEFAULT_FILE
    if path is None and not source.exists():
        return {}
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{source}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{source}: is not TOML: {error}") from None


def _lay_over(document: dict[str, Any], name: str, text: str) -> None:
    """Put the value of one variable into the document, where its name points."""
    group, separator, key = name.removeprefix(PREFIX).lower().partition("__")
    if not separator or group not in Settings.model_fields:
        known = ", ".join(f"{PREFIX}{table.upper()}__…" for table in Settings.model_fields)
        raise InvalidSettings(f"{name}: no such setting; variables are named {known}")
    table = document.setdefault(group, {})
    if not isinstance(table, dict):
        raise InvalidSettings(f"{name}: {group} is not a table in the settings file")
    table[key] = text


def _first_problem(error: ValidationError, source: Path) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{source} or {PREFIX}*: {where}: {problem['msg']}"
    *tables, key = (str(part) for part in problem["loc"])
    known = type(getattr(Settings(), tables[0])) if tables else Settings
    return (
        f"{source} or {PREFIX}*: {where}: no such setting; {did_you_mean(key, known.model_fields)}"
    )
