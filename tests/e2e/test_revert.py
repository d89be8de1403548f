"""A sample of `make torture`: injectors that are killed, servers that fail, writers in between."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_fault_stays_behind_in_twenty_seeded_runs():
    command = [sys.executable, "-m", "tests.torture", "--runs", "14", "--conflicts", "6"]
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "20 runs in" in ended.stdout
