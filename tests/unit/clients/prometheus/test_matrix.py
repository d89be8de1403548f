"""Ranges in JSON: the fast reader against its obvious twin, which makes an object per sample."""

import json
import math
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import matrix
from aiops.clients.prometheus.answers import read_answer, read_matrix
from aiops.clients.prometheus.matrix import read_range
from aiops.clients.prometheus.samples import Samples

HISTOGRAM = {"count": "1", "sum": "2", "buckets": [[0, "1", "2", "1"]]}


def slow(body):
    """Read every pair by itself."""
    document = json.loads(body)
    return [
        (each["metric"], [(round(t * 1000), float(text)) for t, text in each.get("values", [])])
        for each in document["data"]["result"]
    ]


def fast(body):
    return [
        (series.labels, list(zip(series.times.tolist(), series.samples.tolist(), strict=True)))
        for series in read_matrix(read_range(body).data)
    ]


def same(body):
    for (labels, pairs), (expected_labels, expected) in zip(fast(body), slow(body), strict=True):
        assert labels == expected_labels
        assert [time for time, _ in pairs] == [time for time, _ in expected]
        assert [bits(value) for _, value in pairs] == [bits(value) for _, value in expected]


def bits(value):
    """Tell apart what == does not: the zeros; all NaN are one."""
    return "nan" if math.isnan(value) else value.hex()


