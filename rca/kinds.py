"""What kind of thing a metric measures, read from the words of its name.

A resource (CPU, memory, replicas, …) can be the reason for a symptom (latency, errors, …) of any
kind; one symptom is rarely the reason for another. That is all that is made of names here.
"""

from __future__ import annotations

import re

RESOURCE_WORDS = frozenset(
    "cpu cores memory mem heap gc swap oom disk filesystem fs inode inodes io iops syscall fd fds "  # noqa: SIM905  words read best as words
    "descriptors socket sockets thread threads node pod pods replica replicas ready restart "
    "restarts throttled throttling".split()
)
"""Words that name what a service consumes, or how much of it is there."""

SYMPTOM_WORDS = frozenset(
    "latency duration age error errors fail failed failure failures failing success availability "  # noqa: SIM905  likewise
    "timeout timeouts retry retries rejected dropped status".split()
)
"""Words that name how well a service answers; they outweigh the others in a mixed name."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_resource(metric: str) -> bool:
    """Say whether the name speaks of a resource and not of a symptom.

    Examples
    --------
    >>> [is_resource(name) for name in ("CpuUsage(m)", "container_memory_bytes", "latency_p95")]
    [True, True, False]
    >>> is_resource("memory_persist_error_ratio")
    False
    """
    words = {word.lower() for word in _WORD.findall(metric)}
    return bool(words & RESOURCE_WORDS) and not words & SYMPTOM_WORDS
