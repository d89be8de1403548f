"""Whose a series is where the job that was scraped is not whom the series is about.

kube-state-metrics tells of deployments, cAdvisor of containers, a mesh of the workloads behind its
proxies: the labels of the target would put all of them down to the exporter. This is data only;
`aiops.collectors.labels.subjects` reads it. A user's own rules come before these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.clients.prometheus import Matcher
from aiops.collectors.labels.re2 import compile_re2

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB = "job"
"""Prometheus' own label for what it scrapes as one thing."""

_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]{5}"
"""What Kubernetes ends generated names with: no vowels, so that no words come out."""

_HASH = "[bcdf4-9]{6,10}"
"""The pod-template hash: a decimal number in the same alphabet."""

WHOLE = "(.+)"
WORKLOAD = rf"(.+?)(?:-(?:{_HASH}|\d{{8,10}})-{_RANDOM}|-{_RANDOM}|-\d+)?"
"""A pod's name without what its owner added.

A ReplicaSet's hash or a CronJob's minute and five random characters; five random characters (a
DaemonSet, a Job); an ordinal (a StatefulSet). The first that fits is taken.
"""
REPLICA_SET = rf"(.+?)(?:-{_HASH})?"
SCHEDULED_JOB = r"(.+?)(?:-\d{8,10})?"
HOST = r"(\[[^\]]+\]|[^:]+)(?::\d+)?"
BEFORE_AT = "([^@]+)(?:@.+)?"
URL_HOST = r"(?:[a-zA-Z][\w+.-]*://)?(?:[^/@]+@)?(\[[^\]]+\]|[^:/]+)(?::\d+)?(?:[/?#].*)?"


@dataclass(frozen=True, slots=True)
class Source:
    """A label that names the service, by what the group of `pattern` finds in its value.

    With `jobs`, a regular expression, only for series whose label ``job`` meets it; one of those in
    which `pattern` finds nothing is nobody's.
    """

    label: str
    pattern: str = WHOLE
    jobs: str = ""

    def is_for(self, labels: Mapping[str, str]) -> bool:
        """Say whether it may decide on a series with these labels."""
        return not self.jobs or bool(compile_re2(self.jobs).fullmatch(labels.get(JOB, "")))


@dataclass(frozen=True, slots=True)
class Rule:
    """How the metrics whose whole name meets `match` are put down to services.

    Attributes
    ----------
    sources : tuple of Source, or None
        The first whose label a series has, and whose pattern it meets, decides; no others are
        tried. None: as all other metrics.
    where : tuple of Matcher
        Series that do not meet these are nobody's. A matcher on a label that no series of the
        metric has does not count.
    namespace : tuple of str, or None
        Labels that may hold the namespace; the first that the metric has. Empty: as all others.
        None: whom it is about lives in none.
    """

    match: str
    sources: tuple[Source, ...] | None
    where: tuple[Matcher, ...] = ()
    namespace: tuple[str, ...] | None = ()


_EXPORTED = ("exported_namespace", "namespace")
_PODS = tuple(Source(label, WORKLOAD) for label in ("exported_pod", "pod", "pod_name"))
_CONTAINERS = (
    Source("pod", WORKLOAD),
    Source("pod_name", WORKLOAD),
    Source("container_label_com_docker_compose_service"),
    Source("name"),
)
_REAL = (Matcher("container", "", "!="), Matcher("container", "POD", "!="))
"""Not the pause container, and not the totals of a control group, which would count twice."""

HOSTS = r"node_(exporter_build_info|uname_info|cpu_seconds_total)|windows_(exporter_build|os)_info"
"""What only an exporter tells that describes the host it runs on."""

BUILT_IN = (
    Rule("container_network_.+", _CONTAINERS),
    Rule("container_.+", _CONTAINERS, _REAL),
    Rule("kube_state_metrics_.+", None),
    Rule("kube_pod_.+", _PODS, namespace=_EXPORTED),
    Rule("kube_deployment_.+", (Source("deployment"),), namespace=_EXPORTED),
    Rule("kube_statefulset_.+", (Source("statefulset"),), namespace=_EXPORTED),
    Rule("kube_daemonset_.+", (Source("daemonset"),), namespace=_EXPORTED),
    Rule("kube_replicaset_.+", (Source("replicaset", REPLICA_SET),), namespace=_EXPORTED),
    Rule("kube_cronjob_.+", (Source("cronjob"),), namespace=_EXPORTED),
    Rule("kube_job_.+", (Source("job_name", SCHEDULED_JOB),), namespace=_EXPORTED),
    Rule(
        "kube_horizontalpodautoscaler_.+",
        (Source("horizontalpodautoscaler"),),
        namespace=_EXPORTED,
    ),
    Rule("kube_service_.+", (Source("exported_service"), Source("service")), namespace=_EXPORTED),
    Rule("kube_endpoint_.+", (Source("endpoint"),), namespace=_EXPORTED),
    Rule("kube_node_.+", (Source("exported_node"), Source("node")), namespace=None),
    Rule("kube_.+", ()),  # of the cluster: namespaces, secrets, leases
    Rule("node_namespace_pod(_container)?:.+", _PODS),  # recorded
    Rule("node_(collector|ipam_controller|authorizer)_.+", None),  # of a cluster's control plane
    Rule("(node|windows)_[^:]+", (Source("node"), Source("instance", HOST)), namespace=None),
    Rule("probe_.+", (Source("service"), Source("app"), Source("instance", URL_HOST))),  # blackbox
    Rule(
        "istio_(requests?|response|tcp)_.+",
        (Source("destination_workload"), Source("destination_service_name")),
        (
            Matcher("reporter", "destination|waypoint", "=~"),
            Matcher("destination_workload", "unknown", "!="),
        ),
        ("destination_workload_namespace", "destination_service_namespace"),
    ),
    Rule(
        "(request|response)_total|response_latency_ms.*",  # Linkerd
        (Source("deployment"), Source("statefulset"), Source("daemonset"), Source("service")),
        (Matcher("direction", "inbound"),),
    ),
    Rule("traces_service_graph_.+", (Source("server"),)),
    Rule(
        "nginx_ingress_controller_((ingress_)?upstream|requests?|response|bytes|connect|header)(_.+)?",
        (Source("exported_service"), Source("service")),
        namespace=_EXPORTED,
    ),
    Rule(
        "traefik_service_.+", (Source("exported_service", BEFORE_AT), Source("service", BEFORE_AT))
    ),
)
"""The first whose `match` is met counts."""
