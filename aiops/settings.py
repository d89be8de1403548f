"""Typed settings: aiops.toml, then AIOPS_* variables on top, every field with its unit.

``AIOPS_DETECTION__LEVEL=8`` sets ``level`` in the table ``[detection]``; a list is written with
commas. Unknown keys are
refused in both places, with the nearest known name. Algorithms take their parameters in
their constructors; these are the values that the command line hands to them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.suggest import did_you_mean
from aiops.types import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

DEFAULT_FILE = Path("aiops.toml")
PREFIX = "AIOPS_"


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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


class Prometheus(_Group):
    """Where the metrics are, and how to be let in; a secret itself is never a setting."""

    url: str = ""
    """Such as ``http://prometheus:9090``."""

    token_env: str = ""
    """Name of the environment variable that holds the bearer token."""

    token_file: Path | None = None
    """File that holds the bearer token; read anew for each request."""

    ca_file: Path | None = None
    """Certificates (PEM) that may vouch for the server; the system's when left out."""

    cert_file: Path | None = None
    """Certificate (PEM) that we show to the server."""

    key_file: Path | None = None
    """Private key (PEM) of `cert_file`."""

    headers: dict[str, str] = {}
    """Sent with every request, such as ``X-Scope-OrgID``; no secrets."""

    timeout_s: float = Field(default=30.0, gt=0)
    """Longest wait for the server's next byte, in seconds."""


class LabelRule(_Group):
    """Whose a series is, where the name of its metric says so."""

    match: str
    """Regular expression (RE2) that the whole name of the metric must meet."""

    service: str
    """Label that names the service."""

    pattern: str = "(.+)"
    """Regular expression that the label's whole value must meet; its group is the service."""

    where: str = ""
    """Further matchers in PromQL, such as ``container!="POD"``; other series are left out."""


class Labels(_Group):
    """Which labels say whose a series is."""

    service: tuple[str, ...] = (
        "service",
        "service_name",
        "app_kubernetes_io_name",
        "app",
        "k8s_app",
        "workload",
        "deployment",
        "statefulset",
        "daemonset",
        "job",
    )
    """Labels that name the service; the first that a series has decides."""

    instance: tuple[str, ...] = ("pod", "pod_name", "instance")
    """Labels that tell the instances of a service apart; the first that a series has decides."""

    namespace: str = "namespace"
    """Label that tells services of the same name apart."""

    rules: tuple[LabelRule, ...] = ()
    """Tried before `service`, in this order and before the built-in ones."""

    ignore: tuple[str, ...] = ()
    """Regular expressions (RE2); metrics whose whole name meets one are left out."""


class Calls(_Group):
    """Where the call graph comes from; well-known metrics are looked for when all is left out."""

    query: str = ""
    """PromQL whose result has one series per call between two services."""

    caller: str = "client"
    """Label of the result that names the caller."""

    callee: str = "server"
    """Label of the result that names the callee."""

    file: Path | None = None
    """TOML, JSON or CSV that lists the calls."""


class Backtest(_Group):
    """How much a replay of the past may have paged."""

    pages_per_day: float = Field(default=2.0, gt=0)
    """Pages a day that people are willing to get, for the whole installation."""

    lead_s: float = Field(default=1800.0, gt=0)
    """Longest time by which an incident counts as having led an alert, in seconds."""


class Settings(_Group):
    """All settings; see `load`."""

    detection: Detection = Detection()
    ranking: Ranking = Ranking()
    prometheus: Prometheus = Prometheus()
    labels: Labels = Labels()
    calls: Calls = Calls()
    backtest: Backtest = Backtest()


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
    table[key] = _parsed(name, Settings.model_fields[group], key, text)


def _parsed(name: str, group: FieldInfo, key: str, text: str) -> str | list[str]:
    """Return what the text of a variable stands for: a list is written with commas."""
    fields: dict[str, FieldInfo] = getattr(group.annotation, "model_fields", {})
    kind = fields[key].annotation if key in fields else None
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(kind) in {tuple, dict}:
        raise InvalidSettings(f"{name}: a table cannot be a variable; write it into the file")
    return text


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
