#!/usr/bin/env python3
"""Bring up the shop: as processes on this machine, or on a Kubernetes.

    python up.py processes [--port-base N] [--rate R] [--prometheus PORT]
    python up.py kubernetes --context NAME [--kubeconfig F] [--image IMG] [--prometheus PORT]
    python up.py down --context NAME [--kubeconfig F]
    python up.py manifests

Needs PyYAML besides the standard library; the services themselves need Python alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import cluster
from discovery import follow, write
from processes import HOST, shop
from scraping import configure, prometheus
from serving import stop_on_signals

MANIFESTS = Path(__file__).parent / "manifests"


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)  # noqa: T201  a program for people


def processes(options: argparse.Namespace) -> None:
    """Run the shop on loopback until INT or TERM."""
    stop = stop_on_signals()
    folder = _folder(options)
    with ExitStack() as stack:
        running = stack.enter_context(shop(folder, port_base=options.port_base, rate=options.rate))
        for name, port in running.ports.items():
            say(f"{name:9} http://{HOST}:{port}")
        write(folder, running.targets())
        _scrape(folder, options.prometheus, stack)
        stop.wait()


def kubernetes(options: argparse.Namespace) -> None:
    """Put the shop on a cluster; with --prometheus, scrape it until INT or TERM."""
    kubectl = _kubectl(options)
    cluster.up(kubectl, options.image, say)
    if options.prometheus:
        stop = stop_on_signals()
        folder = _folder(options)
        with ExitStack() as stack:
            stack.enter_context(follow(folder, kubectl))
            _scrape(folder, options.prometheus, stack)
            stop.wait()


def down(options: argparse.Namespace) -> None:
    """Take the shop off the cluster; its namespace stays."""
    cluster.down(_kubectl(options))


def manifests(_: argparse.Namespace) -> None:
    """Write the folder `manifests` anew."""
    for name, group in cluster.documents().items():
        (MANIFESTS / name).write_text(cluster.text(group))


def _scrape(folder: Path, port: int | None, stack: ExitStack) -> None:
    config = configure(folder)
    say(f"prometheus configuration {config}")
    if port:
        say(f"prometheus {stack.enter_context(prometheus(config, port))}")


def _folder(options: argparse.Namespace) -> Path:
    folder = options.out or Path(tempfile.mkdtemp(prefix="shop-"))
    folder.mkdir(parents=True, exist_ok=True)
    return Path(folder).resolve()


def _kubectl(options: argparse.Namespace) -> cluster.Kubectl:
    return cluster.Kubectl(options.context, options.namespace, options.kubeconfig)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Bring up the shop.")
    goals = parser.add_subparsers(required=True, metavar="GOAL")
    local = goals.add_parser("processes", help=processes.__doc__)
    local.add_argument("--port-base", type=int, help="port of the first; free ports by default")
    local.add_argument("--rate", type=float, default=12.0, help="users per second")
    local.set_defaults(goal=processes)
    remote = goals.add_parser("kubernetes", help=kubernetes.__doc__)
    remote.add_argument("--image", default=cluster.IMAGE, help="any Python >= 3.11")
    remote.set_defaults(goal=kubernetes)
    away = goals.add_parser("down", help=down.__doc__)
    away.set_defaults(goal=down)
    goals.add_parser("manifests", help=manifests.__doc__).set_defaults(goal=manifests)
    for one in (local, remote):
        one.add_argument("--out", type=Path, help="folder for logs and configuration")
        one.add_argument("--prometheus", type=int, metavar="PORT", help="run one on this port")
    for one in (remote, away):
        one.add_argument("--context", required=True, help="of the kubeconfig; there is no default")
        one.add_argument("--kubeconfig", type=Path)
        one.add_argument("--namespace", default=cluster.NAMESPACE)
    return parser


if __name__ == "__main__":
    chosen = _parser().parse_args()
    sys.exit(chosen.goal(chosen))
