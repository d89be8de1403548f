"""The collector itself: asks a cluster, and hands what it tells to the modules beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiops.clients.prometheus.series import milliseconds
from aiops.collectors.cadvisor import read_cadvisor
from aiops.collectors.kubernetes.happenings import happened, read_happening
from aiops.collectors.kubernetes.owners import Owners
from aiops.collectors.kubernetes.pods import births, conditions, deaths, restarts
from aiops.collectors.kubernetes.revisions import rollouts
from aiops.collectors.kubernetes.snapshot import Snapshot, look
from aiops.collectors.kubernetes.state import HISTORY, OWNED, read_state
from aiops.collectors.port import check_window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.types import Event


def _now() -> datetime:
    return datetime.now(UTC)


class KubernetesCollector:
    """Brings what happened in a cluster, and how it is now.

    Every method raises what the client raises: `Denied`, naming the right that is missing, and
    `Unreachable`.

    Parameters
    ----------
    client : KubernetesClient
        The cluster.
    namespaces : sequence of str
        Where to look; in the whole cluster when left out.
    nodes : bool
        Whether to read the nodes, too: their conditions, and what cAdvisor measures on them.
        Takes rights on the whole cluster: ``list nodes`` and ``get nodes/proxy``.
    now : callable
        Returns the present time, in UTC.
    """

    def __init__(
        self,
        client: KubernetesClient,
        namespaces: Sequence[str] = (),
        *,
        nodes: bool = True,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.client = client
        self.namespaces = tuple(namespaces)
        self.nodes = nodes
        self._now = now

    def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        """Return what happened from `start` until before `end`, in the order of time.

        Kinds: ``rollout`` (a new revision, and what it changed), ``scale``, ``restart`` and
        ``exit`` of a container, ``pod-start``, ``pod-stop``, ``node`` (a condition changed),
        ``warning`` and ``notice`` (Kubernetes' own events). An event's service is the workload
        that owns what it is about, None where that is not known.

        Raises
        ------
        InvalidInput
            If the window is none.
        """
        check_window(start, end)
        state = read_state(self.client, self.namespaces, (*OWNED, *HISTORY), nodes=self.nodes)
        told = [one for one in map(read_happening, state.of("Event")) if one is not None]
        owners = Owners(state.of(*OWNED, "ControllerRevision"), told)
        pods = state.of("Pod")
        found = [
            *rollouts(state, owners, told),
            *happened(told, owners),
            *births(pods, told, owners),
            *deaths(pods, told, owners),
            *restarts(pods, owners),
            *conditions(state.of("Node")),
        ]
        inside = (one for one in found if start <= one.time < end)
        return tuple(sorted(inside, key=lambda one: (one.time, one.kind, one.text)))

    def snapshot(self) -> Snapshot:
        """Return how the cluster is now; a node that does not answer is told in ``unread``."""
        state = read_state(self.client, self.namespaces, OWNED, nodes=self.nodes)
        time = self._now()
        nodes = [node["metadata"]["name"] for node in state.of("Node")]
        reading = read_cadvisor(self.client, nodes, milliseconds(time))
        return replace(look(state, time, reading.series), unread=reading.unread)
