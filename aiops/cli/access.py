"""Where experiments run, as options of the command line: a simulator, or one cluster by its name."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.proving.kubernetes import Access
    from chaos.backend import Backend

JOURNAL_FILE = "journal.jsonl"
OUT = Path("out")

SIMULATED = "shop"
"""The namespace of the simulated shop."""


class Place(StrEnum):
    """Where the faults are injected."""

    SIM = "sim"
    K8S = "k8s"


BackendOption = Annotated[
    Place, typer.Option("--backend", help="A simulated shop, or a real cluster.")
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context", metavar="NAME", help="Context of the kubeconfig; a cluster is never assumed."
    ),
]
Kubeconfig = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="$KUBECONFIG or ~/.kube/config when left out."),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NS", help="What is struck and measured.")
]
Prometheus = Annotated[str | None, typer.Option(metavar="URL", help="Who measures the cluster.")]
QueriesFile = Annotated[
    Path | None,
    typer.Option("--queries", metavar="FILE", help="TOML: what to ask Prometheus for."),
]
JanitorImage = Annotated[
    str | None,
    typer.Option(
        metavar="IMAGE",
        help="Arm a janitor in the cluster, from an image with Python 3: it undoes the fault even "
        "if this machine is gone.",
    ),
]


@dataclass(frozen=True, slots=True)
class Where:
    """What the options above say, together."""

    place: Place
    context: str | None = None
    kubeconfig: Path | None = None
    namespace: str = SIMULATED
    prometheus: str | None = None
    queries: Path | None = None
    janitor_image: str | None = None

    def __post_init__(self) -> None:
        real = (self.context, self.kubeconfig, self.prometheus, self.queries, self.janitor_image)
        if self.place is Place.SIM and any(option is not None for option in real):
            raise InvalidInput(
                "--context, --kubeconfig, --prometheus, --queries and --janitor-image are for a "
                "real cluster; add --backend k8s"
            )
        if self.place is Place.SIM and self.namespace != SIMULATED:
            raise InvalidInput(
                f"the simulated shop is in namespace {SIMULATED}, not {self.namespace}; leave "
                "--namespace out, or add --backend k8s"
            )
        if (self.prometheus is None) != (self.queries is None):
            raise InvalidInput("--prometheus and --queries need each other; give both")

    def access(self) -> Access:
        """Return how to reach the cluster.

        Raises
        ------
        InvalidInput
            If no context is named.
        """
        from aiops.proving.kubernetes import Access

        if self.context is None:
            file = self.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
            raise InvalidInput(
                f"no cluster is struck by default; name one of the contexts of {file}: "
                "--context NAME"
            )
        return Access(
            self.context,
            self.kubeconfig,
            self.namespace,
            self.prometheus,
            self.queries,
            self.janitor_image,
        )

    def refuse_unmeasured(self) -> None:
        """Refuse, before anything is waited for, a cluster that nobody measures.

        Raises
        ------
        InvalidInput
            If no context or no Prometheus is named.
        """
        if self.place is Place.K8S and self.access().prometheus is None:
            raise InvalidInput("nothing is measured here; give --prometheus URL and --queries FILE")

    @contextmanager
    def open(self, journal: Path, *, seed: int) -> Iterator[Backend]:
        """Open the backend; `seed` is that of a simulated shop.

        Raises
        ------
        InvalidInput
            If the cluster is not named, or cannot be spoken to.
        """
        if self.place is Place.SIM:
            from chaos.backend import SimBackend
            from chaos.simulation.simulator import Simulator

            yield SimBackend(Simulator(seed))
            return
        from aiops.proving.kubernetes import open_cluster

        with open_cluster(self.access(), journal) as backend:
            yield backend
