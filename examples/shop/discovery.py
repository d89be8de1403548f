"""Where Prometheus finds the shop: two files of targets, kept up to date.

``pods.json`` names whatever runs, ``ready.json`` only what may be asked. Files serve any build of
Prometheus (Debian's knows no Kubernetes) and keep the cluster's credentials with `kubectl`.
"""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calling import PORT
from graph import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cluster import Kubectl

USERS = "users"
AGAIN_S = 1.0
FIELDS = (
    ".type",
    ".object.metadata.labels.app",
    ".object.metadata.name",
    ".object.status.podIP",
    ".object.status.phase",
    '.object.status.conditions[?(@.type=="Ready")].status',
)


@dataclass(frozen=True)
class Target:
    """One thing to scrape; `service` is the one of the six, or ``load``."""

    service: str
    pod: str
    address: str
    ready: bool = True


def write(folder: Path, targets: Iterable[Target]) -> None:
    """Write both files; a reader sees the old one or the new one, never half of one."""
    targets = list(targets)
    ready = [one for one in targets if one.ready and one.service in ROLES]
    for name, chosen in (("pods.json", targets), ("ready.json", ready)):
        fresh = folder / f".{name}"
        fresh.write_text(json.dumps([_entry(one) for one in chosen], indent=1))
        fresh.replace(folder / name)


def _entry(target: Target) -> dict[str, object]:
    service = target.service if target.service in ROLES else USERS
    return {"targets": [target.address], "labels": {"service": service, "pod": target.pod}}


@contextmanager
def follow(folder: Path, kubectl: Kubectl) -> Iterator[None]:
    """Keep the files as the cluster is, for the length of the block."""
    stop = threading.Event()
    write(folder, [])
    thread = threading.Thread(target=_follow, args=(folder, kubectl, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(folder: Path, kubectl: Kubectl, stop: threading.Event) -> None:
    """Watch until `stop`, and again whenever a watch ends; meanwhile the last targets stay."""
    while not stop.is_set():
        pods: dict[str, Target] = {}
        with _watch(kubectl) as watch:
            ending = threading.Thread(target=_end_with, args=(watch, stop))
            ending.start()
            for line in watch.stdout or ():
                kind, *fields = line.rstrip("\n").split("|")
                target = read(*fields)
                pods.pop(target.pod, None)
                if kind != "DELETED" and target.address:
                    pods[target.pod] = target
                write(folder, pods.values())
            ending.join()
        stop.wait(AGAIN_S)


def read(service: str, pod: str, address: str, phase: str, ready: str) -> Target:
    """Read the fields of a pod; one that has ended, or has no address yet, has none.

    >>> read("cart", "cart-1", "10.0.0.7", "Running", "True")
    Target(service='cart', pod='cart-1', address='10.0.0.7:8080', ready=True)
    """
    alive = address and phase not in {"Succeeded", "Failed"}
    return Target(service, pod, f"{address}:{PORT}" if alive else "", ready == "True")


def _watch(kubectl: Kubectl) -> subprocess.Popen[str]:
    line = "|".join(f"{{{field}}}" for field in FIELDS) + '{"\\n"}'
    what = ("get", "pods", "-l", "part-of=shop", "--watch", "--output-watch-events")
    return subprocess.Popen(  # noqa: S603  a list of arguments, no shell
        kubectl.command(*what, "-o", f"jsonpath={line}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _end_with(watch: subprocess.Popen[str], stop: threading.Event) -> None:
    while watch.poll() is None:
        if stop.wait(0.2):
            watch.terminate()
            return
