"""One run from its draw to its verdict."""

import os
import select
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import RevertIncomplete
from chaos.cluster import ObjectRef
from chaos.journal import Journal, RunEvent
from chaos.live import LiveCluster
from chaos.recovery import recover, recover_marked
from tests.fake_api_server import FakeApiServer, no_trouble
from tests.torture.director import Director
from tests.torture.draws import ALL_GONE, AWAY, LET_GO, TROUBLE
from tests.torture.foreign import Foreign
from tests.torture.world import NAMESPACE, build, differences, snapshot

SETTLE_S = 40.0

TIMEOUT_S = 0.4
"""So long the injector waits for one answer, s: a server that hangs is to cost no minutes."""


@dataclass(frozen=True)
class Result:
    """What became of one run; `problems` is empty if all is well.

    `revert_s` is the time from the death of the injector, or the return of the API server, to the
    last change that the watchdog made; None where nobody died or nothing was to be taken back.
    """

    seed: int
    fault: str
    ending: str
    phase: str
    spawned: bool
    write: str | None
    written: bool
    code: int
    conflict: bool
    recovered: bool
    revert_s: float | None
    seconds: float
    problems: list = field(default_factory=list)


def play(draw, nursery, folder):
    """Play one run in a cluster of its own; `folder` must not exist yet."""
    folder.mkdir()
    with FakeApiServer(late_after=draw.late_after) as server:
        return _Run(draw, server, nursery, Path(folder)).play()


