"""Benchmarks of pulling: medians of runs in turn, against a peer or a goal, as one table."""

import statistics
import time
from dataclasses import dataclass

import pytest

_ROWS = []
_HEAD = ("what", "peer", "goal", "seen")


@dataclass(frozen=True)
class Timing:
    """Medians of one action: seconds on the clock, and CPU seconds of this process."""

    wall_s: float
    cpu_s: float

    def __str__(self):
        """Write both, short enough for a cell."""
        return f"{self.wall_s:.2f} s ({self.cpu_s:.2f} s CPU)"


@pytest.fixture
def record():
    """Keep a row for the table: what was done, by which peer, the goal, and what was seen."""

    def keep(what, *, peer, goal, seen):
        _ROWS.append((what, peer, goal, seen))

    return keep


@pytest.fixture
def in_turn():
    """Run actions in turn `runs` times, after one warm-up, and return the `Timing` of each."""

    def run(*actions, runs=3):
        for action in actions:
            action()
        taken = [[_timed(action) for action in actions] for _ in range(runs)]
        return [
            Timing(*(statistics.median(column) for column in zip(*one, strict=True)))
            for one in zip(*taken, strict=True)
        ]

    return run


def _timed(action):
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def pytest_terminal_summary(terminalreporter):
    """Write the rows under their heads, each column as wide as its widest cell."""
    if not _ROWS:
        return
    terminalreporter.section("pulling: medians")
    widths = [max(map(len, column)) for column in zip(_HEAD, *_ROWS, strict=True)]
    for row in (_HEAD, *_ROWS):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line("   ".join(cells).rstrip())
