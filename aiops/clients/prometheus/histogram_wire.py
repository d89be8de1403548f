"""Native histograms on the wire: Prometheus' protobuf message ``Histogram``.

Buckets are numbered; a schema says how the bounds grow with the number, spans say which numbers
there are, and the counts come as differences (integers) or as they are (floats).

References
----------
prometheus/prompb/types.proto and https://prometheus.io/docs/specs/native_histograms/
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from aiops.clients.prometheus.histograms import STALE_HISTOGRAM, NativeHistogram, in_order
from aiops.clients.prometheus.wire import Malformed, read_field, read_varint, signed, unzigzag

_COUNT, _COUNT_FLOAT, _SUM, _SCHEMA, _ZERO_THRESHOLD, _ZERO, _ZERO_FLOAT = range(1, 8)
_TIME, _CUSTOM_BOUNDS = 15, 16
_OFFSET, _LENGTH = 1, 2
_STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)
_CUSTOM_SCHEMA = -53
_SCHEMAS = range(-4, 9)
_LARGEST = float(np.finfo(np.float64).max)


class _Side(NamedTuple):
    """The fields that hold the buckets of one sign."""

    sign: int
    spans: int
    deltas: int
    counts: int


_NEGATIVE, _POSITIVE = _Side(-1, 8, 9, 10), _Side(1, 11, 12, 13)


class _Message:
    """The payloads of one message's fields; packed or repeated, they look the same."""

    def __init__(self, buffer: bytes, at: int = 0, stop: int | None = None) -> None:
        stop = len(buffer) if stop is None else stop
        self._payloads: dict[int, list[bytes]] = {}
        while at < stop:
            number, _, start, at = read_field(buffer, at, stop)
            self._payloads.setdefault(number, []).append(buffer[start:at])

    def raw(self, number: int) -> bytes:
        return b"".join(self.payloads(number))

    def payloads(self, number: int) -> list[bytes]:
        return self._payloads.get(number, [])

    def integers(self, number: int) -> list[int]:
        found, at, raw = [], 0, self.raw(number)
        while at < len(raw):
            value, at = read_varint(raw, at, len(raw))
            found.append(value)
        return found

    def doubles(self, number: int) -> np.ndarray:
        raw = self.raw(number)
        if len(raw) % 8:
            raise Malformed(f"field {number} of a histogram holds no doubles")
        return np.frombuffer(raw, "<f8").astype(np.float64)

    def integer(self, number: int) -> int:
        return [0, *self.integers(number)][-1]

    def double(self, number: int) -> float:
        return float([0.0, *self.doubles(number)][-1])


def read_histogram(buffer: bytes, start: int, stop: int) -> tuple[int, NativeHistogram]:
    """Return the time in milliseconds and the histogram of the message ``buffer[start:stop]``.

    Raises
    ------
    Malformed
        If it is no such message.
    """
    message = _Message(buffer, start, stop)
    time = signed(message.integer(_TIME))
    if message.raw(_SUM) == _STALE_BITS:
        return time, STALE_HISTOGRAM
    threshold = message.double(_ZERO_THRESHOLD)
    zero = message.integer(_ZERO) or message.double(_ZERO_FLOAT)
    sides = [_buckets(message, side) for side in (_NEGATIVE, _POSITIVE)]
    sides.append((np.array([-threshold]), np.array([threshold]), np.array([float(zero)])))
    lower, upper, counts = (np.concatenate(column) for column in zip(*sides, strict=True))
    count = message.integer(_COUNT) or message.double(_COUNT_FLOAT)
    return time, in_order(float(count), message.double(_SUM), lower, upper, counts)


def _buckets(message: _Message, side: _Side) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lower and upper bounds and counts of the buckets of one sign."""
    counts = message.doubles(side.counts)
    if not len(counts):
        deltas = [unzigzag(value) for value in message.integers(side.deltas)]
        counts = np.cumsum(np.array(deltas, dtype=np.float64))
    numbers = _numbers(message.payloads(side.spans), len(counts))
    schema = unzigzag(message.integer(_SCHEMA))
    if schema == _CUSTOM_SCHEMA:
        lower, upper = _custom_bounds(numbers, message.doubles(_CUSTOM_BOUNDS))
    elif schema in _SCHEMAS:
        lower, upper = _bounds(numbers - 1, schema), _bounds(numbers, schema)
    else:
        raise Malformed(f"a histogram has the unknown schema {schema}")
    return (lower, upper, counts) if side.sign > 0 else (-upper, -lower, counts)


def _numbers(spans: list[bytes], count: int) -> np.ndarray:
    """Return the numbers of the buckets in `spans`, of which there must be `count`."""
    messages = [_Message(span) for span in spans]
    lengths = [message.integer(_LENGTH) for message in messages]
    if sum(lengths) != count:
        raise Malformed(f"a histogram has {count} counts for {sum(lengths)} buckets")
    numbers: list[int] = []
    first = 0
    for message, length in zip(messages, lengths, strict=True):
        first += unzigzag(message.integer(_OFFSET))
        numbers += range(first, first + length)
        first += length
    return np.array(numbers, dtype=np.int64)


def _bounds(numbers: np.ndarray, schema: int) -> np.ndarray:
    """Return the upper bounds ``2 ** (number / 2 ** schema)``; 2 ** 1024 is the largest float.

    Prometheus' own differ in the last bit, for they are from a table of decimals.
    """
    exponents = numbers * 2.0**-schema
    whole = np.floor(exponents)
    with np.errstate(over="ignore", under="ignore"):
        bounds = np.ldexp(np.exp2(exponents - whole), np.clip(whole, -2000, 2000).astype(np.int32))
    return np.where(exponents == 1024, _LARGEST, bounds)


def _custom_bounds(numbers: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of buckets that are counted from 0 and end where `bounds` says."""
    edges = np.concatenate([[-np.inf], bounds, [np.inf]])
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(edges) - 1:
        raise Malformed("a histogram has buckets beyond its own bounds")
    return edges[numbers], edges[numbers + 1]
