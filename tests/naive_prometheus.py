"""Slow, obvious twins of Prometheus' rules: plain loops over one window or one histogram at a time.

Tests hold the fast ones of `aiops.collectors` against these, and both against a real Prometheus.
"""

import math
import struct
from itertools import pairwise

STALE_BITS = 0x7FF0000000000002


def in_order(pieces):
    """Return (times, values) of one series whose samples were written in the order of `pieces`."""
    written = {}
    for times, values in pieces:
        for time, value in zip(times, values, strict=True):
            written[int(time)] = float(value)  # the last one counts
    return sorted(written), [written[time] for time in sorted(written)]


def stale(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0] == STALE_BITS


def increase(times, values, at, window, *, v3):
    """Return ``increase()`` of one series at `at`, all in milliseconds; None without a value."""
    samples = [
        (time, value)
        for time, value in zip(times, values, strict=True)
        if not stale(value)
        and time <= at
        and (time > at - window or (time == at - window and not v3))
    ]
    if len(samples) < 2:
        return None
    (first_time, first), (last_time, last) = samples[0], samples[-1]
    gained = last - first
    for (_, before), (_, after) in pairwise(samples):
        if after < before:
            gained += before
    span = (last_time - first_time) / 1000
    distance = span / (len(samples) - 1)
    to_start, to_end = (first_time - (at - window)) / 1000, (at - last_time) / 1000
    to_zero = span * (first / gained) if gained > 0 and first >= 0 else math.inf
    if v3:
        to_start = to_start if to_start < distance * 1.1 else distance / 2
        to_start = min(to_start, to_zero)
    else:
        to_start = min(to_start, to_zero)
        to_start = to_start if to_start < distance * 1.1 else distance / 2
    to_end = to_end if to_end < distance * 1.1 else distance / 2
    return gained * ((span + to_start + to_end) / span)


def newest(times, values, at, lookback):
    """Return what a plain selector gives at `at`, in milliseconds; None without a value."""
    value = None
    for time, sample in zip(times, values, strict=True):
        if time <= at:
            value = None if at - time >= lookback or stale(sample) else sample
    return value


def histogram_quantile(q, buckets):  # noqa: PLR0911  a rule with many special cases
    """Return the quantile of one histogram at one moment; `buckets` are (upper, count) pairs."""
    there = sorted((upper, count) for upper, count in buckets if not math.isnan(count))
    if not there:
        return math.nan
    if not 0 <= q <= 1:
        return math.nan if math.isnan(q) else math.copysign(math.inf, q)
    if there[-1][0] != math.inf or len(there) < 2:
        return math.nan
    rising, most = [], -math.inf
    for upper, count in there:
        most = max(most, count)
        rising.append((upper, most))
    if most == 0:
        return math.nan
    rank = q * most
    place = next(i for i, (_, count) in enumerate(rising) if count >= rank or i == len(rising) - 1)
    upper, count = rising[place]
    if place == len(rising) - 1:
        return rising[-2][0]
    if place == 0 and upper <= 0:
        return upper
    lower, under = rising[place - 1] if place else (0.0, 0.0)
    if count == under:
        return math.nan
    return lower + (upper - lower) * ((rank - under) / (count - under))