class _Run:
    def __init__(self, draw, server, nursery, folder):
        self.draw, self.server, self.nursery, self.folder = draw, server, nursery, folder
        self.foreign = Foreign(draw.write) if draw.write else None
        self.director = Director(draw, self.strike, weather=draw.ending == TROUBLE)
        self.born = threading.Event()
        self.pid = self.watchdog = self.back_at = None
        self.code = None
        self.channel = None

    def play(self):
        begin = time.monotonic()
        target = build(self.server, self.draw)
        before, self.originals = snapshot(self.server), self._originals()
        kubeconfig = self.server.kubeconfig(self.folder / "kubeconfig")
        self.server.trouble = self.director
        self._start(kubeconfig, target)
        if self.draw.phase == "start":
            time.sleep(self.draw.delay)
            self.director.strike()
        self._converse()
        left = self.nursery.settle(SETTLE_S)
        self.server.trouble = no_trouble
        self.server.settle()
        revert_s = self._revert_s()
        pending, recovered = self._recover(kubeconfig)
        reported = any(e.event is RunEvent.CONFLICT for e in self._entries())
        problems = [f"{left} processes were left"] * bool(left) + pending
        problems += self._problems(before, reported) + self.director.mishaps
        return Result(
            self.draw.seed,
            self.draw.fault,
            self.draw.ending,
            self.draw.phase,
            self.draw.spawned,
            self.draw.write,
            bool(self.foreign and self.foreign.done),
            self.code,
            reported,
            recovered,
            revert_s,
            time.monotonic() - begin,
            problems,
        )

    def strike(self):
        """Do what the draw has in store; called at its moment, perhaps inside a request."""
        self.born.wait()
        if self.foreign:
            with self.server._lock:
                self.foreign.write(self.server, self.folder, self.originals)
        else:
            self._kill(self.draw.ending)

    def _kill(self, ending):
        signum = getattr(signal, f"SIG{ending.partition(',')[0]}")
        if ending == ALL_GONE and self.watchdog:
            os.kill(self.watchdog, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signum)
            if self.draw.twice and signum != signal.SIGKILL:
                time.sleep(0.003)
                os.kill(self.pid, signum)

    def _start(self, kubeconfig, target):
        self.channel, theirs = socket.socketpair()
        order = {
            "folder": str(self.folder),
            "kubeconfig": str(kubeconfig),
            "target": [target.kind, target.namespace, target.name],
            "fault": self.draw.fault,
            "params": self.draw.params,
            "seed": self.draw.seed,
            "run": self.draw.run,
            "spawned": self.draw.spawned,
            "patience_s": 30.0,
            "context": self.server.context,
            "timeout_s": TIMEOUT_S,
        }
        self.pid = self.nursery.start(order, theirs)
        theirs.close()
        self.born.set()

    def _converse(self):
        """Answer the injector, and take the server away and back, until the injector has ended."""
        heard = [self.nursery.socket, self.channel]
        while self.code is None or (self._takes_away() and self.back_at is None):
            if self._takes_away() and self.back_at is None:
                self._go_away()
            readable, _, _ = select.select(heard, [], [], 0.01)
            if self.nursery.socket in readable:
                self.code = self.nursery.told()["code"]
            if self.channel in readable:
                said = self.channel.recv(4096)
                self._heard(said.decode().split("\n"))
                heard = heard if said else [self.nursery.socket]
        self.channel.close()

    def _takes_away(self):
        return self.draw.ending == AWAY and self.director.struck.is_set()

    def _go_away(self):
        self.server.stop()
        time.sleep(self.draw.away_s)
        self.server.start()
        self.back_at = time.monotonic()

    def _heard(self, lines):
        for line in lines:
            if line.startswith("watchdog "):
                self.watchdog = int(line.split()[1])
            if line == "armed":
                self._hold()

    def _hold(self):
        """Do what the draw says once the fault is in place."""
        dies = self.draw.ending not in LET_GO
        if self.draw.phase == "hold":
            time.sleep(self.draw.delay)
            if dies or self.foreign:
                with self.server._lock:
                    self.director.strike()
        if self.foreign and dies:
            self._kill(self.draw.ending)
            self.director.struck_at = time.monotonic()
        elif self.foreign or not (dies and self.director.struck.is_set()):
            self.director.released = True
            with suppress(OSError):
                self.channel.send(b"!" if self.draw.ending == "exception" else b".")

    def _revert_s(self):
        dead_at = self.back_at or self.director.struck_at
        counts = self.draw.ending in {"KILL", AWAY} and self.draw.fault != "pod.delete"
        if self.foreign or not (counts and dead_at and self.server.log):
            return None
        last = self.server.log[-1].at
        return last - dead_at if last > dead_at else None

    def _recover(self, kubeconfig):
        """Recover as a user would where nobody was left to; return problems, and whether it was."""
        journal = Journal(self.folder / "journal.jsonl")
        alone = self.draw.ending == ALL_GONE or self.draw.phase == "start"
        if self.draw.run not in journal.pending():
            return [], False
        if not alone:
            return ["the run is still pending, though a watchdog looked after it"], False
        client = KubernetesClient.connect(kubeconfig, "fake", timeout_s=2.0)
        cluster = LiveCluster(client)
        with suppress(RevertIncomplete):
            if self.draw.by_marks:
                recover_marked(cluster, Journal(self.folder / "elsewhere.jsonl"), [NAMESPACE])
            recover(cluster, journal)
        return ["recover left the run pending"] * bool(journal.pending()), True

    def _problems(self, before, reported):
        if self.foreign:
            wrong = self.foreign.problems(self.server, self.code, reported)
            if self.draw.phase == "hold" and not self.foreign.done:
                wrong.append("nobody wrote, because the fault was never held")
            touched = {self._name(self.foreign.where)} if self.foreign.done else set()
        else:
            wrong, touched = ["a conflict was reported, and nobody wrote"] * reported, set()
        after = snapshot(self.server)
        kept = [{k: v for k, v in one.items() if k not in touched} for one in (before, after)]
        wrong += differences(*kept)
        if not self.foreign and self.code not in self._codes():
            wrong.append(f"exit code {self.code}, expected one of {sorted(self._codes())}")
        return wrong

    def _name(self, where):
        kind, _, name = where
        return f"Pod {name.rpartition('-')[0]}" if kind == "Pod" else f"{kind} {name}"

    def _codes(self):
        if self.draw.ending in {"end", "exception"}:
            return {1 if self.draw.ending == "exception" else 0}
        if self.draw.ending == TROUBLE:
            return {0, 2}
        signum = getattr(signal, f"SIG{self.draw.ending.partition(',')[0]}")
        if not self.director.struck.is_set():
            return {0}
        if signum == signal.SIGKILL:
            return {-9}
        return {130, -signum} if self.draw.phase == "start" else {130}

    def _originals(self):
        """Return address → document of everything that a deed can strike."""
        found = {}
        for kind in ("Deployment", "Service", "Pod"):
            served = self.server.api.kind(kind)
            for document in self.server.api.objects.all(served, NAMESPACE, {}):
                ref = ObjectRef(kind, NAMESPACE, document["metadata"]["name"])
                found[ref.kind, ref.namespace, ref.name] = document
        return found

    def _entries(self):
        return Journal(self.folder / "journal.jsonl").entries()
