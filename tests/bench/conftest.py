"""Benchmarks: seconds as medians, and the ratio to a peer that ran in turn on the same machine."""

import statistics
import time

import pytest

_ROWS = []


def _median_seconds(*actions, runs):
    """Run the actions in turn `runs` times, after one warm-up, and return each one's median."""
    for action in actions:
        action()
    taken = [[] for _ in actions]
    for _ in range(runs):
        for seconds, action in zip(taken, actions, strict=True):
            started = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(seconds) for seconds in taken]


@pytest.fixture
def compare():
    """Time `ours` against `peer`, keep the row for the table, return (seconds, ratio)."""

    def run(what, ours, peer_name, peer, *, runs=5):
        mine, theirs = _median_seconds(ours, peer, runs=runs)
        _ROWS.append((what, mine, peer_name, theirs, mine / theirs))
        return mine, mine / theirs

    return run


def pytest_terminal_summary(terminalreporter):
    if not _ROWS:
        return
    terminalreporter.section("benchmarks: medians, ours / peer")
    for what, mine, peer_name, theirs, ratio in _ROWS:
        terminalreporter.write_line(
            f"{what:<58} {mine * 1e3:9.1f} ms   {peer_name:<34} {theirs * 1e3:9.1f} ms   {ratio:8.4f}"
        )
