"""The shop as seven processes on loopback, for as long as a `with` block lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from discovery import Target
from graph import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
HOST = "127.0.0.1"
START_S, STOP_S = 20.0, 5.0
NAMES = (*ROLES, "load")


@dataclass(frozen=True)
class Shop:
    """A running shop: where each service listens, and the processes themselves."""

    ports: Mapping[str, int]
    processes: dict[str, subprocess.Popen[bytes]]

    def targets(self) -> list[Target]:
        """Return what there is to scrape."""
        return [Target(name, name, f"{HOST}:{port}") for name, port in self.ports.items()]

    def get(self, service: str, path: str) -> str:
        """Return what `service` answers on `path`; as `urllib` does, raise what is no answer."""
        url = f"http://{HOST}:{self.ports[service]}{path}"
        with urllib.request.urlopen(url, timeout=STOP_S) as answer:
            return str(answer.read().decode())

    def kill(self, service: str) -> None:
        """End `service` at once, without a farewell."""
        self.processes[service].kill()
        self.processes[service].wait()


@contextmanager
def shop(
    folder: Path,
    *,
    port_base: int | None = None,
    rate: float = 12.0,
    changed: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[Shop]:
    """Start the six services and their load, wait until all are ready, and stop them at the end.

    Parameters
    ----------
    folder : Path
        Where their logs go, one file each.
    port_base : int, optional
        The port of the first; the others follow. Free ports by default.
    rate : float
        Users per second.
    changed : mapping, optional
        Service → environment variables of its own.

    Raises
    ------
    SystemExit
        If one of them ends or is not ready within 20 s.
    """
    chosen = (
        free_ports(len(NAMES)) if port_base is None else range(port_base, port_base + len(NAMES))
    )
    ports = dict(zip(NAMES, chosen, strict=True))
    common = os.environ | {
        "SHOP_PROFILE": "standard",
        "RATE": str(rate),
        **{f"{name.upper()}_URL": f"http://{HOST}:{port}" for name, port in ports.items()},
    }
    running = Shop(ports, {})
    with ExitStack() as stack:
        for group in (ROLES, ("load",)):  # users come when the doors are open
            for name in group:
                own = {"SHOP_SERVICE": name, "LISTEN_PORT": str(ports[name])}
                process = _start(name, folder, {**common, **own, **(changed or {}).get(name, {})})
                running.processes[name] = process
                stack.callback(_end, process)
                stack.callback(process.terminate)
            for name in group:
                _wait_ready(running, name, folder)
        yield running


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listened on a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _start(name: str, folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = HERE / ("load.py" if name == "load" else "service.py")
    with _log(name, folder).open("wb") as log:
        return subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-S", "-B", str(program)],  # -S: the standard library alone
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stderr=log,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_ready(running: Shop, name: str, folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and running.processes[name].poll() is None:
        try:
            running.get(name, "/ready")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{name} did not get ready; see {_log(name, folder)}")


def _log(name: str, folder: Path) -> Path:
    return folder / f"{name}.log"
