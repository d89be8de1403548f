"""What kind of thing a column tells: the golden signals, told by a column's name alone.

A column that tells what users feel is a symptom: without a strange one nobody is to blame.

References
----------
Beyer et al., Site Reliability Engineering (2016), chapter 6: the four golden signals.
"""

from __future__ import annotations

import enum
import re


class SignalKind(enum.StrEnum):
    """What a column tells of its service."""

    TRAFFIC = "traffic"
    ERRORS = "errors"
    LATENCY = "latency"
    AVAILABILITY = "availability"
    SATURATION = "saturation"
    OTHER = "other"


SYMPTOMS = frozenset(
    {SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.LATENCY, SignalKind.AVAILABILITY}
)
"""What users feel."""

GOLDEN = (SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.LATENCY, SignalKind.SATURATION)
"""The four golden signals."""

REQUEST_RATE, ERROR_RATIO, LATENCY = "request_rate", "error_ratio", "latency_p95"
CPU, MEMORY, UP, AVAILABLE = "cpu", "memory", "up", "available"
MAX, SPREAD = "_max", "_spread"
"""What is put after a column's name for its highest instance, and for highest less lowest."""

_NAMES = (
    (SignalKind.TRAFFIC, r"requests?[_-](rate|count)|throughput|rps|qps|traffic|workload"),
    (SignalKind.ERRORS, r"errors?([_-](rate|ratio|count))?"),
    (SignalKind.LATENCY, r"(latency|response[_-]time|duration)([_-](p?\d+|mean|avg|s))?"),
    (SignalKind.AVAILABILITY, r"available|availability"),
    (SignalKind.SATURATION, r"(cpu|mem|memory)([_-](usage|utili[sz]ation|ratio|percent|bytes))?"),
)


def kind_of(metric: str) -> SignalKind:
    """Return the kind of a column by its name alone.

    Only plain names are golden: what else a target measures may be of calls that it makes itself,
    of its garbage collector or of a queue. The highest of the instances and their spread are no
    symptoms either: users feel a service, not one of its pods.

    Examples
    --------
    >>> kind_of("latency_p99").value, kind_of("latency_p99_max").value, kind_of("cpu").value
    ('latency', 'other', 'saturation')
    """
    kinds = (kind for kind, names in _NAMES if re.fullmatch(names, metric, re.IGNORECASE))
    return next(kinds, SignalKind.OTHER)
