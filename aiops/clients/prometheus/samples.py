"""The samples of one series on the wire, read as arrays instead of one object each.

``Sample {double value = 1; int64 timestamp = 2}``, as field 2 of its series, is 18 bytes for every
time between 1971 and 2109, so that a whole series is one view of the buffer. A value of 0.0 is
left out on the wire, which makes it 9. Whatever else is legal (other times, other orders, unknown
fields) is read field by field; the answer is the same, only later.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aiops.clients.prometheus.wire import (
    FIXED64,
    VARINT,
    Malformed,
    read_field,
    read_varint,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_TAG = 0x12
_VALUE_TAG, _TIME_TAG = 0x09, 0x10
_FULL = np.dtype([("head", "u1", 3), ("value", "<f8"), ("tag", "u1"), ("time", "u1", 6)])
_FULL_HEAD = (SAMPLE_TAG, _FULL.itemsize - 2, _VALUE_TAG)
_ZERO = np.dtype([("head", "u1", 3), ("time", "u1", 6)])
_ZERO_HEAD = (SAMPLE_TAG, _ZERO.itemsize - 2, _TIME_TAG)
_PLACES = 1 << (7 * np.arange(6, dtype=np.int64))


class Samples(NamedTuple):
    """Times in int64 milliseconds since 1970 and float64 values, both of shape (n,)."""

    times: np.ndarray
    values: np.ndarray


def read_run(buffer: bytes, start: int, stop: int) -> Samples | None:
    """Read ``buffer[start:stop]`` if it is nothing but samples of the two usual widths."""
    samples = _all_full(buffer, start, stop)
    return _full_and_zero(buffer, start, stop) if samples is None else samples


def read_each(buffer: bytes, spans: Sequence[tuple[int, int]]) -> Samples:
    """Read the samples whose messages are at `spans`, field by field.

    Raises
    ------
    Malformed
        If one of them is no sample.
    """
    pairs = [_read_one(buffer, start, stop) for start, stop in spans]
    times = np.array([time for time, _ in pairs], dtype=np.int64)
    return Samples(times, np.array([value for _, value in pairs], dtype=np.float64))


def _all_full(buffer: bytes, start: int, stop: int) -> Samples | None:
    count, rest = divmod(stop - start, _FULL.itemsize)
    if rest:
        return None
    rows = np.frombuffer(buffer, _FULL, count, start)
    return Samples(_times(rows), rows["value"].astype(np.float64)) if _is_full(rows) else None


def _full_and_zero(buffer: bytes, start: int, stop: int) -> Samples | None:
    """Read samples of both widths, which are two rows of 9 bytes and one.

    The second row of a full sample is never taken for a first one: its third byte is a tag.
    """
    if (stop - start) % _ZERO.itemsize:
        return None
    rows = np.frombuffer(buffer, np.uint8, stop - start, start).reshape(-1, _ZERO.itemsize)
    first = (rows[:, :3] == _FULL_HEAD).all(axis=1)
    second = np.concatenate([[False], first[:-1]])
    if first[-1] or (first & second).any():
        return None
    full = np.hstack([rows[first], rows[second]]).view(_FULL)[:, 0]
    zero = rows[~(first | second)].view(_ZERO)[:, 0]
    if not (_is_full(full) and _is_zero(zero)):
        return None
    is_full = first[~second]
    samples = Samples(np.empty(len(is_full), np.int64), np.zeros(len(is_full)))
    samples.times[is_full], samples.times[~is_full] = _times(full), _times(zero)
    samples.values[is_full] = full["value"]
    return samples


def _is_full(rows: np.ndarray) -> bool:
    heads = (rows["head"] == _FULL_HEAD).all() and (rows["tag"] == _TIME_TAG).all()
    return bool(heads and _six_bytes(rows["time"]))


def _is_zero(rows: np.ndarray) -> bool:
    return bool((rows["head"] == _ZERO_HEAD).all() and _six_bytes(rows["time"]))


def _six_bytes(varints: np.ndarray) -> bool:
    """Say whether each row of shape (n, 6) is one whole variable-length integer."""
    return bool((varints[:, :-1] >= 0x80).all() and (varints[:, -1] < 0x80).all())


def _times(rows: np.ndarray) -> np.ndarray:
    return (rows["time"] & 0x7F).astype(np.int64) @ _PLACES


def _read_one(buffer: bytes, start: int, stop: int) -> tuple[int, float]:
    """Return time and value; a field that is left out is zero, of one that repeats the last counts."""
    time, value = 0, 0.0
    while start < stop:
        number, kind, begin, start = read_field(buffer, start, stop)
        if (number, kind) == (1, FIXED64):
            (value,) = struct.unpack_from("<d", buffer, begin)
        elif (number, kind) == (2, VARINT):
            time = signed(read_varint(buffer, begin, start)[0])
        elif number in {1, 2}:
            raise Malformed(f"field {number} of a sample is of the kind {kind}")
    return time, value
