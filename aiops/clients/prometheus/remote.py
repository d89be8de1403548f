"""Prometheus' remote-read messages: what is asked, and the series that come back.

Neither HTTP nor snappy is here.

References
----------
https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/ and prometheus/prompb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aiops.clients.prometheus import samples, wire
from aiops.clients.prometheus.histogram_wire import read_histogram
from aiops.clients.prometheus.histograms import Histograms
from aiops.clients.prometheus.series import NAME, RawSeries
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.clients.prometheus.histograms import NativeHistogram

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
_OPERATORS = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
_LABELS, _SAMPLES, _HISTOGRAMS = 1, 2, 4


class Matcher(NamedTuple):
    """What a label must be: `operator` is one of PromQL's ``=``, ``!=``, ``=~``, ``!~``.

    Examples
    --------
    >>> str(Matcher("job", "web|api", "=~"))
    'job=~"web|api"'
    """

    name: str
    value: str
    operator: str = "="

    def __str__(self) -> str:
        """Write it as in PromQL."""
        escaped = self.value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        return f'{self.name}{self.operator}"{escaped}"'


def selector(matchers: Sequence[Matcher]) -> str:
    """Write matchers as a PromQL selector.

    Examples
    --------
    >>> selector([Matcher("__name__", "up"), Matcher("job", "web", "!=")])
    '{__name__="up",job!="web"}'
    """
    return f"{{{','.join(map(str, matchers))}}}"


def encode_request(matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> bytes:
    """Return a ``ReadRequest`` for the series that meet all `matchers`, both times included.

    Raises
    ------
    InvalidInput
        If there is no matcher or one has an unknown operator.
    """
    if not matchers:
        raise InvalidInput(f"a remote read needs a matcher; give Matcher({NAME!r}, <metric>)")
    query = wire.integer(1, start_ms) + wire.integer(2, end_ms)
    query += b"".join(wire.delimited(3, _encode_matcher(matcher)) for matcher in matchers)
    return wire.delimited(1, query)


def decode_response(body: bytes) -> tuple[RawSeries, ...]:
    """Return the series of a ``ReadResponse``, in its order.

    Raises
    ------
    Malformed
        If `body` is no such message.
    """
    return tuple(
        _read_series(body, *series)
        for result in _messages(body, 0, len(body))
        for series in _messages(body, *result)
    )


def _encode_matcher(matcher: Matcher) -> bytes:
    if matcher.operator not in _OPERATORS:
        raise InvalidInput(
            f"{matcher.operator!r} is no operator of a matcher; use one of {', '.join(_OPERATORS)}"
        )
    kind = wire.integer(1, _OPERATORS[matcher.operator])
    name, value = matcher.name.encode(), matcher.value.encode()
    return kind + wire.delimited(2, name) + wire.delimited(3, value)


def _messages(buffer: bytes, at: int, stop: int) -> list[tuple[int, int]]:
    """Return where the messages in field 1 of the message at `at` begin and end."""
    spans = []
    while at < stop:
        number, kind, start, at = wire.read_field(buffer, at, stop)
        if (number, kind) == (1, wire.DELIMITED):
            spans.append((start, at))
    return spans


def _read_series(buffer: bytes, at: int, stop: int) -> RawSeries:
    labels: dict[str, str] = {}
    spans: list[tuple[int, int]] = []
    histograms: list[tuple[int, NativeHistogram]] = []
    while at < stop:
        if buffer[at] == samples.SAMPLE_TAG and not spans:
            run = samples.read_run(buffer, at, stop)
            if run is not None:
                return RawSeries(labels, *run, _together(histograms))
        number, _, start, at = wire.read_field(buffer, at, stop)
        if number == _LABELS:
            name, value = _read_label(buffer, start, at)
            labels[name] = value
        elif number == _SAMPLES:
            spans.append((start, at))
        elif number == _HISTOGRAMS:
            histograms.append(read_histogram(buffer, start, at))
    return RawSeries(labels, *samples.read_each(buffer, spans), _together(histograms))


def _together(histograms: Sequence[tuple[int, NativeHistogram]]) -> Histograms:
    times = np.array([time for time, _ in histograms], dtype=np.int64)
    return Histograms(times, tuple(histogram for _, histogram in histograms))


def _read_label(buffer: bytes, at: int, stop: int) -> tuple[str, str]:
    text = {1: "", 2: ""}
    while at < stop:
        number, _, start, at = wire.read_field(buffer, at, stop)
        text[number] = buffer[start:at].decode()
    return text[1], text[2]
