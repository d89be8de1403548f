"""Runs on disk: a folder that any judge can be held against later.

``run.json``
    A `chaos.record.RunRecord`: times are ISO 8601 in UTC; unknown keys are refused.
``alerts.json``
    The alerts that the system's own monitoring raised in the window: a list of
    ``{"name", "labels", "start", "end"}``, `end` null while it still fires. Optional.
``case/``
    The metrics of the whole run with the truth on them; see `aiops.datasets`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  pydantic reads these annotations
from typing import TYPE_CHECKING, Self

from aiops import datasets
from aiops.types import InvalidExperiment
from chaos.documents import read_document, write_document
from chaos.record import RECORD_FILE, RunRecord, Strict

if TYPE_CHECKING:
    from pathlib import Path

    from aiops.types import Case

ALERTS_FILE, CASE_FOLDER = "alerts.json", "case"


@dataclass(frozen=True, slots=True)
class Alert(Strict):
    """One alert of the system's own monitoring; `end` is None while it still fires.

    Raises
    ------
    InvalidExperiment
        If a time has no zone.
    """

    name: str
    start: datetime
    end: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is None:
                raise InvalidExperiment(
                    f"{name} of alert {self.name!r} has no time zone; append +00:00 if it is UTC"
                )


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run on disk: its record, and where the rest lies."""

    path: Path
    record: RunRecord

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record in `path`; see `RunRecord.read`."""
        return cls(path, RunRecord.read(path))

    @classmethod
    def find(cls, *roots: Path) -> tuple[Self, ...]:
        """Read every run in or below `roots`, each once, in order of their paths.

        Raises
        ------
        InvalidExperiment
            If there is none in one of them, one is malformed, or two folders hold the same run.
        """
        places: dict[Path, Path] = {}
        for root in roots:
            files = sorted(root.rglob(RECORD_FILE))
            if not files:
                raise InvalidExperiment(
                    f"no {RECORD_FILE} in or below {root}; name a folder of runs"
                )
            for file in files:
                places.setdefault(file.parent.resolve(), file.parent)
        found = tuple(cls.read(path) for path in places.values())
        _refuse_copies(found)
        return found

    @property
    def measured(self) -> bool:
        """Whether there is a case: without metrics there is nothing to judge."""
        return (self.path / CASE_FOLDER).is_dir()

    def case(self) -> Case:
        """Read the labelled case; raises as `aiops.datasets.load` does."""
        return datasets.load(self.path / CASE_FOLDER)

    def alerts(self) -> tuple[Alert, ...] | None:
        """Read the alerts; None where none were recorded, which is not the same as no alert.

        Raises
        ------
        InvalidExperiment
            If the file is malformed.
        """
        path = self.path / ALERTS_FILE
        if not path.exists():
            return None
        alerts: tuple[Alert, ...] = read_document(tuple[Alert, ...], path)
        return alerts


def _refuse_copies(runs: tuple[RunFolder, ...]) -> None:
    """Raise `InvalidExperiment` if one run lies in two folders: it would count twice."""
    seen: dict[str, Path] = {}
    for one in runs:
        first = seen.setdefault(one.record.run, one.path)
        if first is not one.path:
            raise InvalidExperiment(
                f"{first} and {one.path} both hold run {one.record.run!r}; leave one of them out"
            )


def write_alerts(alerts: tuple[Alert, ...], folder: Path) -> Path:
    """Write ``alerts.json`` into `folder`, whole or not at all, and return its path."""
    return write_document(alerts, tuple[Alert, ...], folder / ALERTS_FILE)
