"""The watchdog: a second process that undoes a run whose own process has gone.

`Watchdog` is what an experiment arms. It starts ``python -m chaos.watchdog`` in a session of its
own and holds the only writing end of a pipe to it. When that end closes without a word, whoever
held it has died, and the watchdog undoes what the journal planned; so it does when the run is
overdue. It does not survive its host: for that there are marks and the janitor.
"""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiops.types import InvalidExperiment
from chaos.watching import DONE, READY, Order, watch

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from chaos.plan import Plan

log = logging.getLogger(__name__)

READY_S: Final = 30.0
"""So long a watchdog may take to get ready, s."""

GONE_S: Final = 5.0
"""So long it may take to end once it was let go, s."""


class Watchdog:
    """A guardian on this machine; implements `chaos.experiment.Guardian`.

    Parameters
    ----------
    kubeconfig : Path or None
        As `KubernetesClient.connect` takes it.
    context : str
        Of the kubeconfig.
    journal_path : Path
        The journal of the runs; the watchdogs' log, ``watchdog.log``, is kept beside it.
    """

    def __init__(self, kubeconfig: Path | None, context: str, journal_path: Path) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self.journal_path = journal_path
        self.log_path = journal_path.with_name("watchdog.log")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def arming_s(self) -> float:
        """How long it may take to get ready, s."""
        return READY_S

    def arm(self, run: str, plan: Plan, expires: datetime) -> None:  # noqa: ARG002  it is journalled
        """Start a watchdog for a run; return once it is ready to undo it.

        Raises
        ------
        InvalidExperiment
            If it does not get ready.
        """
        order = Order(run, self.journal_path, self.kubeconfig, self.context, expires)
        process = self._processes[run] = self.spawn()
        with suppress(BrokenPipeError):
            _write(process, order.to_line())
        said = _first_line(process, READY_S)
        if said != READY:
            process.kill()
            raise InvalidExperiment(
                f"the watchdog of run {run} did not get ready: "
                f"{said or f'it said nothing within {READY_S:.0f} s'}; see {self.log_path}"
            )

    def disarm(self, run: str) -> None:
        """Let the watchdog of a run go; none is fine."""
        process = self._processes.pop(run, None)
        if process is None:
            return
        with suppress(BrokenPipeError):
            _write(process, DONE + b"\n")
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            process.wait(GONE_S)
        except subprocess.TimeoutExpired:
            log.warning("the watchdog of run %s is still at work; see %s", run, self.log_path)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Return a new watchdog process that waits for its `Order`.

        It is handed no argument that says anything, no folder to import from, and of our open
        files none but the pipes and its log.
        """
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "chaos.watchdog"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )


def _write(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line)


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> str:
    """Return the first line a process prints, without its end; what there is when time is up."""
    if process.stdout is None:
        return ""
    descriptor, said, until = process.stdout.fileno(), b"", time.monotonic() + seconds
    while not said.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
        piece = os.read(descriptor, 4096) if readable else b""
        if not piece:
            break
        said += piece
    return said.decode("utf-8", "replace").strip()


if __name__ == "__main__":
    sys.exit(watch(0, 1))
