"""Native histograms as a target's client writes them into protobuf: the twin of our reader."""

import math
import struct
from dataclasses import dataclass, field

from aiops.clients.prometheus import wire


def zigzag(value):
    return 2 * value if value >= 0 else -2 * value - 1


def packed(number, values):
    return wire.delimited(number, b"".join(wire.integer(1, zigzag(v))[1:] for v in values))


def double(number, value):
    return wire_tag(number, 1) + struct.pack("<d", value)


def wire_tag(number, kind):
    return bytes([number << 3 | kind])


@dataclass
class Message:
    """A histogram: number → count of the buckets of both signs, and what is beside them."""

    time: int
    positive: dict = field(default_factory=dict)
    negative: dict = field(default_factory=dict)
    schema: int = 0
    zero: float = 0
    zero_threshold: float = 0.0
    total: float = 0.0
    custom: tuple = ()

    @property
    def count(self):
        return sum(self.positive.values()) + sum(self.negative.values()) + self.zero

    def bytes(self, *, floats=False):
        """Encode with counts as differences of integers, or as floats."""
        count = double(2, self.count) if floats else wire.integer(1, int(self.count))
        zero = double(7, self.zero) if floats else wire.integer(6, int(self.zero))
        head = count + double(3, self.total) + wire.integer(4, zigzag(self.schema))
        head += double(5, self.zero_threshold) + zero
        sides = side(self.negative, 8, floats=floats) + side(self.positive, 11, floats=floats)
        time = wire_tag(15, 0) + wire.integer(1, self.time)[1:]
        custom = b""
        if self.custom:
            bounds = b"".join(struct.pack("<d", bound) for bound in self.custom)
            custom = b"\x82\x01" + wire.delimited(1, bounds)[1:]
        return head + sides + time + custom

    def buckets(self):
        """Return (lower, upper, count) of what is not empty, ascending."""
        base = 2.0 ** (2.0**-self.schema) if not self.custom else None
        edges = (-math.inf, *self.custom, math.inf)
        rows = [(-self.zero_threshold, self.zero_threshold, self.zero)]
        for number, count in self.positive.items():
            if self.custom:
                rows.append((edges[number], edges[number + 1], count))
            else:
                rows.append((base ** (number - 1), base**number, count))
        rows += [(-(base**n), -(base ** (n - 1)), count) for n, count in self.negative.items()]
        return sorted(row for row in rows if row[2])


def side(buckets, first_field, *, floats):
    """Encode buckets of one sign: spans of numbers that follow each other, then the counts."""
    out, last = b"", 0
    for start, length in spans(sorted(buckets)):
        span = wire.integer(1, zigzag(start - last)) + wire.integer(2, length)
        out += wire.delimited(first_field, span)
        last = start + length
    counts = [buckets[number] for number in sorted(buckets)]
    if floats:
        return out + wire.delimited(first_field + 2, b"".join(struct.pack("<d", c) for c in counts))
    steps = [after - before for before, after in zip([0, *counts], counts, strict=False)]
    return out + packed(first_field + 1, steps)


def spans(numbers):
    """Return first and length of each run of numbers."""
    runs = []
    for number in numbers:
        if runs and number == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def series_message(labels, messages, *, floats=False):
    """Encode a ``TimeSeries`` of native histograms."""
    out = b"".join(
        wire.delimited(1, wire.delimited(1, name.encode()) + wire.delimited(2, value.encode()))
        for name, value in sorted(labels.items())
    )
    return out + b"".join(wire.delimited(4, one.bytes(floats=floats)) for one in messages)
