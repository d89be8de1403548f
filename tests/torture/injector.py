"""The process that is tortured: it injects one fault for real, holds it, and takes it back."""

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import AiopsError, RevertIncomplete
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment, injected
from chaos.journal import Journal
from chaos.live import LiveCluster
from chaos.patience import Patience
from chaos.signals import Interrupted, interruptible
from chaos.watchdog import Watchdog
from chaos.watching import watch


class Ordered(Exception):
    """What the injector raises inside the hold when it is told to."""


class ForkedWatchdog(Watchdog):
    """A watchdog that is forked instead of started anew, which spares its imports."""

    def spawn(self):
        orders, our_orders = os.pipe()
        our_answers, answers = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(our_orders)
            os.close(our_answers)
            os.setsid()
            _log_to(self.log_path)
            os._exit(watch(orders, answers))
        os.close(orders)
        os.close(answers)
        return ForkedProcess(pid, our_orders, our_answers)


class ForkedProcess:
    """As much of `subprocess.Popen` as a watchdog is asked for."""

    def __init__(self, pid, orders, answers):
        self.pid = pid
        self.stdin = os.fdopen(orders, "wb", 0)
        self.stdout = os.fdopen(answers, "rb", 0)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.001)
        raise subprocess.TimeoutExpired("watchdog", timeout)


class Telling:
    """A guardian that tells the torturer the process id of the watchdog that it wraps."""

    def __init__(self, watchdog, channel):
        self.watchdog = watchdog
        self.channel = channel

    @property
    def arming_s(self):
        return self.watchdog.arming_s

    def arm(self, run, plan, expires):
        self.watchdog.arm(run, plan, expires)
        os.write(self.channel, f"watchdog {self.watchdog._processes[run].pid}\n".encode())

    def disarm(self, run):
        self.watchdog.disarm(run)


def inject(order, channel):
    """Do what `order` says; return the exit code of `aiops chaos run`, or 1 for `Ordered`."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
    folder = Path(order["folder"])
    _log_to(folder / "injector.log")
    try:
        with interruptible():
            return _inject(order, folder, channel)
    except Interrupted:
        return 130


def _inject(order, folder, channel):
    kubeconfig, journal = Path(order["kubeconfig"]), Journal(folder / "journal.jsonl")
    context, timeout_s = order["context"], order["timeout_s"]
    client = KubernetesClient.connect(kubeconfig, context, timeout_s=timeout_s)
    cluster = LiveCluster(client)
    kind = Watchdog if order["spawned"] else ForkedWatchdog
    guardian = Telling(kind(kubeconfig, context, journal.path), channel)
    experiment = Experiment(
        order["fault"],
        ObjectRef(*order["target"]),
        hold_s=30.0,
        seed=order["seed"],
        run=order["run"],
        params=order["params"],
    )
    patience = Patience(order["patience_s"])
    try:
        with injected(experiment, cluster, journal, guardians=[guardian], patience=patience):
            os.write(channel, b"armed\n")
            _hold(channel)
    except Ordered:
        return 1
    except RevertIncomplete as error:
        _say(error)
        return 4
    except AiopsError as error:
        _say(error)
        return 2
    return 0


def _hold(channel):
    """Wait for a word, in short naps: a signal just before a read would only be seen after it."""
    while not select.select([channel], [], [], 0.02)[0]:
        pass
    if os.read(channel, 1) == b"!":
        raise Ordered


def _say(error):
    os.write(2, f"{type(error).__name__}: {error}\n".encode())


def _log_to(path):
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with suppress(OSError):
        os.dup2(log, 1)
        os.dup2(log, 2)
    os.close(log)
