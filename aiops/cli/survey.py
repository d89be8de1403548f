"""What a Prometheus holds that the toolkit can use, and the settings that fit it: pure reading.

What the settings already say is kept. Labels are proposed only where that maps more series.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops.collectors.callgraph import collect_calls, from_kubernetes, merged
from aiops.collectors.inventory.taking import take_inventory
from aiops.collectors.signals.planning import golden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.callgraph import CallGraph
    from aiops.collectors.inventory.families import Family
    from aiops.collectors.inventory.taking import Inventory
    from aiops.collectors.kinds import SignalKind
    from aiops.settings import Labels, Settings

FURTHER = (
    "application",
    "app_name",
    "svc",
    "microservice",
    "component",
    "container",
    "task",
    "name",
)
"""Labels that often name a service, tried where none of the settings' labels does."""

Cluster = tuple["KubernetesClient", "Sequence[str]"]
"""A cluster, and the namespaces of it to read (all, when none is named)."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What was found between two moments; `settings` are those that fit it.

    Attributes
    ----------
    added : tuple of str
        Labels that the settings did not name and that map more series.
    version : str
        The server's; "" where it does not say.
    missing : mapping
        Service → the golden signals that nothing tells of it.
    """

    start: datetime
    end: datetime
    version: str
    settings: Settings
    added: tuple[str, ...]
    inventory: Inventory
    missing: Mapping[str, tuple[SignalKind, ...]]
    calls: CallGraph

    @property
    def deciding(self) -> dict[str, tuple[int, frozenset[str]]]:
        """Label → how many metrics it puts down to a service, and to which services."""
        metrics: Counter[str] = Counter()
        services: dict[str, set[str]] = {}
        for family in self.inventory.families:
            for label, names in _deciding(family).items():
                metrics[label] += 1
                services.setdefault(label, set()).update(names)
        return {
            label: (count, frozenset(services[label])) for label, count in metrics.most_common()
        }


def survey(
    client: PrometheusClient,
    settings: Settings,
    end: datetime,
    window: timedelta,
    *,
    cluster: Cluster | None = None,
) -> Survey:
    """Read what there was in the `window` before `end`.

    Raises
    ------
    AiopsError
        Whatever the Prometheus or the cluster answers; `NotEnoughData` where there is no series.
    """
    start = end - window
    inventory = take_inventory(client, settings.labels, start, end)
    added = tuple(_further(inventory, settings.labels))
    if added:
        inventory = take_inventory(client, _with(settings.labels, added), start, end)
        used = {label for family in inventory.families for label in _deciding(family)}
        added = tuple(label for label in added if label in used)
        settings = settings.model_copy(update={"labels": _with(settings.labels, added)})
    services = inventory.services
    window_s = window / timedelta(seconds=1)
    calls = collect_calls(client, settings, end, window_s, services=services)
    if cluster is not None:
        calls = merged(calls, from_kubernetes(*cluster, services=services))
    return Survey(
        start, end, client.version(), settings, added, inventory, golden(inventory), calls
    )


def _with(labels: Labels, added: Sequence[str]) -> Labels:
    return labels.model_copy(update={"service": (*labels.service, *added)})


def _further(inventory: Inventory, labels: Labels) -> Iterator[str]:
    """Yield the labels that series which are nobody's have, and that often name a service."""
    waiting = [family for family in inventory.unmapped if not family.subject.sources]
    for label in FURTHER:
        if label not in labels.service and any(label in family.labels for family in waiting):
            yield label


def _deciding(family: Family) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for service, owner in family.owners.items():
        for origin in owner.origins:
            found.setdefault(family.subject.sources[origin.source].label, set()).add(service)
    return found
