"""The shell scripts run in every shell that is here, end by themselves, and are found and ended."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from aiops.types import InvalidExperiment
from chaos import commands
from chaos.cluster import Process

SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}
TOKEN = f"test-{os.getpid()}"


@pytest.fixture(params=sorted(SHELLS))
def shell(request):
    """Turn a command line into one for one of the shells."""
    if not shutil.which(SHELLS[request.param][0]):
        pytest.skip(f"there is no {request.param} here")
    return lambda argv: SHELLS[request.param] + argv[1:]


@pytest.fixture
def running(shell):
    """Start processes in a session of their own, as an exec does, and leave none of them."""
    started = []

    def start(process, token=TOKEN):
        argv = shell(commands.start(process, token))
        one = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(one)
        assert one.stdout.readline().strip() == commands.STARTED
        return one

    yield start
    for one in started:
        one.stdout.close()
        subprocess.run(shell(commands.stop(TOKEN)), check=True)
        one.wait(5)


def ask(argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def family(leader):
    """Return process id → memory held, in bytes, of all that run in the session of a process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, *numbers = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(numbers[2]) == leader.pid and state != "Z":
                found[int(folder.name)] = int(numbers[20]) * os.sysconf("SC_PAGE_SIZE")
    return found


@pytest.mark.parametrize("process", [Process("cpu", 1.2, 60.0), Process("memory", 1e5, 60.0)])
def test_a_process_is_found_by_its_own_token_and_ended_with_all_its_children(
    shell, running, process
):
    leader = running(process)
    assert ask(shell(commands.find(TOKEN))) == commands.RUNS
    assert not ask(shell(commands.find(TOKEN[:-1])))
    assert not ask(shell(commands.find(f"{TOKEN}0")))
    assert len(family(leader)) > 1
    subprocess.run(shell(commands.stop(TOKEN)), check=True)
    assert leader.wait(5) == 0
    assert not family(leader)
    assert not ask(shell(commands.find(TOKEN)))


@pytest.mark.parametrize("process", [Process("cpu", 0.5, 0.3), Process("memory", 1e5, 0.3)])
def test_a_process_that_nobody_stops_ends_by_itself(running, process):
    leader = running(process)
    assert leader.wait(10) == 0
    assert not family(leader)


def test_the_children_end_by_themselves_even_if_the_first_shell_is_killed(running):
    leader = running(Process("cpu", 1.5, 0.5))
    leader.kill()
    until = time.monotonic() + 10
    while family(leader) and time.monotonic() < until:
        leader.poll()
    assert not family(leader)


def test_stopping_what_does_not_run_is_fine(shell):
    subprocess.run(shell(commands.stop("no-such-run")), check=True)


def test_a_share_of_a_core_is_burnt_and_no_more(running):
    begin = time.monotonic()
    leader = running(Process("cpu", 0.2, 1.0))
    _, _, usage = os.wait4(leader.pid, 0)
    leader.returncode = 0
    burnt, elapsed = usage.ru_utime + usage.ru_stime, time.monotonic() - begin
    assert 0.02 * elapsed < burnt < 0.4 * elapsed


def test_memory_grows_by_so_many_bytes_a_second(running):
    leader = running(Process("memory", 20e6, 60.0))
    until, held = time.monotonic() + 10, 0
    while held < 15e6 and time.monotonic() < until:
        held = max(family(leader).values())
    assert 15e6 < held < 90e6


def test_nothing_of_a_token_is_read_by_the_shell(shell, tmp_path):
    bait = f"x; touch {tmp_path}/made; $(touch {tmp_path}/made)"
    assert not ask(shell(commands.find(bait)))
    subprocess.run(shell(commands.stop(bait)), check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_delay_is_refused():
    with pytest.raises(InvalidExperiment, match="simulator"):
        commands.start(Process("delay", 1.0, 1.0), TOKEN)
