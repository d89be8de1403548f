"""Faults on a real cluster come back out, whatever happens to their injector.

Needs KUBECONFIG; AIOPS_REAL_CONTEXT names the context ("local" if it is not set), and
AIOPS_REAL_RUNS says how many runs there are to be (4): with 60 every fault meets five of the endings.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("AIOPS_REAL_RUNS", "4"))


@pytest.mark.slow
@pytest.mark.skipif(
    "KUBECONFIG" not in os.environ,
    reason="NO REAL CLUSTER: set KUBECONFIG; nothing about reverts was shown on a real one",
)
@pytest.mark.timeout(120 + 60 * RUNS)
def test_no_fault_stays_behind_on_a_real_cluster():
    context = os.environ.get("AIOPS_REAL_CONTEXT", "local")
    command = [sys.executable, "-m", "tests.torture.real", "--context", context]
    ended = subprocess.run(
        [*command, "--runs", str(RUNS)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    sys.stdout.write(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{RUNS} runs on a real cluster, {RUNS} complete" in ended.stdout
