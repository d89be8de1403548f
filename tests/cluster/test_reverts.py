"""Faults on a real cluster come back out, whatever happens to their injector.

Where they run, `tests.cluster.place` says; E2E_REVERTS says how many runs there are to be (4): with
60 every fault meets five of the endings.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.place import IMAGE, context, on_a_cluster

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("E2E_REVERTS", "4"))


@pytest.mark.slow
@on_a_cluster
@pytest.mark.timeout(120 + 60 * RUNS)
def test_no_fault_stays_behind_on_a_real_cluster():
    command = [sys.executable, "-m", "tests.torture.real", "--context", context(), "--image", IMAGE]
    ended = subprocess.run(
        [*command, "--runs", str(RUNS)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    sys.stdout.write(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{RUNS} runs on a real cluster, {RUNS} complete" in ended.stdout
