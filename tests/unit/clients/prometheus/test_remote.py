"""Remote read on the wire, against a slow and obvious twin that knows nothing of fast paths."""

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import Matcher, wire
from aiops.clients.prometheus.remote import decode_response, encode_request
from aiops.clients.prometheus.samples import read_run
from aiops.clients.prometheus.wire import Malformed
from aiops.types import InvalidInput

NOW_MS = 1_790_000_000_000
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
USUAL_TIMES = st.integers(2**35, 2**42 - 1)
ANY_TIMES = st.one_of(USUAL_TIMES, st.integers(-(2**63), 2**63 - 1), st.integers(-5, 200))
VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, STALE, float("inf")]), st.floats(width=64))


def varint(value):
    value %= 2**64
    out = []
    while True:
        value, low = divmod(value, 128)
        out.append(low + 128 * (value > 0))
        if not value:
            return bytes(out)


def chunk(number, payload):
    return varint(number * 8 + 2) + varint(len(payload)) + payload


def encode_sample(time, value):
    """Encode as Prometheus does: what is zero is left out."""
    out = b"" if value == 0 else b"\x09" + struct.pack("<d", value)
    return out + (b"" if time == 0 else b"\x10" + varint(time))


def encode_series(labels, samples):
    pairs = [chunk(1, name.encode()) + chunk(2, value.encode()) for name, value in labels.items()]
    out = b"".join(chunk(1, pair) for pair in pairs)
    return out + b"".join(chunk(2, encode_sample(*sample)) for sample in samples)


def encode_response(*series):
    return chunk(1, b"".join(chunk(1, one) for one in series))


def same(decoded, samples):
    assert decoded.times.tolist() == [time for time, _ in samples]
    expected = np.array([value for _, value in samples], dtype=np.float64)
    np.testing.assert_array_equal(decoded.samples, expected)
    assert decoded.times.dtype == np.int64
    assert decoded.samples.dtype == np.float64


def samples_of(times):
    return st.lists(st.tuples(times, VALUES), max_size=30)


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=3),
    st.one_of(samples_of(USUAL_TIMES), samples_of(ANY_TIMES)),
)
@example({"__name__": "up"}, [(NOW_MS, 1.0), (NOW_MS + 1, STALE), (NOW_MS + 2, 0.0)])
@example({"__name__": "up"}, [(0, 0.0), (-1, 0.0), (127, 2.0)])
def test_whatever_is_encoded_is_decoded(labels, samples):
    (series,) = decode_response(encode_response(encode_series(labels, samples)))
    assert series.labels == labels
    same(series, samples)


@settings(deadline=None, max_examples=50)
@given(st.lists(samples_of(USUAL_TIMES), max_size=4))
def test_series_do_not_run_into_each_other(several):
    body = encode_response(*(encode_series({"i": str(i)}, s) for i, s in enumerate(several)))
    decoded = decode_response(body)
    assert [series.labels["i"] for series in decoded] == [str(i) for i in range(len(several))]
    for series, samples in zip(decoded, several, strict=True):
        same(series, samples)


ODD = struct.unpack("<2d", bytes.fromhex("00000000000012070000000000001210"))


def test_values_that_look_like_heads_are_values():
    samples = [(NOW_MS + i, value) for i, value in enumerate([0.0, ODD[0], 0.0, ODD[1], 1.0, 0.0])]
    block = encode_series({}, samples)
    assert read_run(block, 0, len(block)) is not None
    same(decode_response(encode_response(block))[0], samples)


def test_samples_of_the_usual_widths_take_the_fast_path_and_others_do_not():
    usual = [(NOW_MS + i, float(i % 3)) for i in range(10)]
    block = encode_series({}, usual)
    assert read_run(block, 0, len(block)) is not None
    block = encode_series({}, [*usual, (5, 1.0)])
    assert read_run(block, 0, len(block)) is None


def test_unknown_fields_and_another_order_are_read_past():
    sample = b"\x10" + varint(NOW_MS) + b"\x09" + struct.pack("<d", 2.5) + b"\x18\x07"
    exemplar = chunk(3, b"later")
    label = chunk(1, chunk(2, b"web") + chunk(1, b"job"))
    extra = b"\x4d1234" + b"\x4912345678" + b"\x48\x01"
    body = extra + encode_response(chunk(2, sample) + exemplar + extra + label) + extra
    (series,) = decode_response(body)
    assert series.labels == {"job": "web"}
    same(series, [(NOW_MS, 2.5)])


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_cut_message_is_never_read_as_a_whole_one(data):
    whole = encode_response(encode_series({"a": "b"}, [(NOW_MS, 1.0), (NOW_MS + 9, 0.0)]))
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(Malformed):
        decode_response(whole[:cut])


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60))
def test_noise_is_malformed_at_worst(noise):
    body = encode_response(encode_series({"a": "b"}, [(NOW_MS, 1.0)]) + noise)
    try:
        decode_response(body)
    except (ValueError, InvalidInput):
        return


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"\x12\x10\x09" + b"\0" * 6, id="claims 16 bytes, has 7"),
        pytest.param(encode_series({}, [(NOW_MS, 1.0)]) + b"\x12", id="a lone tag"),
        pytest.param(chunk(2, b"\x0a\x01x"), id="a value that is text"),
        pytest.param(b"\x12\x04\x10" + b"\xff" * 3, id="an integer without end"),
        pytest.param(b"\x13", id="an unknown kind"),
    ],
)
def test_a_broken_series_is_malformed(block):
    with pytest.raises(Malformed):
        decode_response(encode_response(block))


def test_a_request_says_what_is_asked():
    body = encode_request([Matcher("__name__", "up"), Matcher("job", "a|b", "!~")], -5, NOW_MS)
    first = chunk(2, b"__name__") + chunk(3, b"up")
    second = chunk(2, b"job") + chunk(3, b"a|b")
    times = b"\x08" + varint(-5) + b"\x10" + varint(NOW_MS)
    assert body == chunk(1, times + chunk(3, b"\x08\x00" + first) + chunk(3, b"\x08\x03" + second))


@settings(deadline=None, max_examples=100)
@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_encoded_as_the_twin_does(value):
    encoded = wire.integer(1, value)
    assert encoded == b"\x08" + varint(value)
    assert wire.signed(wire.read_varint(encoded, 1, len(encoded))[0]) == value


def test_a_request_without_matchers_or_with_an_unknown_one_is_refused():
    with pytest.raises(InvalidInput, match="needs a matcher"):
        encode_request([], 0, 1)
    with pytest.raises(InvalidInput, match="'==' is no operator of a matcher; use one of =, !=,"):
        encode_request([Matcher("job", "a", "==")], 0, 1)
