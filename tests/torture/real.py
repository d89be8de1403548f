"""The same on a real cluster: every fault, every ending, at random moments.

    python -m tests.torture.real --context NAME --runs 60

It makes a namespace of its own with one small service, and deletes it at the end.
"""

import argparse
import os
import random
import select
import signal
import socket
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import AiopsError
from chaos.journal import Journal, RunEvent
from chaos.recovery import recover
from tests.torture.draws import FAULTS as PATCHING
from tests.torture.nursery import Nursery
from tests.torture.shop import Shop

FAULTS = {**PATCHING, "stress.cpu": {}, "stress.memory": {"strength": 0.3}}
ENDINGS = ("KILL", "end", "INT", "KILL", "exception", "TERM", "HUP")
PATIENCE_S = 120.0
_CODES = {"end": {0}, "exception": {1}, "KILL": {-9}}


@dataclass(frozen=True)
class Outcome:
    """What became of one run; `revert_s` is from the death of the injector to the undo."""

    fault: str
    ending: str
    moment: str
    revert_s: float | None
    recovered: bool
    problems: tuple


def play(shop, nursery, options, seed, folder):
    """Play one run and return its outcome."""
    rng = random.Random(f"real {seed}")
    names = sorted(FAULTS)
    fault, ending = names[seed % len(names)], ENDINGS[(seed // len(names) + seed) % len(ENDINGS)]
    moment = "hold" if ending in {"end", "exception"} else rng.choice(("hold", "random"))
    shop.settle()
    before, run = shop.state(), f"real-{seed}"
    target = shop.service if fault == "svc.selector" else shop.deployment
    order = {
        "folder": str(folder),
        "kubeconfig": str(options.kubeconfig),
        "context": options.context,
        "timeout_s": 10.0,
        "target": [target.kind, target.namespace, target.name],
        "fault": fault,
        "params": FAULTS[fault],
        "seed": seed,
        "run": run,
        "spawned": True,
        "patience_s": 60.0,
    }
    ours, theirs = socket.socketpair()
    with ours:
        pid = nursery.start(order, theirs)
        theirs.close()
        if moment == "random":
            time.sleep(rng.uniform(0.0, 4.0))
            died_at = _kill(pid, ending)
            code = nursery.told()["code"]
        else:
            code, died_at = _hold(nursery, ours, pid, ending, rng.uniform(0.2, 2.0))
    left = nursery.settle(PATIENCE_S)
    journal = Journal(folder / "journal.jsonl")
    reverts = [e.wall_time.timestamp() for e in journal.entries() if e.event is RunEvent.UNDONE]
    problems = [f"{left} processes were left here"] * bool(left)
    problems += [f"the watchdog left {name} in place" for name in neglected(journal)]
    recovered = bool(journal.pending())
    recover(shop.cluster, journal)
    problems += [f"the load still runs in {name}" for name in shop.processes(run)]
    shop.settle()
    after = shop.state()
    problems += [f"{before} became {after}"] * (before != after)
    expected = _CODES.get(ending, {130}) | ({-1, -2, -15, 0} if moment == "random" else set())
    problems += [f"exit code {code}"] * (code not in expected)
    counted = ending == "KILL" and reverts and reverts[-1] > died_at
    revert_s = reverts[-1] - died_at if counted else None
    return Outcome(fault, ending, moment, revert_s, recovered, tuple(problems))


def neglected(journal):
    """Return the pending runs whose fault was in place: their watchdog should have undone them."""
    done = {e.run for e in journal.entries() if e.event in {RunEvent.INJECTED, RunEvent.ARMED}}
    return [run for run in journal.pending() if run in done]


def _hold(nursery, ours, pid, ending, seconds):
    """Wait until the fault is armed, hold it and end it; return the exit code and when."""
    said = b""
    while b"armed" not in said:
        readable, _, _ = select.select([nursery.socket, ours], [], [], PATIENCE_S)
        if nursery.socket in readable or not readable:
            return nursery.told()["code"], time.time()
        said += ours.recv(4096)
    time.sleep(seconds)
    if ending in {"end", "exception"}:
        ours.send(b"!" if ending == "exception" else b".")
        died_at = time.time()
    else:
        died_at = _kill(pid, ending)
    return nursery.told()["code"], died_at


def _kill(pid, ending):
    with suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, f"SIG{ending}"))
    return time.time()


def main(arguments=None):
    """Play all runs, print the figures, and return 1 if anything was left behind."""
    options = _parser().parse_args(arguments)
    client = KubernetesClient.connect(options.kubeconfig, options.context)
    nursery, folder = Nursery(), Path(tempfile.mkdtemp(prefix="torture-real-"))
    shop, outcomes = Shop(client, f"torture-{os.getpid()}", options.image), []
    try:
        for seed in range(options.seed, options.seed + options.runs):
            place = folder / str(seed)
            place.mkdir()
            try:
                outcomes.append(play(shop, nursery, options, seed, place))
            except (AiopsError, TimeoutError) as error:
                outcomes.append(Outcome(f"seed {seed}", "?", "?", None, False, (str(error),)))
            _say(f"{seed} {outcomes[-1]}")
    finally:
        shop.remove()
    bad = [outcome for outcome in outcomes if outcome.problems]
    times = [outcome.revert_s for outcome in outcomes if outcome.revert_s is not None]
    _say(summary(outcomes))
    if times:
        _say(f"revert after KILL: median {statistics.median(times):.2f} s, max {max(times):.2f} s")
    return int(bool(bad))


def summary(outcomes):
    """Say how many runs left nothing behind, and how many of them were recovered by hand."""
    complete = sum(not outcome.problems for outcome in outcomes)
    recovered = sum(outcome.recovered for outcome in outcomes)
    return (
        f"{len(outcomes)} runs on a real cluster, {complete} complete, "
        f"{recovered} recovered by hand"
    )


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.torture.real", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, default=os.environ.get("KUBECONFIG"))
    parser.add_argument("--context", required=True)
    parser.add_argument("--image", default="python:3.12-slim")
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
