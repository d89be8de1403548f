"""Kill injectors in every way and at any moment, and look for faults that were left behind.

python -m tests.torture --runs 1000 --conflicts 200
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tests.torture.draws import ENDINGS, WRITES, draw, draw_conflict
from tests.torture.nursery import Nursery
from tests.torture.runs import play

_ORDER = (*ENDINGS, *WRITES)


def main(arguments=None):
    """Play all runs and print the table; return 1 if anything was left behind."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
    options = _parser().parse_args(arguments)
    share = options.spawned
    draws = [draw(seed, spawned_share=share) for seed in _seeds(options, options.runs)]
    draws += [draw_conflict(seed) for seed in _seeds(options, options.conflicts)]
    begin, results = time.monotonic(), []
    for result in play_all(draws, options.jobs):
        results.append(result)
        for problem in result["problems"]:
            _say(f"seed {result['seed']} {_label(result)}: {problem}")
    _say(table(results))
    _say(f"{len(results)} runs in {(time.monotonic() - begin) / 60:.1f} min")
    return int(len(results) < len(draws) or any(result["problems"] for result in results))


def play_all(draws, jobs):
    """Yield the result of every draw as a dict, in the order in which they end.

    Each job is a process of its own with one server after the other, forked before any thread
    is started.
    """
    reading, writing = os.pipe()
    children = []
    for job in range(jobs):
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work(draws[job::jobs], writing)
        children.append(pid)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        yield from map(json.loads, lines)
    for pid in children:
        os.waitpid(pid, 0)


def table(results):
    """Return the figures, one line for each way to end and for each write of somebody else."""
    groups = defaultdict(list)
    for result in results:
        groups[_label(result)].append(result)
    rows = [
        f"{'':18}  runs  spawned  complete  recovered  written  conflicts  revert s: median  max"
    ]
    for label, group in sorted(groups.items(), key=lambda item: _ORDER.index(item[0])):
        times = [one["revert_s"] for one in group if one["revert_s"] is not None]
        shown = f"{statistics.median(times):16.3f}  {max(times):.3f}" if times else ""
        counts = (len(group), _count(group, "spawned"), len(group) - _count(group, "problems"))
        rows.append(
            f"{label:18}{counts[0]:6}{counts[1]:9}{counts[2]:10}{_count(group, 'recovered'):11}"
            f"{_count(group, 'written'):9}{_count(group, 'conflict'):11}{shown}"
        )
    return "\n".join(rows)


def _work(draws, writing):
    code = 1
    try:
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        nursery = Nursery()
        for number, one in enumerate(draws):
            result = play(one, nursery, folder / str(number))
            os.write(writing, json.dumps(asdict(result)).encode() + b"\n")
            if not result.problems:
                shutil.rmtree(folder / str(number))
        nursery.close()
        with suppress(OSError):  # what is left in it shows what went wrong
            folder.rmdir()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _label(result):
    return result["write"] or result["ending"]


def _count(group, key):
    return sum(bool(one[key]) for one in group)


def _seeds(options, count):
    return range(options.seed, options.seed + count)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--conflicts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first run; they count up")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--spawned", type=float, default=0.3, help="share with a real watchdog")
    return parser


if __name__ == "__main__":
    sys.exit(main())
