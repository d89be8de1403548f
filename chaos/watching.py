"""What a watchdog process does: get ready, wait for the end of its run, and undo it if need be.

It is started by `chaos.watchdog` and talks with it over two pipes. It knows the run from the
journal, the server from the kubeconfig, and nothing from its command line.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import AiopsError, InvalidExperiment
from chaos.cluster import NoSuchObject
from chaos.journal import Journal
from chaos.live import LiveCluster
from chaos.patience import Patience
from chaos.reverting import Reverting

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

READY: Final = "ready"
"""What a watchdog says once it can undo the run."""

DONE: Final = b"done"
"""What it is told when the fault is gone."""

PATIENCE_S: Final = 3600.0
"""So long it insists on the undo, s."""

AGAIN_S: Final = 5.0
"""After a revert that failed for another reason than silence it tries again, s."""

_PIECE: Final = 4096


@dataclass(frozen=True, slots=True)
class Order:
    """What a watchdog is told: which run, where it is written up, and on which cluster."""

    run: str
    journal: Path
    kubeconfig: Path | None
    context: str
    expires: datetime

    def to_line(self) -> bytes:
        """Return the order as one line of JSON."""
        return json.dumps(asdict(self), default=str).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read what `to_line` wrote."""
        data = json.loads(line)
        kubeconfig = Path(data["kubeconfig"]) if data["kubeconfig"] else None
        expires = datetime.fromisoformat(data["expires"])
        return cls(data["run"], Path(data["journal"]), kubeconfig, data["context"], expires)


def watch(orders: int, answers: int) -> int:
    """Carry out the order that comes from one descriptor, and say on the other when we are ready.

    INT and HUP are ignored; TERM undoes the run.

    Returns
    -------
    int
        0 if the run is gone, 1 if it could not be proved gone, 2 if we did not get ready.
    """
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s watchdog %(process)d: %(message)s", level="INFO"
    )
    told = _wake_on_term()
    line = _read_line(orders)
    if not line:
        log.info("whoever started this watchdog has gone without an order")
        return 2
    order = Order.from_line(line)
    try:
        work = _prepare(order)
    except (AiopsError, OSError) as error:
        _answer(answers, str(error))
        return 2
    _answer(answers, READY)
    return _watch(work, orders, told, order.expires)


def _prepare(order: Order) -> Reverting:
    """Read the plan and see that every victim can be reached, which also imports all we need."""
    journal = Journal(order.journal)
    plan = journal.pending().get(order.run)
    if plan is None:
        raise InvalidExperiment(f"{order.journal} knows no pending run {order.run}")
    cluster = LiveCluster(KubernetesClient.connect(order.kubeconfig, order.context))
    for victim in plan.victims:
        with suppress(NoSuchObject):
            cluster.get(victim)
    return Reverting(order.run, plan, cluster, journal, Patience(PATIENCE_S))


def _watch(work: Reverting, orders: int, told: int, expires: datetime) -> int:
    """Wait until we are let go, or undo the run; an overdue one is looked after to its end.

    An injector that was only stopped, and goes on after that, could still inject.
    """
    left = (expires - datetime.now(UTC)).total_seconds()
    reason = _wait([orders, told], left)
    if reason == "overdue":
        log.warning("run %s is overdue; undoing it", work.id)
        _revert(work)
        reason = _wait([orders, told], None)
    if reason == DONE.decode():
        return 0
    log.warning("run %s: %s; undoing it", work.id, reason)
    return _revert(work)


def _wait(descriptors: Sequence[int], seconds: float | None) -> str:
    """Return what happened: done, the end of the injector, TERM, or overdue after the time."""
    readable, _, _ = select.select(
        descriptors, [], [], seconds if seconds is None else max(0.0, seconds)
    )
    orders = descriptors[0]
    if orders in readable:
        said = os.read(orders, _PIECE)
        return DONE.decode() if said.strip() == DONE else "its process has gone"
    return "we were told to end" if readable else "overdue"


def _revert(work: Reverting) -> int:
    """Undo the run, again and again if need be; return 1 if time was up first."""
    work.pending, until = True, time.monotonic() + PATIENCE_S
    while work.pending and time.monotonic() < until:
        try:
            work.revert()
        except (AiopsError, OSError) as error:
            log.warning("%s", error)
        if work.pending:
            time.sleep(AGAIN_S)
    log.info("run %s: %s", work.id, "not undone" if work.pending else "undone")
    return int(work.pending)


def _wake_on_term() -> int:
    """Ignore INT and HUP; return a descriptor that becomes readable at TERM."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGTERM, lambda *_: None)
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    return reading


def _read_line(descriptor: int) -> bytes:
    """Return the first line; nothing if the pipe closes before its end."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return b""
        line += piece
    return line


def _answer(descriptor: int, text: str) -> None:
    with suppress(BrokenPipeError):  # whoever asked has gone, which its other pipe will tell
        os.write(descriptor, f"{text}\n".encode())
