"""Pod logs as a source: what the containers of a namespace have printed, by workload.

All containers of a pod are read, those of init and of debugging among them, and what a restarted
one printed in its life before: Kubernetes keeps no more than one. Pods that are gone have taken
their logs with them; for these one needs log files or a log store. One call is made for each
container, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.clients.kubernetes import NotFound, Rejected
from aiops.collectors.kubernetes.owners import Owners
from aiops.collectors.kubernetes.state import OWNED, Ref, read_state
from aiops.collectors.logs.blocks import lines_of
from aiops.collectors.logs.frame import Kept, Window, as_frame, keep
from aiops.collectors.logs.joining import Joiner
from aiops.collectors.logs.lines import form_of
from aiops.collectors.logs.rates import level_rates
from aiops.collectors.logs.stamps import Clock
from aiops.collectors.port import check_window
from aiops.errors import InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pandas as pd

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.collectors.kubernetes.state import Document
    from aiops.collectors.logs.joining import Counts

_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


@dataclass(frozen=True, slots=True)
class Printed:
    """One life of one container, whose log can be asked for; `previous` is the one before."""

    pod: Ref
    container: str
    previous: bool
    service: str

    def __str__(self) -> str:
        """Write it as errors name it: ``shop/cart-0 app``, or ``shop/cart-0 app (previous)``."""
        previous = " (previous)" if self.previous else ""
        return f"{self.pod.namespace}/{self.pod.name} {self.container}{previous}"


@dataclass(frozen=True, slots=True)
class ContainerReport:
    """What was found in one log.

    Attributes
    ----------
    printed : Printed
        Whose log it is.
    form : str
        How most of its lines are written: ``api iso``, ``api json``, …
    counts : Counts
        What became of the lines that were read.
    entries, without_level, masked : int
        The entries in the window; those of them that name no level, or had a secret.
    cut : bool
        Whether there may have been more lines in the window than were asked for.
    """

    printed: Printed
    form: str
    counts: Counts
    entries: int
    without_level: int
    masked: int
    cut: bool


@dataclass(frozen=True, eq=False)  # a frame equal to another is a frame of booleans
class FoundPodLogs:
    """The logs of a window, what was found in each log, and why some could not be read."""

    frame: pd.DataFrame
    containers: tuple[ContainerReport, ...]
    unread: tuple[str, ...]


class PodLogCollector:
    """Brings what the pods of some namespaces have printed.

    Parameters
    ----------
    client : KubernetesClient
        The cluster; it takes the rights to list what owns pods and ``get pods/log``.
    namespaces : sequence of str
        Where; all when empty.
    tail : int
        How many lines of one container are read at most, the last ones.
    field : str, optional
        The key of JSON and logfmt lines that holds the service; it comes before the workload.
    mask : bool
        Whether to take out what looks like a secret; see `aiops.collectors.logs.masking`.

    Raises
    ------
    InvalidInput
        If `tail` is not above 0.
    """

    def __init__(
        self,
        client: KubernetesClient,
        namespaces: Sequence[str],
        *,
        tail: int = 50_000,
        field: str | None = None,
        mask: bool = True,
    ) -> None:
        if tail < 1:
            raise InvalidInput(f"tail is {tail}; read at least one line of each container")
        self.client = client
        self.namespaces = tuple(namespaces)
        self.tail = tail
        self.field = field
        self.mask = mask

    def logs(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Return what was printed from `start` on and before `end`: service, level, message.

        Raises
        ------
        InvalidInput
            If the window is none.
        Denied
            If pods or their logs may not be read; the text names the right.
        Unreachable
            If the API server does not answer. A node that does not is told by `read`.
        """
        return self.read(start, end).frame

    def metrics(self, start: datetime, end: datetime, step_s: float) -> pd.DataFrame:
        """Return how often each service has logged, and of errors, as `level_rates` says.

        Raises
        ------
        InvalidInput, NotEnoughData, InvalidMetrics, Denied, Unreachable
            As `logs` and `level_rates` do.
        """
        check_window(start, end)
        return level_rates(self.logs(start - timedelta(seconds=step_s), end), start, end, step_s)

    def read(self, start: datetime, end: datetime) -> FoundPodLogs:
        """Return the logs of a window with a report on each container; see `logs`."""
        window = Window.between(start, end)
        state = read_state(self.client, self.namespaces, OWNED, nodes=False)
        owners = Owners(state.of(*OWNED))
        parts, reports, unread = [], [], []
        for printed in _printed(state.of("Pod"), owners):
            try:
                text = self._text(printed, start)
            except (NotFound, Rejected, Unreachable) as error:
                unread.append(f"{printed}: {error}")
                continue
            kept, report = self._entries(printed, text, window)
            parts += [one.entries for one in kept]
            reports.append(report)
        return FoundPodLogs(as_frame(parts), tuple(reports), tuple(unread))

    def _text(self, printed: Printed, start: datetime) -> str:
        pod = printed.pod
        return self.client.logs(
            pod.namespace,
            pod.name,
            printed.container,
            since=start,
            tail=self.tail,
            previous=printed.previous,
            timestamps=True,
        )

    def _entries(
        self, printed: Printed, text: str, window: Window
    ) -> tuple[list[Kept], ContainerReport]:
        lines, _ = lines_of(text.encode())
        form = form_of(lines, Clock(), field=self.field, stamped=True)
        joiner = Joiner()
        found = [joiner.feed(form.read(lines, first=True)), joiner.close()]
        kept = [keep(part, printed.service, window, mask=self.mask) for part in found]
        return kept, ContainerReport(
            printed=printed,
            form=form.name,
            counts=joiner.counts,
            entries=sum(len(one.entries) for one in kept),
            without_level=sum(one.without_level for one in kept),
            masked=sum(one.masked for one in kept),
            cut=len(lines) >= self.tail,
        )


def _printed(pods: Sequence[Document], owners: Owners) -> Iterator[Printed]:
    """Yield every log that there is, those of former lives first."""
    for pod in sorted(pods, key=Ref.of):
        ref = Ref.of(pod)
        service = owners.service(ref) or ref.name
        told = pod.get("status") or {}
        for status in (one for key in _STATUSES for one in told.get(key) or ()):
            if status.get("restartCount") and "terminated" in (status.get("lastState") or {}):
                yield Printed(ref, status["name"], previous=True, service=service)
            if "waiting" not in (status.get("state") or {}):
                yield Printed(ref, status["name"], previous=False, service=service)
