"""Which series belong together as one metric, and of which kind it is.

A histogram is one family of three names. What the targets say of a metric decides; where nobody
says anything (remote write, Thanos), its name does.

References
----------
https://prometheus.io/docs/practices/naming/ and the OpenMetrics specification, version 1.0.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aiops.clients.prometheus import Metadata


class FamilyKind(enum.StrEnum):
    """What the samples of a family are."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    NATIVE = "native"  # a histogram whose samples are histograms
    SUMMARY = "summary"
    INFO = "info"
    CREATED = "created"
    ALERT = "alert"


class Member(NamedTuple):
    """What one metric name is: the name of its family, that family's kind, and the rest of it."""

    family: str
    kind: FamilyKind
    suffix: str = ""


_PARTS = ("_bucket", "_sum", "_count")
_COUNTERS = re.compile(
    r".+_total|nginx_ingress_controller_requests|nginx_connections_(accepted|handled)"
    r"|envoy_.+_rq_(total|xx|completed)|mysql_global_status_(questions|queries|slow_queries|bytes_.+)"
    r"|pg_stat_database_(xact|blks|tup|temp)_.+"
)
"""Counters by name; those without ``_total`` are such as well-known exporters write them."""

_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
_TOLD = {
    "counter": FamilyKind.COUNTER,
    "gauge": FamilyKind.GAUGE,
    "stateset": FamilyKind.GAUGE,
    "gaugehistogram": FamilyKind.GAUGE,
    "info": FamilyKind.INFO,
}


def member_of(
    name: str, labels: Mapping[str, Collection[str]], told: Mapping[str, Metadata]
) -> Member:
    """Say what a metric name is a part of.

    Parameters
    ----------
    name : str
        As in ``__name__``.
    labels : mapping
        All metric names → the names of the labels that their series have.
    told : mapping
        Family name → what its targets say of it.

    Examples
    --------
    >>> names = {"x_seconds_bucket": {"le"}, "x_seconds_sum": {}, "x_seconds_count": {}, "y_total": {}}
    >>> member_of("x_seconds_count", names, {})
    Member(family='x_seconds', kind=<FamilyKind.HISTOGRAM: 'histogram'>, suffix='_count')
    >>> member_of("y_total", names, {}).kind
    <FamilyKind.COUNTER: 'counter'>
    """
    if name in _ALERTS:
        return Member(name, FamilyKind.ALERT)
    return _part(name, labels, told) or Member(name, _alone(name, labels, told))


def _part(
    name: str, labels: Mapping[str, Collection[str]], told: Mapping[str, Metadata]
) -> Member | None:
    """Return what `name` is a part of; None if it is a family of its own."""
    suffix = next((part for part in _PARTS if name.endswith(part)), None)
    if suffix is None:
        return None
    family = name.removesuffix(suffix)
    if "le" in labels.get(f"{family}_bucket", ()):
        return Member(family, FamilyKind.HISTOGRAM, suffix)
    both = f"{family}_sum" in labels and f"{family}_count" in labels
    kinds = {told[each].kind for each in (name, family) if each in told}
    if "quantile" in labels.get(family, ()) or "summary" in kinds or "histogram" in kinds:
        return Member(family, FamilyKind.SUMMARY, suffix)
    if both and suffix != "_bucket" and not kinds & set(_TOLD):
        return Member(family, FamilyKind.SUMMARY, suffix)
    return None


def _alone(
    name: str, labels: Mapping[str, Collection[str]], told: Mapping[str, Metadata]
) -> FamilyKind:
    if name.endswith("_info"):
        return FamilyKind.INFO
    if name.endswith("_created"):
        return FamilyKind.CREATED
    if "quantile" in labels[name]:
        return FamilyKind.SUMMARY
    said = next((told[each] for each in (name, name.removesuffix("_total")) if each in told), None)
    if said is not None and said.kind == "histogram":
        return FamilyKind.NATIVE
    by_name = FamilyKind.COUNTER if _COUNTERS.fullmatch(name) else FamilyKind.GAUGE
    return by_name if said is None else _TOLD.get(said.kind, by_name)
