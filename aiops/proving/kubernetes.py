"""A real cluster as a backend: struck through its API server, measured by its Prometheus."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from aiops.clients.kubernetes import KubernetesClient
from aiops.clients.prometheus import PrometheusClient
from aiops.collectors.prometheus import PrometheusCollector, load_queries
from aiops.proving.tools import RESTARTED_AT
from aiops.suggest import did_you_mean
from aiops.types import InvalidExperiment, InvalidInput
from chaos.cluster import ObjectRef
from chaos.janitor import Janitor
from chaos.janitor import sweep as sweep_janitors
from chaos.live import LiveCluster
from chaos.patch import put
from chaos.runs import Alert
from chaos.safety import OPT_IN, ClusterScope, RunLease
from chaos.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

    from chaos.backend import Backend
    from chaos.experiment import Guardian
    from chaos.probes import Queries
    from chaos.safety import Scope

STEP_S: Final = 2.0
"""Seconds from one sample to the next."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a cluster and its measurements.

    Attributes
    ----------
    context : str
        Of the kubeconfig; there is no default.
    kubeconfig : Path or None
        None takes ``$KUBECONFIG``, or ``~/.kube/config``.
    namespace : str
        What is struck and measured.
    prometheus : str or None
        Address of its Prometheus; None where nothing is measured.
    queries : Path or None
        The file that says what to ask it; see `aiops.collectors.prometheus.load_queries`.
    janitor_image : str or None
        An image with Python 3 for the janitor; None where no janitor is wanted.
    """

    context: str
    kubeconfig: Path | None
    namespace: str
    prometheus: str | None = None
    queries: Path | None = None
    janitor_image: str | None = None


class KubernetesBackend:
    """A namespace of a real cluster; implements `chaos.backend.Backend`."""

    name: Literal["k8s"] = "k8s"
    step_s = STEP_S

    def __init__(
        self,
        access: Access,
        client: KubernetesClient,
        collector: PrometheusCollector | None,
        journal: Path,
    ) -> None:
        self.system = access.namespace
        self.client = client
        self.cluster = LiveCluster(client)
        self.scope: Scope = ClusterScope(self.cluster)
        self.topology = collector.topology if collector else ()
        self.entries = collector.entries if collector else ()
        self.queries: Queries | None = collector.client if collector else None
        self._collector = collector
        self._access = access
        self._journal = journal

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def metrics(self, since: datetime) -> pd.DataFrame:
        """Return what Prometheus has from `since` until now, on a grid of whole steps.

        Raises
        ------
        InvalidInput
            If no Prometheus is known.
        """
        if self._collector is None:
            raise InvalidInput("nothing is measured here; give --prometheus URL and --queries FILE")
        step = timedelta(seconds=STEP_S)
        begin = datetime.fromtimestamp(since.timestamp() // STEP_S * STEP_S, tz=UTC) + step
        end = max(datetime.now(UTC), begin + 3 * step)
        return self._collector.metrics(begin, end, STEP_S)

    def alerts(self, since: datetime) -> tuple[Alert, ...] | None:
        """Return the alerts of the system's own rules; None where there is no Prometheus."""
        if self._collector is None:
            return None
        found = self._collector.client.alerts(since, datetime.now(UTC), STEP_S)
        return tuple(Alert(one.name, one.start, one.end, dict(one.labels)) for one in found)

    def guardians(self) -> tuple[Guardian, ...]:
        """Return a watchdog on this machine, and a janitor in the cluster if one is wanted."""
        access = self._access
        watchdog = Watchdog(access.kubeconfig, access.context, self._journal)
        if access.janitor_image is None:
            return (watchdog,)
        return (Janitor(self.client, image=access.janitor_image), watchdog)

    def lease(self, run: str) -> RunLease:
        """Return the lease of the namespace."""
        return RunLease(self.client, self.system, run, lambda: self.cluster.now)

    def disturb(self, decoy: str, service: str, seed: int) -> None:
        """Restart the pods of a service one after the other, as a deployment does."""
        del seed
        if decoy != "rollout":
            raise InvalidExperiment(
                f"a real cluster has no change {decoy!r}; {did_you_mean(decoy, ['rollout'])}"
            )
        ref = ObjectRef("Deployment", self.system, service)
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        self.cluster.patch(ref, put(self.cluster.get(ref), RESTARTED_AT, stamp))


@contextmanager
def open_cluster(access: Access, journal: Path) -> Iterator[KubernetesBackend]:
    """Connect to a cluster and its Prometheus, and leave both in the end.

    Raises
    ------
    InvalidInput
        If the kubeconfig, the context, or the file of queries cannot be used.
    """
    client = KubernetesClient.connect(access.kubeconfig, access.context)
    if access.prometheus is None:
        yield KubernetesBackend(access, client, None, journal)
        return
    if access.queries is None:
        raise InvalidInput("which metrics to ask Prometheus for is not known; give --queries FILE")
    queries = load_queries(access.queries)
    with closing(PrometheusClient(access.prometheus)) as prometheus:
        collector = PrometheusCollector(prometheus, queries)
        yield KubernetesBackend(access, client, collector, journal)


def opted_in(backend: Backend) -> tuple[str, ...]:
    """Return the namespaces that allow faults."""
    found = backend.cluster.list("Namespace", "", {OPT_IN: "true"})
    return tuple(str(one["metadata"]["name"]) for one in found)


def sweep(backend: Backend, namespaces: Iterable[str]) -> tuple[str, ...]:
    """Take away what janitors left in namespaces whose work is over; return what it was."""
    if not isinstance(backend, KubernetesBackend):
        return ()
    return tuple(name for space in namespaces for name in sweep_janitors(backend.client, space))
