"""The journal: what was done to whom and how to undo it, on disk before the deed.

One file of JSON Lines that only grows, each line synced to the disk before `append` returns. It
holds data only: a recovery reads patches from it, never code. Writers in several processes take
turns by a lock on the file.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from aiops.types import InvalidExperiment, InvalidInput
from chaos.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class RunEvent(StrEnum):
    """What can happen in a run; the list is closed."""

    PLANNED = "planned"  # the plan with its undo is on disk, nothing is done yet
    INJECTED = "injected"
    ARMED = "armed"  # the fault took hold
    UNDONE = "undone"
    CONFLICT = "conflict"  # gone, but someone else changed what it had touched, which was kept
    VERIFIED = "verified"  # everything touched is as it was before


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    `sequence` is the number of the line, from 1; `wall_time` is the writer's clock and `time` the
    cluster's, both UTC.
    """

    run: str
    sequence: int
    wall_time: datetime
    time: datetime
    event: RunEvent
    payload: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the entry as one line of JSON, newline included."""
        document = {
            "run": self.run,
            "sequence": self.sequence,
            "wall_time": self.wall_time.isoformat(),
            "time": self.time.isoformat(),
            "event": self.event,
            "payload": self.payload,
        }
        return json.dumps(document, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes, number: int) -> Self:
        """Read line `number`; raise ValueError, KeyError or TypeError if it is malformed."""
        document = json.loads(line)
        entry = cls(
            run=document["run"],
            sequence=document["sequence"],
            wall_time=_utc(document["wall_time"]),
            time=_utc(document["time"]),
            event=RunEvent(document["event"]),
            payload=document["payload"],
        )
        if not (isinstance(entry.run, str) and entry.run and isinstance(entry.payload, dict)):
            raise ValueError("run must be text and payload an object")
        if entry.sequence != number:
            raise ValueError(f"it says that it is line {entry.sequence!r}")
        return entry


class Journal:
    """An append-only record of chaos runs in the file `path`, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(
        self, run: str, event: RunEvent, *, time: datetime, payload: dict[str, Any] | None = None
    ) -> Entry:
        """Write one line and return once it is on the disk; `time` is the cluster's."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # closing the file releases it
            lines = self._drop_torn_line(file)
            entry = Entry(
                run, lines + 1, datetime.now(UTC), time.astimezone(UTC), event, payload or {}
            )
            file.write(entry.to_line())
            file.flush()
            os.fsync(file.fileno())
        if entry.sequence == 1:
            _sync_folder(self.path.parent)
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """Return every complete line, oldest first.

        A last line without its newline was torn by a crash before `append` returned, so nobody
        acted on it; it is left out, with a warning in the log.

        Raises
        ------
        InvalidInput
            If any other line is malformed; the text gives its number.
        """
        if not self.path.exists():
            return ()
        *lines, torn = self.path.read_bytes().split(b"\n")
        if torn:
            self._say_torn(len(lines) + 1)
        return tuple(self._read(line, number) for number, line in enumerate(lines, start=1))

    def pending(self, identity: str | None = None) -> dict[str, Plan]:
        """Return run → plan of every run that was planned and never proved gone, oldest first.

        Parameters
        ----------
        identity : str, optional
            Only runs on the cluster of this identity; on any when left out.

        Raises
        ------
        InvalidInput
            If a line is malformed; the text gives its number.
        """
        return {
            run: plan
            for run, (plan, cluster) in self.planned().items()
            if identity in {None, cluster}
        }

    def planned(self) -> dict[str, tuple[Plan, str | None]]:
        """Return run → (plan, identity of its cluster) of the same runs.

        The identity is None where the line is of a time when it was not written yet.

        Raises
        ------
        InvalidInput
            If a line is malformed; the text gives its number.
        """
        found: dict[str, tuple[Plan, str | None]] = {}
        for entry in self.entries():
            if entry.event is RunEvent.PLANNED:
                cluster = entry.payload.get("cluster")
                found[entry.run] = (self._plan(entry), None if cluster is None else str(cluster))
            elif entry.event in {RunEvent.VERIFIED, RunEvent.CONFLICT}:
                found.pop(entry.run, None)
        return found

    def since_planned(self, run: str) -> frozenset[RunEvent]:
        """Return what has happened in a run since it was planned last.

        Raises
        ------
        InvalidInput
            If a line is malformed; the text gives its number.
        """
        events: set[RunEvent] = set()
        for entry in self.entries():
            if entry.run == run:
                events = set() if entry.event is RunEvent.PLANNED else {*events, entry.event}
        return frozenset(events)

    def _read(self, line: bytes, number: int) -> Entry:
        try:
            return Entry.from_line(line, number)
        except (ValueError, KeyError, TypeError) as error:
            raise self._malformed(number, error) from error

    def _plan(self, entry: Entry) -> Plan:
        try:
            return Plan.from_json(entry.payload)
        except InvalidExperiment as error:
            raise self._malformed(entry.sequence, error) from error

    def _malformed(self, number: int, error: Exception) -> InvalidInput:
        return InvalidInput(
            f"{self.path}: line {number} is no journal entry ({error}); restore the file, or undo "
            "by hand what its other lines name and move it away"
        )

    def _drop_torn_line(self, file: BinaryIO) -> int:
        """Cut off a torn last line, so that nothing is glued to it; return how many lines stay."""
        file.seek(0)
        *lines, torn = file.read().split(b"\n")
        if torn:
            self._say_torn(len(lines) + 1)
            file.truncate(file.tell() - len(torn))
        return len(lines)

    def _say_torn(self, number: int) -> None:
        log.warning("%s: line %d was torn by a crash; it is ignored", self.path, number)


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.astimezone(UTC)


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file in `folder` survive a crash too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
