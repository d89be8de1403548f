"""Calls that metrics name: one series for each pair of a caller and a callee.

A mapping (a query and two labels) may be given. Without one, a single query looks for the metrics
of service meshes and tracing that are known to name both ends, and for client-side counters of the
system's own: any metric with a label such as ``callee`` whose value is a service.

Only what has been called at least once is seen. Cilium's Hubble names workloads only when its
``labelsContext`` asks for it, Linkerd only calls between Deployments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from aiops.collectors.callgraph.graph import CallGraph, Edge, known_as, merged
from aiops.collectors.labels.subjects import subject_of
from aiops.errors import InvalidInput
from aiops.settings import Labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from aiops.clients.prometheus import PrometheusClient, Sample
    from aiops.settings import Calls

WINDOW_S = 3600.0
NOBODY = frozenset({"", "unknown"})
"""What meshes write where they do not know an end of a call."""


class End(NamedTuple):
    """The labels that name one end of a call."""

    service: str
    namespace: str


@dataclass(frozen=True, slots=True)
class CallMetric:
    """A metric whose labels name both ends of a call; `where` says which of its series do."""

    metric: str
    caller: End
    callee: End
    where: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that it is read by."""
        return *self.caller, *self.callee, *(label for label, _ in self.where)


_SOURCE = End("source_workload", "source_workload_namespace")
_DESTINATION = End("destination_workload", "destination_workload_namespace")
WELL_KNOWN = (
    CallMetric("istio_requests_total", _SOURCE, _DESTINATION),
    CallMetric("istio_tcp_connections_opened_total", _SOURCE, _DESTINATION),
    CallMetric(
        "response_total",
        End("deployment", "namespace"),
        End("dst_deployment", "dst_namespace"),
        (("direction", "outbound"),),
    ),
    CallMetric(
        "traces_service_graph_request_total",
        End("client", "client_service_namespace"),
        End("server", "server_service_namespace"),
    ),
    CallMetric(
        "hubble_http_requests_total",
        End("source_workload", "source_namespace"),
        End("destination_workload", "destination_namespace"),
    ),
)
"""Istio, Linkerd, the service graphs of Tempo and OpenTelemetry, Cilium's Hubble."""

OWN = ("callee", "peer_service", "upstream_service", "target_service", "remote_service")
"""Labels by which a client's own metrics name the service that it calls."""


def from_promql(
    client: PrometheusClient, calls: Calls, at: datetime, window_s: float = WINDOW_S
) -> CallGraph:
    """Return the calls that a query names `window_s` seconds before `at`, and at that time.

    Parameters
    ----------
    calls : Calls
        The query, and the labels of its result that name caller and callee; a series without
        both names no call.

    Raises
    ------
    InvalidInput
        If the query is refused, or its result has series and none has both labels.
    """
    query, ends = calls.query, (calls.caller, calls.callee)
    samples = _both(client, query, at, window_s)
    pairs = [tuple(one.labels.get(end, "") for end in ends) for one in samples]
    if samples and not any(all(pair) for pair in pairs):
        has = ", ".join(sorted({label for one in samples for label in one.labels})) or "none"
        raise InvalidInput(
            f"no series of the query for calls has both labels {ends[0]!r} and {ends[1]!r}; "
            f"its labels are: {has}"
        )
    graph = _graph((caller, callee, f"query {query}") for caller, callee in pairs)
    return graph if samples else CallGraph(notes=(f"the query for calls has no result: {query}",))


def detect(
    client: PrometheusClient,
    at: datetime,
    window_s: float = WINDOW_S,
    *,
    services: Collection[str] = (),
    labels: Labels | None = None,
) -> CallGraph:
    """Look for metrics that name both ends of a call, in the window as in `from_promql`.

    Parameters
    ----------
    services : collection of str
        The services that have metrics. A client's own metric counts only where both its ends are
        among them; without services only the well-known metrics are looked at.
    labels : Labels, optional
        Which labels say whose a series is; the settings' defaults when left out.
    """
    chosen, known = labels or Labels(), frozenset(services)
    found: list[tuple[str, str, str]] = []
    for sample in _both(client, _question(chosen if known else None), at, window_s):
        found += _well_known(sample.labels, known)
        found += _own(sample.labels, chosen, known)
    return _graph(found)


def _question(labels: Labels | None) -> str:
    """Return the one query that finds all of them; without `labels` the well-known alone."""
    names = "|".join(one.metric for one in WELL_KNOWN)
    by = dict.fromkeys(label for one in WELL_KNOWN for label in one.labels)
    query = f'count by (__name__, {", ".join(by)}) ({{__name__=~"{names}"}})'
    if labels is None:
        return query
    others = f'__name__!~"{names}|.+_(bucket|sum|created)"'
    whose = (*labels.service, labels.namespace, *(rule.service for rule in labels.rules))
    for label in OWN:
        by = dict.fromkeys((*whose, label))
        query += f' or count by (__name__, {", ".join(by)}) ({{{label}!="", {others}}})'
    return query


def _both(
    client: PrometheusClient, query: str, at: datetime, window_s: float
) -> tuple[Sample, ...]:
    """Ask at both ends of the window: a caller that has gone in between was there at its start."""
    start = at - timedelta(seconds=window_s)
    return (*client.query(query, start), *client.query(query, at))


def _well_known(
    series: Mapping[str, str], services: frozenset[str]
) -> Iterable[tuple[str, str, str]]:
    for one in WELL_KNOWN:
        fits = all(series.get(label) == value for label, value in one.where)
        if series.get("__name__") == one.metric and fits:
            caller, callee = (
                known_as([series.get(end.service, "")], series.get(end.namespace, ""), services)
                for end in (one.caller, one.callee)
            )
            yield caller, callee, f"metric {one.metric}"


def _own(
    series: Mapping[str, str], labels: Labels, services: frozenset[str]
) -> Iterable[tuple[str, str, str]]:
    for label in (name for name in OWN if series.get(name)):
        metric = series["__name__"]
        subject = subject_of(metric.removesuffix("_count"), series.keys(), labels)
        whose = subject.identity(series)
        if whose is not None:
            caller, callee = (
                known_as([name], whose.namespace, services)
                for name in (whose.service, series[label])
            )
            if {caller, callee} <= services:
                yield caller, callee, f"metric {metric}, label {label}"


def _graph(calls: Iterable[tuple[str, str, str]]) -> CallGraph:
    """Return the graph of (caller, callee, source); what names no two services is no call."""
    edges = (
        Edge(caller, callee, source)
        for caller, callee, source in calls
        if caller != callee and not {caller, callee} & NOBODY
    )
    return merged(CallGraph(tuple(edges)))
