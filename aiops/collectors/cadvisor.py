"""What cAdvisor measures of each pod, read through the API server: no agent, no Prometheus.

A node's kubelet keeps CPU, memory and throttling of every container and pod. Samples come with
cAdvisor's own times, which may be tens of seconds old. Takes the right ``get nodes/proxy``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from aiops.clients.kubernetes import NotFound, Rejected
from aiops.clients.prometheus.series import NAME, RawSeries
from aiops.collectors.raw.exposition import parse_exposition
from aiops.types import InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from aiops.clients.kubernetes import KubernetesClient

COUNTERS = {
    "container_cpu_usage_seconds_total": "cpu",
    "container_cpu_cfs_throttled_seconds_total": "throttling",
}
"""Counters, and what their rates are called: cores in use, cores waited for."""

GAUGES = {"container_memory_working_set_bytes": "memory"}

_PAUSE = ("", "POD")
"""Names of what is no container of the pod's own: the pod as a whole, its pause container."""

_Key = tuple[str, str, str]
"""Metric, namespace and pod."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the nodes told.

    Attributes
    ----------
    series : tuple of RawSeries
        One sample each; labels ``__name__``, ``namespace`` and ``pod``.
    unread : tuple of str
        Why a node told nothing, one line for each that did not.
    """

    series: tuple[RawSeries, ...]
    unread: tuple[str, ...] = ()


def read_cadvisor(client: KubernetesClient, nodes: Sequence[str], at_ms: int) -> Reading:
    """Return CPU, memory and throttling of every pod on `nodes`.

    A node that does not answer is reported, and the others are read all the same.

    Raises
    ------
    Denied
        If we may not: the text names ``nodes/proxy``.
    """
    series: list[RawSeries] = []
    unread: list[str] = []
    for node in nodes:
        path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/metrics/cadvisor"
        try:
            told = parse_exposition(client.raw(path), at_ms, only=[*COUNTERS, *GAUGES])
        except (Unreachable, NotFound, Rejected, InvalidInput) as error:
            unread.append(f"node {node}: {error}")
        else:
            series += filter(_is_measured, told)
    return Reading(tuple(by_pod(series)), tuple(unread))


def by_pod(series: Iterable[RawSeries]) -> list[RawSeries]:
    """Return one series per metric and pod.

    The kubelet measures the pod as a whole, too; where it does not (some container runtimes), its
    containers are added. The sum is as old as its newest part.
    """
    pods: dict[_Key, RawSeries] = {}
    parts: dict[_Key, list[RawSeries]] = defaultdict(list)
    for each in series:
        labels = each.labels
        key = (labels[NAME], labels.get("namespace", ""), labels.get("pod", ""))
        if not key[2]:
            continue
        if labels.get("container", "") == "":
            pods[key] = _named(each, key)
        elif labels["container"] not in _PAUSE:
            parts[key].append(each)
    added = {key: _sum(same, key) for key, same in parts.items() if key not in pods}
    return [*pods.values(), *added.values()]


def _is_measured(series: RawSeries) -> bool:
    """Say whether a sample is one: before its first look at a new pod cAdvisor says 0 bytes."""
    return series.labels[NAME] not in GAUGES or float(series.samples[0]) > 0


def _sum(parts: Collection[RawSeries], key: _Key) -> RawSeries:
    newest = max(int(part.times[0]) for part in parts)
    total = sum(float(part.samples[0]) for part in parts)
    return _named(RawSeries({}, np.array([newest], np.int64), np.array([total])), key)


def _named(series: RawSeries, key: _Key) -> RawSeries:
    return replace(series, labels=dict(zip((NAME, "namespace", "pod"), key, strict=True)))
