"""From a file to an experiment: read, filled in from the environment, checked, and mapped.

Everything that can be known without a cluster is refused here; nothing is run or imported on
behalf of the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from chaos.files.complaints import refusal
from chaos.files.document import Document
from chaos.files.environment import ConfigurationValue, EnvSecret, EnvValue, SecretEntry, Secrets
from chaos.files.mapping import Mapper
from chaos.files.method import Allowed, FaultAction
from chaos.files.reading import read
from chaos.files.substitution import PARTS, replaced, unknown_reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaos.files.activities import Action, Probe, SteadyState
    from chaos.files.extension import Aiops
    from chaos.files.method import Step
    from chaos.files.reading import Source


@dataclass(frozen=True, slots=True)
class ExperimentFile:
    """An experiment that is ready to be planned.

    Attributes
    ----------
    title, description : str
        As in the file.
    settings : Aiops
        The extension ``aiops``; its defaults where the file has none.
    hypothesis : SteadyState or None
        What to look at before, during and after.
    method : tuple of steps
        What to do, in order.
    rollbacks : tuple of activities
        What to do in the end, beyond taking the faults back.
    secrets : Secrets
        What ``${name}`` stands for at the moment of use.
    allowed : Allowed
        The code that may run.
    notes : tuple of str
        What the file asks for that is done in another way.
    """

    title: str
    description: str
    settings: Aiops
    hypothesis: SteadyState | None
    method: tuple[Step, ...]
    rollbacks: tuple[Action | Probe, ...]
    secrets: Secrets
    allowed: Allowed
    notes: tuple[str, ...]

    def faults(self) -> tuple[FaultAction, ...]:
        """Return the faults of the method, in order."""
        return tuple(step for step in self.method if isinstance(step, FaultAction))


def load(
    path: Path, *, allowed: Allowed | None = None, environ: Mapping[str, str] | None = None
) -> ExperimentFile:
    """Read and check an experiment file, YAML or JSON.

    Parameters
    ----------
    path : Path
        The file.
    allowed : Allowed, optional
        The modules and programs that the file may name; none by default.
    environ : mapping, optional
        The environment that configuration and secrets come from; the process's own by default.

    Raises
    ------
    InvalidExperiment
        If anything in it is wrong: one line with the file, the line where it is known, the place,
        what is wrong and how to mend it.
    """
    source = read(path)
    around = os.environ if environ is None else environ
    secrets = _secrets(source, around)
    document = _document(source, _configuration(source, around), secrets)
    mapper = Mapper(source, document, allowed or Allowed())
    return ExperimentFile(
        title=document.title,
        description=document.description,
        settings=mapper.settings,
        hypothesis=mapper.hypothesis,
        method=mapper.method,
        rollbacks=mapper.rollbacks(),
        secrets=secrets,
        allowed=mapper.allowed,
        notes=mapper.notes(),
    )


_CONFIGURATION: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, ConfigurationValue])
_SECRETS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, SecretEntry])


def _part(source: Source, name: str, kind: TypeAdapter[dict[str, Any]]) -> dict[str, Any]:
    try:
        return kind.validate_python(source.value.get(name, {}), strict=True)
    except ValidationError as failure:
        raise refusal(source, failure, (name,)) from None


def _configuration(source: Source, environ: Mapping[str, str]) -> dict[str, Any]:
    values = _part(source, "configuration", _CONFIGURATION)
    for name, value in values.items():
        if isinstance(value, EnvValue):
            try:
                values[name] = value.read(environ)
            except ValueError as error:
                raise source.refusal(("configuration", name), str(error)) from None
    return values


def _secrets(source: Source, environ: Mapping[str, str]) -> Secrets:
    groups = {}
    for name, entry in _part(source, "secrets", _SECRETS).items():
        members = {name: entry} if isinstance(entry, EnvSecret) else entry
        try:
            groups[name] = {key: secret.read(environ) for key, secret in members.items()}
        except ValueError as error:
            raise source.refusal(("secrets", name), str(error)) from None
    return Secrets(groups)


def _document(source: Source, configuration: Mapping[str, Any], secrets: Secrets) -> Document:
    value = {
        key: replaced(part, configuration) if key in PARTS else part
        for key, part in source.value.items()
    }
    try:
        document = Document.model_validate(value)
    except ValidationError as failure:
        raise refusal(source, failure) from None
    parts = {key: part for key, part in source.value.items() if key in PARTS}
    unknown = unknown_reference(parts, {*configuration, *secrets.names})
    if unknown:
        raise source.refusal(*unknown)
    return document
