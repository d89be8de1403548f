"""Which families measure requests, their errors and durations, processors and memory: by name.

Only what a service does for others counts as its requests: calls that it makes itself, and the
scrapes of its own metrics, are left to their own names. Pure: names, labels and their values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiops.clients.prometheus import Matcher
from aiops.collectors.inventory.members import FamilyKind

if TYPE_CHECKING:
    from aiops.collectors.inventory.families import Family

_NOT_SERVED = re.compile(
    r"(^|_)(clients?|upstream|outgoing|outbound|egress|remote|notifications?|promhttp|scrapes?|"
    r"service_discovery|sd|etcd|webhooks?|admission|dialer|disk|device|cache|forward|db|sql|jdbc|pool)"
    r"(_|$)|^(node|windows|container)_"
)
_REQUESTS = re.compile(
    r"(^|_)(requests?|responses?|rpcs?|rq|calls|commands)"
    r"(_(handled|served|processed|received|completed))?(_total_by_\w+)?(_total)?$"
    r"|(^|_)grpc_server_handled_total$"
)
_DURATION = re.compile(
    r"(requests?|http|grpc|rpc|handling|latency|response)(_.*)?"
    r"(seconds|_ms|_millis|_usec|_us|latency|duration|_time)$"
    r"|(^|_)(latency|duration)(_(seconds|milliseconds|microseconds|ms))?$"
)
_NETWORKED = re.compile(r"(^|_)(http|grpc|rpc|dns|istio|server)(_|$)")
_PROGRAM = re.compile(r"(^|_)(gc|compaction|fsync|wal|flush|queue|reload|evaluation|rule)(_|$)")
_ERROR_WORDS = {"error", "errors", "failed", "failure", "failures", "fail", "fails", "exceptions"}
_REQUEST_WORDS = {"request", "requests", "total", "rpc", "rpcs", "calls", "handled", "count"}

_STATUS = (
    "status_code",
    "statusCode",
    "code",
    "http_status_code",
    "http_response_status_code",
    "response_code",
    "http_status",
    "http_code",
    "status",
    "grpc_code",
    "grpc_status",
    "rpc_grpc_status_code",
    "rcode",
    "outcome",
    "result",
    "classification",
)
_ANSWERED = r"[1-4](\d\d|xx|XX)"
_HTTP = re.compile(r"[1-5](\d\d|xx|XX)")
_GRPC_FINE, _GRPC_NUMBER = "OK", "0"
_GRPC_FAILED = {
    "Unknown",
    "Unavailable",
    "Internal",
    "DeadlineExceeded",
    "Unimplemented",
    "InvalidArgument",
    "NotFound",
    "ResourceExhausted",
    "PermissionDenied",
    "Unauthenticated",
}
_GRPC_LOUD = {re.sub(r"(?<!^)(?=[A-Z])", "_", code).upper() for code in _GRPC_FAILED}
"""The same codes as Java writes them; beside an ``OK`` only, for other things are UNKNOWN, too."""

_DNS_FAILED = "SERVFAIL|REFUSED|FORMERR|NOTIMP"
_FAILED = "(?i:(.*_)?(error|errors|fail|failed|failure|timeout|exception)s?)"
_FINE = re.compile("(?i:ok|success|succeeded|successful|(.*_)?(ok|unset|success))")

_CPU = (
    r"container_cpu_usage_seconds_total",
    r".*container_cpu(_usage)?_seconds_total",
    r"process_cpu_seconds_total",
    r"node_cpu_seconds_total",
)
_MEMORY = (
    r"container_memory_working_set_bytes",
    r".*container_memory(_usage)?_bytes",
    r"process_resident_memory_bytes",
    r"(jvm|redis)_memory_used_bytes",
)
_AVERAGED = re.compile(
    r".*(ratio|percent|percentage|utili[sz]ation|fraction|celsius|volts|seconds|_age|_lag|score|"
    r"cpu_usage|probe_success)(_(max|min|avg|mean))?"
)
_MOMENT = re.compile(
    r"node_time_seconds|.*(start_time|boot_time|timestamp|_last_.*_time)(_seconds|_ms)?"
)
_UNITS = (
    (("milliseconds", "_ms", "_millis", "_rq_time"), 1e-3),  # the last is Envoy's
    (("microseconds", "_us", "_usec"), 1e-6),
    (("nanoseconds", "_ns"), 1e-9),
)
_OTHERS = 10
"""The rank of what times something that may be no request."""

IDLE = Matcher("mode", "idle|iowait|steal", "!~")
"""The modes of a host's processors in which nothing of its own runs."""


