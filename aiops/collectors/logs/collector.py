"""Log files as a source: the entries of a window, and what became of every line that was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from aiops.collectors.logs.files import find_files
from aiops.collectors.logs.frame import Window, as_frame, keep
from aiops.collectors.logs.rates import level_rates
from aiops.collectors.logs.scan import Scan
from aiops.collectors.logs.stamps import Clock
from aiops.collectors.port import check_window
from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from aiops.collectors.logs.entries import Entries
    from aiops.collectors.logs.files import LogFile
    from aiops.collectors.logs.joining import Counts


@dataclass(frozen=True, slots=True)
class FileReport:
    """What was found in one file.

    Attributes
    ----------
    file : LogFile
        The file and its service.
    form : str
        How most of its lines are written: ``iso``, ``json``, ``cri klog``, …
    counts : Counts
        What became of the lines that were read.
    entries : int
        The entries in the window.
    without_level : int
        Those of them that name no level.
    masked : int
        Those of them that had a secret taken out.
    replaced : int
        Characters of the lines that were read that are no UTF-8.
    """

    file: LogFile
    form: str
    counts: Counts
    entries: int
    without_level: int
    masked: int
    replaced: int


@dataclass(frozen=True, eq=False)  # a frame equal to another is a frame of booleans
class FoundLogs:
    """The logs of a window, and what was found in each file."""

    frame: pd.DataFrame
    files: tuple[FileReport, ...]


class LogFileCollector:
    """Brings what log files hold.

    Parameters
    ----------
    files : sequence of LogFile
        Which files, each of one service.
    zone : str
        The zone of times that name none: an IANA name.
    field : str, optional
        The key of JSON and logfmt lines that holds the service; it comes before the file's.
    mask : bool
        Whether to take out what looks like a secret; see `aiops.collectors.logs.masking`.

    Raises
    ------
    InvalidInput
        If there is no such zone.
    """

    def __init__(
        self,
        files: Sequence[LogFile],
        *,
        zone: str = "UTC",
        field: str | None = None,
        mask: bool = True,
    ) -> None:
        self.files = tuple(files)
        self.clock = Clock(zone)
        self.field = field
        self.mask = mask

    @classmethod
    def at(
        cls, places: Iterable[str | Path], *, zone: str = "UTC", field: str | None = None
    ) -> Self:
        """Return the collector of the files at `places`, as `find_files` takes them.

        Raises
        ------
        InvalidInput
            If a place has no file, or there is no such zone.
        """
        return cls(find_files(places), zone=zone, field=field)

    def logs(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Return what was logged from `start` on and before `end`: service, level, message.

        Raises
        ------
        InvalidInput
            If the window is none, a file cannot be read, or no file has a line with a time.
        """
        return self.read(start, end).frame

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return how often each service has logged, and of errors, as `level_rates` says.

        Raises
        ------
        InvalidInput, NotEnoughData, InvalidMetrics
            As `logs` and `level_rates` do.
        """
        check_window(start, end)
        return level_rates(self.logs(start - timedelta(seconds=step_s), end), start, end, step_s)

    def read(self, start: datetime, end: datetime) -> FoundLogs:
        """Return the logs of a window with a report on each file; see `logs`."""
        window = Window.between(start, end)
        found = [self._read(file, window) for file in self.files]
        reports = tuple(report for _, report in found)
        silent = [one for one in reports if one.counts.untimed == one.counts.lines > 0]
        if silent and len(silent) == sum(one.counts.lines > 0 for one in reports):
            raise InvalidInput(
                f"{silent[0].file.path}: none of its {silent[0].counts.lines:,} lines has a time in "
                "a form that is known"
            )
        return FoundLogs(as_frame([entries for parts, _ in found for entries in parts]), reports)

    def _read(self, file: LogFile, window: Window) -> tuple[list[Entries], FileReport]:
        scan = Scan(file.path, self.clock, self.field)
        kept = [keep(part, file.service, window, mask=self.mask) for part in scan.entries(window)]
        report = FileReport(
            file=file,
            form=scan.form.name if scan.form else "empty",
            counts=scan.joiner.counts,
            entries=sum(len(one.entries) for one in kept),
            without_level=sum(one.without_level for one in kept),
            masked=sum(one.masked for one in kept),
            replaced=scan.replaced,
        )
        return [one.entries for one in kept if len(one.entries)], report
