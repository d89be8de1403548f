"""A real Prometheus on loopback for as long as a `with` block lasts, filled by remote write.

Remote write takes any time that is not far behind the newest sample, so data of weeks is written
in the order of time: all series of one stretch, then those of the next.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cramjam
import numpy as np
import pytest

from aiops.clients.prometheus import wire

MISSING = tuple(name for name in ("prometheus", "promtool") if shutil.which(name) is None)
needs_prometheus = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED against a real Prometheus: no {' and no '.join(MISSING)}"
)

HOST = "127.0.0.1"
START_S, STOP_S = 30.0, 10.0
MOST_SAMPLES = 500_000
"""In one request."""

_SAMPLE = np.dtype([("head", "u1", 3), ("value", "<f8"), ("tag", "u1"), ("time", "u1", 6)])


@dataclass(frozen=True)
class Server:
    """A running Prometheus."""

    url: str
    pid: int
    folder: Path

    def write(self, series):
        """Write (labels with ``__name__``, times in int64 ms, float64 values) of each series."""
        messages, samples = [], 0
        for labels, times, values in series:
            messages.append(wire.delimited(1, _series(labels, times, values)))
            samples += len(times)
            if samples >= MOST_SAMPLES:
                self._send(messages)
                messages, samples = [], 0
        if messages:
            self._send(messages)

    def cpu_s(self):
        """Return the CPU seconds that the process has used, in all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _send(self, messages):
        body = bytes(cramjam.snappy.compress_raw(b"".join(messages)))
        headers = {
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        request = urllib.request.Request(  # noqa: S310  always our own loopback
            f"{self.url}/api/v1/write", data=body, headers=headers
        )
        try:
            urllib.request.urlopen(request, timeout=120).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            raise AssertionError(f"Prometheus refuses: {error.read()[:500]!r}") from None


@contextmanager
def prometheus_server(folder, *, config=None, rules=None, flags=(), port=None):
    """Run a Prometheus whose files are below `folder`, which must exist; a `Server` is what comes.

    `config` is the text of its configuration; nothing is scraped when it is left out. `rules`, if
    given, becomes ``rules.yml`` beside it, which `config` must name.
    """
    folder, port = Path(folder), port or free_port()
    (folder / "prometheus.yml").write_text(config or "global: {}\n")
    if rules is not None:
        (folder / "rules.yml").write_text(rules)
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                shutil.which("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address={HOST}:{port}",
                "--web.enable-remote-write-receiver",
                *flags,
            ],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        url = f"http://{HOST}:{port}"
        _wait_ready(url, process, log)
        yield Server(url, process.pid, folder)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    """Return a port of loopback that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def _wait_ready(url, process, log):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"not ready after {START_S} s: {log.read_text()[-2000:]}")


def _series(labels, times, values):
    text = b"".join(
        wire.delimited(1, wire.delimited(1, name.encode()) + wire.delimited(2, value.encode()))
        for name, value in sorted(labels.items())
    )
    rows = np.empty(len(times), _SAMPLE)
    rows["head"], rows["tag"] = (0x12, 16, 0x09), 0x10
    rows["value"] = values
    groups = np.asarray(times, np.int64)[:, None] >> (7 * np.arange(6)) & 0x7F
    groups[:, :-1] |= 0x80
    rows["time"] = groups
    return text + rows.tobytes()