def go_text(value):
    """Write a float as Prometheus does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def go_time(ms):
    """Write a time as Prometheus does: no fraction, or three digits of one."""
    return f"{ms // 1000}" + (f".{ms % 1000:03d}" if ms % 1000 else "")


def body_of(series, **more):
    """Write an answer as Prometheus does: labels and pairs of (ms, text)."""
    rows = [
        f'{{"metric":{json.dumps(labels)},"values":['
        + ",".join(f'[{go_time(ms)},"{text}"]' for ms, text in pairs)
        + "]}"
        for labels, pairs in series
    ]
    tail = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in more.items())
    result = ",".join(rows)
    return (
        f'{{"status":"success","data":{{"resultType":"matrix","result":[{result}]}}{tail}}}'
    ).encode()


def took_the_fast_path(body):
    result = read_range(body).data["result"]
    return all(isinstance(each["values"], Samples) for each in result)


TIMES = st.integers(0, 2**42)
TEXTS = st.one_of(
    st.floats(width=64).map(go_text),
    st.sampled_from(
        ["1e+21", "1e-07", "-1.5E3", "5e-324", "1e400", "-0", "+5", "0", "12345678901"]
    ),
)
PAIRS = st.lists(st.tuples(TIMES, TEXTS), max_size=6)
LABELS = st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=3)
TRICKY = {'a"values":[[': '"values":[[1,"2"]]', "b": ']],"values":[[', "c": "\\"}
SAMPLE = [(1_767_225_600_000, "1.5"), (1_767_225_615_250, "NaN")]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(LABELS, PAIRS), max_size=5), st.integers(1, 200))
@example([(TRICKY, SAMPLE), ({}, []), ({"__name__": "up"}, SAMPLE)], 1)
def test_the_fast_reader_reads_what_the_twin_does(series, batch_bytes):
    body = body_of(series)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix, "_BATCH_BYTES", batch_bytes)
        same(body)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(LABELS, st.lists(st.tuples(TIMES, TEXTS), min_size=1)), max_size=4))
@example([(TRICKY, SAMPLE), (TRICKY, SAMPLE)])
def test_what_prometheus_writes_takes_the_fast_path(series):
    assert took_the_fast_path(body_of(series))


ODD = [
    pytest.param('[[1, "2"], [3, "4"]]', id="spaces"),
    pytest.param("[[1,2.5],[3,4]]", id="numbers without quotes"),
    pytest.param('[[1," 2"],[3,"4"]]', id="a space before a number"),
    pytest.param('[[1,"2"],\n[3,"4"]]', id="a line break"),
    pytest.param('[[1.5e0,"2"],[3,"1_0"]]', id="digits that Python groups"),
    pytest.param('[[1,"\\u0032"]]', id="an escaped digit"),
    pytest.param("[]", id="no sample"),
]


@pytest.mark.parametrize("values", ODD)
def test_what_others_write_is_read_too(values):
    body = b'{"data":{"result":[{"values":%s,"metric":{"a":"b"}},' % values.encode()
    body += b'{"metric":{},"values":[[5,"6"]]}],"resultType":"matrix"},"status":"success"}'
    same(body)


BROKEN = [
    '[[1,"2"],[3]]',
    '[[1,"2",3]]',
    '[[1,"x"]]',
    '[[1,""]]',
    '[[1,"2"],["3"]]',
    '[[1"2"]]',
    '[["2"]]',
    "[[]]",
    "[[1]]",
    '[[,"2"]]',
    '[[NaN,"2"]]',
    '[[1e300,"2"]]',
    '[[1,"2"]"',
    '[[1,"2"],[3,"4""]]',
    '[[1,"2""3"]]',
    "[[1,null]]",
    "7",
    "0",
    "null",
]


@pytest.mark.parametrize("values", BROKEN)
def test_what_is_no_list_of_samples_is_never_read_as_one(values):
    body = b'{"status":"success","data":{"resultType":"matrix","result":['
    body += b'{"metric":{"a":"b"},"values":%s}]}}' % values.encode()
    with pytest.raises((ValueError, TypeError)):
        read_matrix(read_range(body).data)


def test_samples_outside_of_the_result_are_not_taken_for_some_in_it():
    inner = b'{"metric":{"a":"b"},"values":[[1,"2"]]}'
    body = b'{"status":"success","odd":%s,"data":{"resultType":"matrix","result":[%s]}}'
    body %= (inner.replace(b"2", b"9"), inner)
    same(body)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_an_answer_that_is_cut_is_never_read_as_a_whole_one(data):
    whole = body_of([({"a": "b"}, SAMPLE), ({"a": "c"}, SAMPLE)])
    with pytest.raises(ValueError, match=r".*"):
        read_range(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_warnings_and_histograms_beside_the_samples_are_kept():
    body = body_of([({"a": "b"}, SAMPLE)], warnings=["partial"])
    mixed = body.replace(b"]]}]", b']],"histograms":[[5,%s]]}]' % json.dumps(HISTOGRAM).encode())
    answer = read_range(mixed)
    (series,) = read_matrix(answer.data)
    assert answer.warnings == ("partial",)
    assert took_the_fast_path(mixed)
    assert (len(series.samples), series.histograms.times.tolist()) == (2, [5_000])


def test_a_scalar_and_a_refusal_are_as_they_were():
    body = b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}'
    assert read_range(body) == read_answer(body)
    with pytest.raises(ValueError, match="shape"):
        read_range(b'{"status":"error","error":"x"}')


MEASURE = """
import re, sys
from pathlib import Path
from aiops.clients.prometheus.answers import read_matrix
from aiops.clients.prometheus.matrix import read_range
def peak():
    # of this program alone; what getrusage says holds the parent's too
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
small, body = (Path(name).read_bytes() for name in sys.argv[1:])
read_matrix(read_range(small).data)  # loads what it needs
before = peak()
series = read_matrix(read_range(body).data)
print((peak() - before) / len(body), len(series), len(series[-1].samples))
"""


def test_reading_takes_less_memory_than_the_answer_itself(tmp_path):
    pairs = [(1_767_225_600_000 + 15_000 * i, go_text(i / 7)) for i in range(11_000)]
    small, body = tmp_path / "small.json", tmp_path / "body.json"
    small.write_bytes(body_of([({}, pairs)]))
    body.write_bytes(body_of([({"i": str(i)}, pairs) for i in range(100)]))
    command = [sys.executable, "-c", MEASURE, small, body]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ratio, count, points = map(float, done.stdout.split())
    assert (count, points) == (100, 11_000)
    assert 0 < ratio < 1
