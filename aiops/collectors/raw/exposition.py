"""What an exporter exposes, as raw samples: Prometheus' text format.

The text is parsed by the official ``prometheus_client`` (extra ``kubernetes``). Names are as the
exporter wrote them. OpenMetrics and protobuf are not read here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus.series import NAME, RawSeries
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection

_COUNTERS = re.compile(r"^# TYPE (\S+) counter\s*$", re.MULTILINE)
_SUFFIX = "_total"
_METRIC = re.compile(r"[^\s{]+")


def parse_exposition(
    text: str, at_ms: int, *, only: Collection[str] | None = None
) -> tuple[RawSeries, ...]:
    """Return the samples of one scrape, each as a series of one.

    Parameters
    ----------
    text : str
        The body of the answer.
    at_ms : int
        The time of the scrape, for samples that bring none of their own; ms since 1970.
    only : collection of str, optional
        Names of samples to keep; a node's exposition is long, and parsing it is slow.

    Raises
    ------
    InvalidInput
        If the text breaks the format, or the library is not installed.

    Examples
    --------
    >>> scrape = '''failures{pod="a"} 3 60000
    ... failures{pod="b"} NaN
    ... '''
    >>> [(one.labels["pod"], int(one.times[0])) for one in parse_exposition(scrape, 90_000)]
    [('a', 60000), ('b', 90000)]
    """
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError as error:
        raise InvalidInput(
            "reading what an exporter exposes needs prometheus-client; "
            "pip install 'aiops-toolkit[kubernetes]'"
        ) from error
    kept = text if only is None else _lines(text, only)
    counters = set(_COUNTERS.findall(text))
    try:
        return tuple(
            RawSeries(
                {NAME: _as_written(sample.name, counters), **sample.labels},
                np.array([_milliseconds(sample.timestamp, at_ms)], np.int64),
                np.array([sample.value], np.float64),
            )
            for family in text_string_to_metric_families(kept)
            for sample in family.samples
        )
    except (ValueError, OverflowError) as error:
        said = " ".join(str(error).split())[:200]
        raise InvalidInput(f"an exposition breaks the text format: {said}") from None


def _lines(text: str, only: Collection[str]) -> str:
    """Return the lines that tell a type, or a sample of one of the names."""
    kept = (
        line
        for line in text.split("\n")
        if line.startswith("# TYPE") or ((found := _METRIC.match(line)) and found[0] in only)
    )
    return "\n".join(kept)


def _as_written(name: str, counters: Collection[str]) -> str:
    """Take back the suffix that the library adds to counters without one."""
    bare = name.removesuffix(_SUFFIX)
    return bare if name not in counters and bare in counters else name


def _milliseconds(told: Any, at_ms: int) -> int:
    """Return the time of a sample, which the library tells in seconds."""
    return at_ms if told is None else round(float(told) * 1000)
