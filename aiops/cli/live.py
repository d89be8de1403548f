"""The window of a living system that `aiops investigate --prometheus` looks at, read and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiops.cli.moments import is_clock, moment, span
from aiops.cli.output import say
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiops.collectors.freezing import Frozen, Sources
    from aiops.collectors.window import Window
    from aiops.settings import Prometheus, Settings

CASES = Path("cases")


@dataclass(frozen=True, slots=True)
class Live:
    """What the options say of a window and of where to read it.

    Attributes
    ----------
    at, length, step : str
        As they were typed; the step is chosen when it is None.
    calls : Path or None
        The call graph; looked for in the metrics and the cluster when None.
    context, kubeconfig, namespaces
        The cluster, where one is named.
    pod_logs : bool
        Whether to read what its pods printed.
    save : Path or None
        Where the case goes; a folder below `CASES` when None.
    """

    access: Prometheus
    at: str
    length: str
    step: str | None = None
    queries: Path | None = None
    calls: Path | None = None
    logs: tuple[str, ...] = ()
    context: str | None = None
    kubeconfig: Path | None = None
    namespaces: tuple[str, ...] = ()
    pod_logs: bool = False
    save: Path | None = None

    def __post_init__(self) -> None:
        of_cluster = self.kubeconfig is not None or self.namespaces or self.pod_logs
        if self.context is None and of_cluster:
            raise InvalidInput(
                "no cluster is assumed by --namespace, --kubeconfig and --pod-logs; "
                "add --context NAME"
            )
        if self.calls is not None and not self.calls.is_file():
            raise InvalidInput(f"--calls {self.calls}: there is no such file")

    def window(self, now: datetime) -> Window:
        """Return which window is meant, and say how a time of day was read.

        Raises
        ------
        InvalidInput
            If the time or the length is none, or the time lies in the future.
        """
        from aiops.collectors.window import Window

        noticed = moment(self.at, now=now)
        if is_clock(self.at):
            local = noticed.astimezone().isoformat(timespec="seconds")
            say(f"{self.at} is taken as {local}, by this machine's clock and zone", err=True)
        return Window.around(noticed, span(self.length), now=now)

    def read(self, settings: Settings, tell: Callable[[str], None]) -> Frozen:
        """Read the window.

        Raises
        ------
        AiopsError
            Whatever the Prometheus, the cluster or a file raises.
        """
        from aiops.cli.prometheus import open_client
        from aiops.collectors.freezing import Freezer

        window = self.window(datetime.now(UTC))
        step_s = None if self.step is None else span(self.step).total_seconds()
        if self.save is not None:
            _refuse_taken(self.save)
        folder = self.save or _free(CASES, f"{window.noticed:%Y%m%dT%H%M%SZ}")
        name = folder.resolve().name  # "." has none
        sources = self._sources()
        with open_client(self.access) as client:
            freezer = Freezer(client, self._settings(settings), sources, tell)
            return freezer.freeze(window, case_id=name, step_s=step_s)

    def folder(self, read: Frozen) -> Path:
        """Return where the case of `read` belongs."""
        return self.save or CASES / read.case.id

    def _settings(self, settings: Settings) -> Settings:
        if self.calls is None:
            return settings
        calls = settings.calls.model_copy(update={"file": self.calls})
        return settings.model_copy(update={"calls": calls})

    def _sources(self) -> Sources:
        from aiops.collectors.freezing import Sources
        from aiops.collectors.prometheus import load_queries

        sources = Sources(queries=load_queries(self.queries) if self.queries else None)
        if self.logs:
            from aiops.collectors.logs import LogFileCollector

            sources = replace(sources, logs=(LogFileCollector.at(self.logs),))
        return sources if self.context is None else self._with_cluster(sources, self.context)

    def _with_cluster(self, sources: Sources, context: str) -> Sources:
        from aiops.clients.kubernetes import KubernetesClient
        from aiops.collectors.kubernetes import KubernetesCollector
        from aiops.collectors.podlogs import PodLogCollector

        cluster = KubernetesClient.connect(self.kubeconfig, context)
        pods = (PodLogCollector(cluster, self.namespaces),) if self.pod_logs else ()
        return replace(
            sources,
            cluster=cluster,
            namespaces=self.namespaces,
            events=(KubernetesCollector(cluster, self.namespaces),),
            logs=(*sources.logs, *pods),
        )


def _refuse_taken(folder: Path) -> None:
    """Refuse, before anything is asked, a folder that the case could not be written into."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidInput(f"--save {folder} exists already; choose a new or an empty folder")


def _free(parent: Path, name: str) -> Path:
    """Return a folder of that name, numbered where there is one already."""
    folder, count = parent / name, 1
    while folder.exists():
        count += 1
        folder = parent / f"{name}-{count}"
    return folder
