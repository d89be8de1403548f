"""Processes: no shell, bounded in time with all their children."""

import os
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from chaos.files.environment import Secrets
from chaos.files.providers import Process
from chaos.probes.process import MAX_OUTPUT, run
from chaos.probes.results import ProbeFailed


def _run(code, *arguments, secrets=None, **fields):
    argv = ["-c", code, *arguments]
    provider = Process(type="process", path=sys.executable, arguments=argv, **fields)
    return run(provider, secrets or Secrets())


def test_status_and_both_outputs():
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert _run(code) == {"status": 3, "stdout": "out\n", "stderr": "err\n"}


def test_arguments_reach_the_program_as_they_are():
    code = "import sys; print(sys.argv[1:])"
    secrets = Secrets({"api": {"token": SecretStr("s3cret")}})
    found = _run(code, "$HOME; rm -rf *", "${token}", secrets=secrets)
    assert found["stdout"] == "['$HOME; rm -rf *', 's3cret']\n"


def test_a_mapping_of_arguments_is_flattened_as_in_the_chaos_toolkit():
    provider = Process(type="process", path="/bin/x", arguments={"--a": 1, "--b": "c"})
    assert provider.argv == ("/bin/x", "--a", "1", "--b", "c")


def test_output_without_end_is_cut():
    assert len(_run(f"print('x' * {3 * MAX_OUTPUT})")["stdout"]) == MAX_OUTPUT


def test_a_program_that_is_not_there():
    with pytest.raises(ProbeFailed, match="cannot be run: No such file"):
        run(Process(type="process", path="/no/such/program"), Secrets())


def test_too_slow_a_program_dies_with_its_children(tmp_path):
    note = tmp_path / "child"
    arguments = ["-c", f"sleep 60 & echo $! > {note}; wait"]
    slow = Process(type="process", path="/bin/sh", arguments=arguments, timeout=1)
    with pytest.raises(ProbeFailed, match="did not end within 1 s and was killed"):
        run(slow, Secrets())
    child = int(note.read_text())
    deadline = time.monotonic() + 10
    while _lives(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert not _lives(child)


def _lives(pid):
    """Say whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
