"""Log lines of any common form as logs: UTC times, a closed set of levels, no secrets.

Start at `LogFileCollector`; `level_rates` makes metrics of any logs. Templates are not here.
"""

from __future__ import annotations

from aiops.collectors.logs.collector import FileReport, FoundLogs, LogFileCollector
from aiops.collectors.logs.files import LogFile, find_files
from aiops.collectors.logs.levels import LEVELS
from aiops.collectors.logs.rates import level_rates

__all__ = [
    "LEVELS",
    "FileReport",
    "FoundLogs",
    "LogFile",
    "LogFileCollector",
    "find_files",
    "level_rates",
]