def request_rank(family: Family) -> int | None:
    """Say how surely a counter counts the requests of its service; less is surer, None: not at all.

    With the status of the answer before one without, over a network protocol before others.
    """
    words = set(family.name.split("_"))
    if not _REQUESTS.search(family.name) or words & _ERROR_WORDS or not _is_served(family):
        return None
    return (4 if failing(family) is None else 0) + (0 if _NETWORKED.search(family.name) else 1)


def duration_rank(family: Family) -> int | None:
    """Say how surely a histogram or summary times the requests of its service."""
    if not _DURATION.search(family.name) or not _is_served(family):
        return None
    if _PROGRAM.search(family.name):
        return None
    if "request" not in family.name and not _NETWORKED.search(family.name):
        return _OTHERS
    return 0 if _NETWORKED.search(family.name) else 1


def served_only(family: Family) -> tuple[Matcher, ...]:
    """Return what tells requests that were answered from those that were made, if labels do."""
    kinds = family.values.get("span_kind", frozenset())
    served = sorted(kind for kind in kinds if kind.upper().endswith(("SERVER", "CONSUMER")))
    return (Matcher("span_kind", "|".join(served), "=~"),) if served else ()


def failing(family: Family) -> Matcher | None:
    r"""Return what the failed ones of a family's requests meet; None if no label tells.

    Of HTTP all but 1xx to 4xx fail, an answer that never came included; of gRPC all but ``OK``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> str(failing(SimpleNamespace(values={"code": {"200", "404"}})))
    'code!~"|[1-4](\\\\d\\\\d|xx|XX)"'
    """
    for label in _STATUS:
        matcher = _failing(label, family.values.get(label, frozenset()))
        if matcher is not None:
            return matcher
    return None


def _failing(label: str, values: frozenset[str]) -> Matcher | None:
    told = values - {""}
    if label == "rcode":
        return Matcher(label, _DNS_FAILED, "=~") if told else None
    if "grpc" in label and told and all(value.isdigit() for value in told):
        return Matcher(label, f"|{_GRPC_NUMBER}", "!~")
    if any(_HTTP.fullmatch(value) for value in told):
        return Matcher(label, f"|{_ANSWERED}", "!~")
    if told & _GRPC_FAILED or (_GRPC_FINE in told and ("grpc" in label or told & _GRPC_LOUD)):
        return Matcher(label, f"|{_GRPC_FINE}", "!~")
    if any(_FINE.fullmatch(value) or re.fullmatch(_FAILED, value) for value in told):
        return Matcher(label, _FAILED, "=~")
    return None


def is_failure_counter(family: Family) -> bool:
    """Say whether a counter counts what went wrong in serving."""
    return bool(set(family.name.split("_")) & _ERROR_WORDS) and _is_served(family)


def counts_failures_of(errors: Family, requests: Family) -> bool:
    """Say whether a counter of errors belongs to a counter of requests.

    Examples
    --------
    >>> from types import SimpleNamespace as Named
    >>> counts_failures_of(Named(name="shop_request_errors_total"), Named(name="shop_requests_total"))
    True
    >>> counts_failures_of(Named(name="disk_errors_total"), Named(name="shop_requests_total"))
    False
    """
    words, others = set(errors.name.split("_")), set(requests.name.split("_"))
    return words - _ERROR_WORDS - _REQUEST_WORDS == others - _REQUEST_WORDS


def cpu_rank(family: Family) -> int | None:
    """Say how good a counter is as the processor time of its service; less is better."""
    return _place(family.name, _CPU)


def memory_rank(family: Family) -> int | None:
    """Say how good a gauge is as the memory of its service; less is better."""
    return _place(family.name, _MEMORY)


def is_of_exporter(family: Family) -> bool:
    """Say whether its services are watched by an exporter beside them, not by themselves."""
    return family.name.endswith("exporter_build_info")


def is_averaged(family: Family) -> bool:
    """Say whether the instances' values are averaged, because adding them makes no sense."""
    return _AVERAGED.fullmatch(family.name) is not None


def is_moment(family: Family) -> bool:
    """Say whether a gauge tells a time of the clock, which is no measurement."""
    return family.kind is FamilyKind.GAUGE and _MOMENT.fullmatch(family.name) is not None


def seconds_per_unit(family: Family) -> float:
    """Return the factor that turns a duration into seconds, told by its name.

    >>> from types import SimpleNamespace
    >>> seconds_per_unit(SimpleNamespace(name="istio_request_duration_milliseconds"))
    0.001
    """
    return next((factor for units, factor in _UNITS if family.name.endswith(units)), 1.0)


def _is_served(family: Family) -> bool:
    return not _NOT_SERVED.search(family.name)


def _place(name: str, patterns: tuple[str, ...]) -> int | None:
    return next((place for place, each in enumerate(patterns) if re.fullmatch(each, name)), None)
