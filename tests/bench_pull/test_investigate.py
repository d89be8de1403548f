"""`aiops investigate` on 300 services and 60,000 series of a real Prometheus, without configuration.

The command is a process of its own: what is measured is what a person waits for, and the most
memory that it ever held.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.bench_pull import metropolis
from tests.prometheus_server import needs_prometheus, prometheus_server

pytestmark = [needs_prometheus, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
NOTICED = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
BEFORE, AFTER = timedelta(minutes=55), timedelta(minutes=20)
STRETCH = 60
SEED = 11
GOAL_S, GOAL_QUERIES, GOAL_GB = 60.0, 50, 2.0


@pytest.fixture(scope="module")
def town():
    rows = int((BEFORE + AFTER).total_seconds()) // metropolis.STEP_S
    late = timedelta(minutes=3)
    onset = int((BEFORE - late).total_seconds()) // metropolis.STEP_S
    return metropolis.build(SEED, rows, onset)


@pytest.fixture(scope="module")
def url(town, tmp_path_factory):
    stored = list(metropolis.series(town, SEED))
    assert len(stored) >= 60_000
    first = (NOTICED - BEFORE).timestamp()
    rows = np.arange(len(town.load))
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as server:
        for start in range(0, len(rows), STRETCH):
            part = slice(start, start + STRETCH)
            moments = first + rows[part] * metropolis.STEP_S
            server.write(
                (labels, ((moments + phase) * 1000).astype(np.int64), values[part])
                for labels, phase, values in stored
            )
        yield server.url


def investigate(folder, *words):
    """Run the command; return its document, seconds, and its peak memory in GB."""
    command = [sys.executable, "-c", "from aiops.cli.main import run; run()", "investigate", *words]
    start = time.perf_counter()
    with (folder / "out.json").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*command, "--json"], cwd=folder, stdout=out, stderr=err,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    taken_s = time.perf_counter() - start
    assert process.returncode == 0, (folder / "err").read_text()
    return json.loads((folder / "out.json").read_text()), taken_s, used.ru_maxrss * 1024 / 1e9


def test_a_window_of_one_hour_of_300_services(town, url, tmp_path, record):
    found, taken_s, peak_gb = investigate(
        tmp_path, "--prometheus", url, "--at", NOTICED.isoformat(), "--for", "1h"
    )
    read = found["read"]
    record(
        f"investigate: {read['services']} services, {read['series']:,} series, 1 h at "
        f"{read['step_s']:g} s, {read['columns']:,} columns",
        peer="-",
        goal=f"<= {GOAL_S:g} s, <= {GOAL_QUERIES} queries, <= {GOAL_GB:g} GB",
        seen=f"{taken_s:.1f} s, {read['queries']} queries, {peak_gb:.2f} GB",
    )
    assert (read["services"], read["step_s"]) == (metropolis.SERVICES, 15.0)
    assert read["columns"] >= 15_000
    assert not found["abstained"], found["reason"]
    assert found["services"][0]["service"] == town.names[town.culprit]
    assert taken_s <= GOAL_S
    assert read["queries"] <= GOAL_QUERIES
    assert peak_gb <= GOAL_GB
