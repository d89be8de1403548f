"""A real Prometheus for the shop, on loopback, for as long as a `with` block lasts."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from processes import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).parent / "prometheus"
START_S, STOP_S = 20.0, 10.0


def configure(folder: Path) -> Path:
    """Put the configuration and the alert rules into `folder`, where the targets are."""
    shutil.copy(TEMPLATES / "alerts.yml", folder)
    return Path(shutil.copy(TEMPLATES / "prometheus.yml", folder))


@contextmanager
def prometheus(config: Path, port: int) -> Iterator[str]:
    """Run `prometheus` for the length of the block; its address is what comes.

    Raises
    ------
    SystemExit
        If the program is not installed, or is not ready within 20 s.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("there is no `prometheus` on the PATH: install it, or go without")
    url, log = f"http://{HOST}:{port}", config.parent / "prometheus.log"
    with (
        tempfile.TemporaryDirectory(prefix="shop-prometheus-") as data,
        log.open("wb") as output,
    ):
        process = subprocess.Popen(  # noqa: S603  a list of arguments, no shell
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={data}",
                f"--web.listen-address={HOST}:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_ready(process, url, log)
            yield url
        finally:
            process.terminate()
            process.wait(STOP_S)


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()  # noqa: S310  always http
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"prometheus did not get ready; see {log}")
