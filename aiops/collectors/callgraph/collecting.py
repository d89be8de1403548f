"""The call graph as the settings say: from a file, by a query, or by looking for metrics of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.collectors.callgraph.files import from_file
from aiops.collectors.callgraph.graph import CallGraph, merged
from aiops.collectors.callgraph.promql import WINDOW_S, detect, from_promql

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aiops.clients.prometheus import PrometheusClient
    from aiops.settings import Settings


def collect_calls(
    client: PrometheusClient,
    settings: Settings,
    at: datetime,
    window_s: float = WINDOW_S,
    *,
    services: Collection[str] = (),
) -> CallGraph:
    """Return the calls that the settings' file and query name, merged.

    Where the settings name neither, the metrics are searched, see `detect`. What a cluster's
    objects name is `from_kubernetes`; `merged` puts it beside.

    Parameters
    ----------
    at, window_s
        The window whose calls are asked for: `window_s` seconds that end at `at`.
    services : collection of str
        The services that have metrics.

    Raises
    ------
    AiopsError
        Whatever a source that was named raises.
    """
    calls, graphs = settings.calls, list[CallGraph]()
    if calls.file is not None:
        graphs.append(from_file(calls.file))
    if calls.query:
        graphs.append(from_promql(client, calls, at, window_s))
    if not graphs:
        graphs.append(detect(client, at, window_s, services=services, labels=settings.labels))
    return merged(*graphs)
