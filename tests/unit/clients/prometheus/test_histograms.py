"""Native histograms: on the wire against an encoder of their own, and PromQL's quantiles."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import NativeHistogram, wire
from aiops.clients.prometheus.histograms import STALE_HISTOGRAM, Histograms, read_document
from aiops.clients.prometheus.remote import decode_response
from aiops.clients.prometheus.wire import Malformed
from tests.unit.clients.prometheus.histogram_messages import (
    Message,
    double,
    packed,
    series_message,
    wire_tag,
    zigzag,
)

NOW_MS = 1_790_000_000_000
STALE_BITS = bytes.fromhex("020000000000f07f")
COUNTS = st.dictionaries(st.integers(-20, 20), st.integers(0, 1_000), max_size=8)
MESSAGES = st.builds(
    Message,
    time=st.integers(0, 2**42),
    positive=COUNTS,
    negative=COUNTS,
    schema=st.integers(-3, 8),
    zero=st.integers(0, 50),
    zero_threshold=st.sampled_from([0.0, 1e-128]),
    total=st.floats(allow_nan=False),
)


def decoded(*messages, floats=False):
    series = series_message({"__name__": "latency"}, messages, floats=floats)
    (one,) = decode_response(wire.delimited(1, wire.delimited(1, series)))
    return one


def rows(histogram):
    return list(zip(histogram.lower, histogram.upper, histogram.counts, strict=True))


@settings(deadline=None, max_examples=150)
@given(st.lists(MESSAGES, max_size=3), st.booleans())
def test_whatever_is_encoded_is_decoded(messages, floats):
    series = decoded(*messages, floats=floats)
    assert series.name == "latency"
    assert series.histograms.times.tolist() == [message.time for message in messages]
    assert len(series.samples) == 0
    for histogram, message in zip(series.histograms.each, messages, strict=True):
        assert (histogram.count, histogram.sum) == (message.count, message.total)
        np.testing.assert_allclose(rows(histogram), message.buckets(), rtol=1e-13)


def test_custom_buckets_have_open_ends():
    message = Message(NOW_MS, {0: 1, 1: 2, 3: 4}, schema=-53, custom=(-1.0, 0.5, 2.0))
    (histogram,) = decoded(message).histograms.each
    assert rows(histogram) == [(-math.inf, -1, 1), (-1, 0.5, 2), (2, math.inf, 4)]


@pytest.mark.parametrize(("number", "upper"), [(1024, np.finfo(float).max), (1025, math.inf)])
def test_the_last_bounds_are_the_largest_float_and_infinity(number, upper):
    (histogram,) = decoded(Message(NOW_MS, {number: 1})).histograms.each
    assert histogram.upper[0] == upper


def test_a_stale_marker_is_a_stale_histogram():
    body = wire_tag(3, 1) + STALE_BITS + wire_tag(15, 0) + wire.integer(1, NOW_MS)[1:]
    (series,) = decode_response(wire.delimited(1, wire.delimited(1, wire.delimited(4, body))))
    assert series.histograms.each == (STALE_HISTOGRAM,)
    assert np.isnan([*series.histograms.count, *series.histograms.sum]).all()
    assert np.isnan(series.histograms.quantile(0.5)).all()


def test_samples_and_histograms_of_one_series_are_both_kept():
    sample = b"\x09" + struct.pack("<d", 2.5) + wire.integer(2, NOW_MS)
    series = series_message({"a": "b"}, [Message(NOW_MS + 1, {0: 1})])
    body = wire.delimited(1, wire.delimited(1, series + wire.delimited(2, sample)))
    (one,) = decode_response(body)
    assert (one.times.tolist(), one.samples.tolist()) == ([NOW_MS], [2.5])
    assert one.histograms.times.tolist() == [NOW_MS + 1]


def span(length):
    return wire.delimited(11, wire.integer(1, zigzag(0)) + wire.integer(2, length))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (span(2**31) + packed(12, [1]), "1 counts for 2147483648 buckets"),
        (packed(12, [1, 2]), "2 counts for 0 buckets"),
        (wire.integer(4, zigzag(9)), "unknown schema 9"),
        (
            wire.integer(4, zigzag(-53)) + span(1) + packed(12, [1]) + span(1) + packed(12, [0]),
            "beyond its own bounds",
        ),
        (wire.delimited(13, b"1234567"), "no doubles"),
        (double(3, 1.0)[:-1], "reaches past the end"),
    ],
)
def test_a_broken_histogram_is_malformed(body, text):
    with pytest.raises(Malformed, match=text):
        decode_response(wire.delimited(1, wire.delimited(1, wire.delimited(4, body))))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_noise_is_malformed_at_worst(noise):
    try:
        decode_response(wire.delimited(1, wire.delimited(1, wire.delimited(4, noise))))
    except (ValueError, OverflowError):
        return


def test_json_has_the_bounds_as_they_are():
    buckets = [[3, "-0.001", "0.001", "2"], [0, "1", "+Inf", "1"], [1, "-2", "-1", "4"]]
    document = {"count": "7", "sum": "-3.5", "buckets": buckets}
    histogram = read_document(json.loads(json.dumps(document)))
    assert (histogram.count, histogram.sum) == (7, -3.5)
    assert rows(histogram) == [(-2, -1, 4), (-0.001, 0.001, 2), (1, math.inf, 1)]
    assert rows(read_document({"count": "0", "sum": "0"})) == []


def histogram_of(*buckets, count=None):
    lower, upper, counts = np.array(buckets, dtype=float).reshape(-1, 3).T
    return NativeHistogram(counts.sum() if count is None else count, 0.0, lower, upper, counts)


@pytest.mark.parametrize(
    ("q", "linear", "exponential"),
    [
        (-0.1, -math.inf, -math.inf),
        (0, -4, -4),
        (0.125, -3, -math.sqrt(8)),
        (0.25, -2, -2),
        (0.375, 0.0, 0.0),
        (0.5, 0.5, 0.5),
        (0.75, 2.5, 4 ** (0.5) * 4**0.25 / 2**0.5),
        (1, 4, 4),
        (1.1, math.inf, math.inf),
        (math.nan, math.nan, math.nan),
    ],
)
def test_quantiles_are_those_of_promql(q, linear, exponential):
    histogram = histogram_of((-4, -2, 2), (-0.5, 0.5, 2), (1, 4, 4))
    np.testing.assert_allclose(histogram.quantile(q, "linear"), linear)
    np.testing.assert_allclose(histogram.quantile(q), exponential)


def test_the_zero_bucket_begins_or_ends_at_zero_where_all_else_has_one_sign():
    assert histogram_of((-1, 1, 2), (1, 2, 2)).quantile(0.25) == 0.5
    assert histogram_of((-2, -1, 2), (-1, 1, 2)).quantile(0.75) == -0.5
    assert histogram_of((-1, 1, 2)).quantile(0.5) == 0


def test_open_ends_give_the_bound_there_is():
    histogram = histogram_of((-math.inf, 1, 2), (1, 2, 2), (2, math.inf, 2))
    assert histogram.quantile(0.1, "linear") == pytest.approx(0.3)
    assert histogram.quantile(0.9, "linear") == 2
    assert histogram_of((-math.inf, -1, 2), (-1, 1, 2)).quantile(0.1) == -1


def test_what_was_no_number_lies_above_all_buckets():
    assert histogram_of((1, 2, 1), count=10).quantile(0.9) == 2
    assert math.isnan(histogram_of(count=10).quantile(0.9))
    assert math.isnan(histogram_of().quantile(0.9))


def test_a_series_of_histograms_is_read_at_once():
    histograms = Histograms(np.array([0, 1]), (histogram_of((1, 2, 1)), histogram_of((2, 4, 3))))
    assert histograms.count.tolist() == [1, 3]
    assert histograms.quantile(1).tolist() == [2, 4]
