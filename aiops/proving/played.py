"""What came of a gameday: the runs that were kept, and those that were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiops.types import InvalidExperiment
from chaos.documents import write_document

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chaos.runs import RunFolder

FAILURES_FILE: Final = "failures.json"


@dataclass(frozen=True, slots=True)
class Failure:
    """A run of which nothing was kept: its folder, what it was to be, and what was in its way."""

    run: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a gameday.

    Attributes
    ----------
    runs : tuple of RunFolder
        Those that were kept, in the drawn order.
    failures : tuple of Failure
        Those that were not.
    interrupted : bool
        Whether it ended before its time.
    """

    runs: tuple[RunFolder, ...]
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False

    def write(self, folder: Path) -> Path | None:
        """Write ``failures.json`` into `folder`, if there are any, and return its path."""
        if not self.failures:
            return None
        return write_document(self.failures, tuple[Failure, ...], folder / FAILURES_FILE)


def collect(
    folder: Path, runs: Iterable[RunFolder], failures: Iterable[Failure], *, interrupted: bool
) -> Played:
    """Return what came of the gameday in `folder`, with its failures written there.

    Raises
    ------
    InvalidExperiment
        If every fault failed: controls alone are no gameday.
    """
    played = Played(
        tuple(sorted(runs, key=lambda one: one.path)),
        tuple(sorted(failures, key=lambda one: one.run)),
        interrupted,
    )
    played.write(folder)
    struck = any(one.record.fault for one in played.runs)
    if played.failures and not struck and not interrupted:
        first = played.failures[0]
        raise InvalidExperiment(f"no fault could be injected; the first: {first.why}")
    return played
