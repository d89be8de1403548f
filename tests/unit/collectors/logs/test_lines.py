"""Each common way to write a line gives its time and its level; others are told apart."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from aiops.collectors.logs.lines import form_of
from aiops.collectors.logs.stamps import NO_TIME, Clock

AT = "2026-11-22T14:05:00"
CLOCK = Clock(near=int(datetime(2026, 11, 22, 15, tzinfo=UTC).timestamp()) * 10**9)

LINES = [
    ("2026-11-22 14:05:00,123 - cart - ERROR - boom", "iso", AT + ".123", "ERROR"),
    ("[2026-11-22T16:05:00.123456789+02:00] [error] x", "iso", AT + ".123456789", "ERROR"),
    ("2026/11/22 14:05:00 main.go:12: listening", "iso", AT, ""),
    ("2026-11-22T14:05:00Z  INFO 1 --- [main] c.App : hi", "iso", AT, "INFO"),
    ("2026-11-22 14:05:00.1 UTC [12] LOG:  checkpoint", "iso", AT + ".1", "INFO"),
    ("2026-11-22 14:05:00.5 | WARNING  | app:run:7 - slow", "iso", AT + ".5", "WARN"),
    ("2026-11-22T14:05:00.000001Z 0 [Warning] [MY-010068] CA", "iso", AT + ".000001", "WARN"),
    ("2026/11/22 14:05:00 [crit] 12#0: *1 connect() failed", "iso", AT, "FATAL"),
    ("I1122 14:05:00.000123   1 file.go:12] hello", "klog", AT + ".000123", "INFO"),
    ("E20261122 14:05:00.000123 1 f.cc:1] no", "klog", AT + ".000123", "ERROR"),
    ("<34>1 2026-11-22T14:05:00.003Z host su - ID47 - no", "rfc5424", AT + ".003", "FATAL"),
    ("<11>Nov 22 14:05:00 host app[1]: x", "syslog", AT, "ERROR"),
    ("Nov 22 14:05:00 host app[1]: x", "syslog", AT, ""),
    ('::1 - ann [22/Nov/2026:15:05:00 +0100] "GET /a HTTP/1.1" 503 12', "access", AT, "ERROR"),
    ('::1 - - [22/Nov/2026:14:05:00 +0000] "GET / HTTP/1.1" 404 1 "-" "x"', "access", AT, "WARN"),
    ('::1 - - [22/Nov/2026:14:05:00 +0000] "GET / HTTP/1.1" 200 1', "access", AT, "INFO"),
    ("[Sun Nov 22 14:05:00.123456 2026] [core:error] [pid 1] x", "ctime", AT + ".123456", "ERROR"),
    ("1:M 22 Nov 2026 14:05:00.123 * Ready", "day month year", AT + ".123", ""),
    ("22-Nov-2026 14:05:00.123 SEVERE [main] x", "day month year", AT + ".123", "ERROR"),
    ("[22-Nov-2026 14:05:00 UTC] PHP Warning: x", "day month year", AT, ""),
    ("Nov 22, 2026 2:05:00 PM com.x.Y run", "java.util.logging", AT, ""),
    ("20261122T140500.5Z ready", "compact", AT + ".5", ""),
    ("20261122-14:5:0:94|Step|1", "compact with milliseconds", AT + ".094", ""),
    ("261122 140500 148 INFO dfs: x", "compact with two-digit year", AT, "INFO"),
    ("11-22 14:05:00.811  1702  2395 E WM: x", "android", AT + ".811", "ERROR"),
    ("[11.22 14:05:00] chrome.exe open", "month and day", AT, ""),
    ("1795356300 started", "epoch", AT, ""),
    ("- 1795356300 R02-M1 RAS KERNEL FATAL data", "epoch", AT, "FATAL"),
    ("1795356300.250    66 ::1 TCP_MISS/200", "epoch", AT + ".25", ""),
    ("web-1  | 2026-11-22T14:05:00Z INFO up", "iso inside", AT, "INFO"),
    ('ts=2026-11-22T14:05:00Z caller=a.go level=warn msg="a b"', "logfmt", AT, "WARN"),
    ('{"ts":1795356300.25,"level":"error","msg":"x"}', "json", AT + ".25", "ERROR"),
    ('{"ts":1.79535630025e9,"level":"error","msg":"x"}', "json", AT + ".25", "ERROR"),
    ("ts=1.79535630025e+09 level=error", "logfmt", AT + ".25", "ERROR"),
    ('{"time":1795356300123,"level":50,"msg":"pino"}', "json", AT + ".123", "ERROR"),
    ('{"@timestamp":"2026-11-22T14:05:00Z","log":{"level":"WARN"}}', "json", AT, "WARN"),
    ('{"t":{"$date":"2026-11-22T14:05:00Z"},"s":"I","msg":"m"}', "json", AT, "INFO"),
]


def read(*lines, **options):
    lines = pa.array(lines)
    form = form_of(lines, CLOCK, **{"field": None, "stamped": False} | options)
    return form, form.read(lines, first=True)


@pytest.mark.parametrize(("line", "name", "time", "level"), LINES)
def test_each_way_to_write_a_line(line, name, time, level):
    form, entries = read(line)
    assert form.name == name
    assert entries.times[0] == np.datetime64(time, "ns").astype(np.int64)
    assert entries.levels.to_pylist() == [level]


@pytest.mark.parametrize(
    "line",
    [
        "starting up",
        "11/12/2026 14:05:00 who knows the month",
        "14:05:00.123 [main] INFO no date",
        "[12345.678901] usb 1-1: a kernel's own time",
        "2026-02-30 14:05:00 no such day",
        "",
    ],
)
def test_lines_without_a_time_have_none(line):
    assert read(line)[1].times.tolist() == [NO_TIME]


def test_the_form_is_that_of_most_lines_and_others_are_still_read():
    form, entries = read(
        f"{AT} INFO a", f"{AT} INFO b", '{"ts":1795356300,"level":"warn","msg":"c"}', "  at d"
    )
    assert form.name == "iso"
    assert entries.levels.to_pylist() == ["INFO", "INFO", "WARN", ""]
    assert entries.texts.to_pylist() == ["a", "b", "c", "  at d"]
    assert (entries.times == NO_TIME).tolist() == [False, False, False, True]


def test_a_number_in_a_text_is_no_time_unless_the_file_is_written_so():
    _, entries = read(f"{AT} INFO a", f"{AT} INFO b", "1234567890 rows were read")
    assert entries.times[2] == NO_TIME


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"time":"x","msg":"said","error":"why"}', "said error=why"),
        ('{"time":"x","msg":"said why","error":"why"}', "said why"),
        ('{"nothing":"known"}', '{"nothing":"known"}'),
        (r'level=info msg="a \"b\"" err=bad', 'a "b" error=bad'),
        ("level=info other=x", "level=info other=x"),
    ],
)
def test_the_message_of_a_line_that_names_its_parts(line, text):
    assert read(line)[1].texts.to_pylist() == [text]


def test_a_text_with_the_letter_of_an_exponent_is_no_number():
    assert read("ts=1e9e9 level=error")[1].times.tolist() == [NO_TIME]


@pytest.mark.parametrize("line", ['{"a":', "[1, 2]", "{}x", '{"a":' * 5000, '{"time":1e999}'])
def test_broken_json_is_a_line_like_others(line):
    _, entries = read(line)
    assert len(entries) == 1
    assert entries.times[0] == NO_TIME


@pytest.mark.parametrize(
    ("line", "field", "service"),
    [
        ('{"msg":"x","app":{"name":"cart"}}', "app.name", "cart"),
        ("level=info app=cart", "app", "cart"),
        ("level=info app=cart", "service", None),
        ("2026-11-22 14:05:00 app=cart", "app", None),
        ("level=info k8s_app=no k8s.app=cart", "k8s.app", "cart"),
        ("level=info app=cart", "a(pp", None),
    ],
)
def test_the_service_may_be_in_the_line(line, field, service):
    assert read(line, field=field)[1].services[0].as_py() == service


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (r'{"time":"x","msg":"cut \ud83d","app":"\udc00"}', "cut \ufffd"),
        (r'{"time":"\ud83d","msg":"whole \ud83d\ude00"}', "whole \U0001f600"),
        (r'{"log":"cut \ud83d\n","stream":"stdout","time":"2026-11-22T14:05:00Z"}', "cut \ufffd"),
    ],
)
def test_half_a_character_is_replaced(line, text):
    assert read(line, field="app")[1].texts.to_pylist() == [text]


class TestWrapped:
    def test_containerd_lines_and_their_parts(self):
        form, entries = read(
            f"{AT}.1Z stdout F 2026-11-22 13:00:00 INFO whole",
            f"{AT}.2Z stderr P 2026-11-22 13:00:01 ERROR first, ",
            f"{AT}.3Z stderr F second",
            f"{AT}.4Z stdout F 2026-11-22 13:00:02 INFO last",
        )
        assert form.name == "cri iso"
        assert entries.texts.to_pylist() == ["whole", "first, second", "last"]
        times = np.array([f"{AT}.1", f"{AT}.2", f"{AT}.4"], "datetime64[ns]")
        assert entries.times.tolist() == times.astype(np.int64).tolist()

    def test_docker_lines(self):
        form, entries = read(
            '{"log":"level=warn msg=slow\\n","stream":"stdout","time":"2026-11-22T14:05:00.5Z"}'
        )
        assert form.name == "docker logfmt"
        assert entries.levels.to_pylist() == ["WARN"]
        assert entries.times[0] == np.datetime64(f"{AT}.5", "ns").astype(np.int64)

    def test_parts_of_both_streams_are_kept_apart(self):
        written = ["stdout P a ", "stderr P x ", "stdout P b ", "stderr F y", "stdout F c"]
        _, entries = read(*(f"{AT}.{place}Z {text}" for place, text in enumerate(written)))
        assert entries.texts.to_pylist() == ["a b c", "x y"]
        times = np.array([f"{AT}.0", f"{AT}.1"], "datetime64[ns]")
        assert entries.times.tolist() == times.astype(np.int64).tolist()
        rows = [("out", "a "), ("err", "x "), ("err", r"y\n"), ("out", r"b\n")]
        lines = (f'{{"log":"{a}","stream":"std{s}","time":"{AT}Z"}}' for s, a in rows)
        assert read(*lines)[1].texts.to_pylist() == ["a b", "x y"]

    def test_docker_lines_and_their_parts(self):
        parts = ['{\\"level\\":\\"error\\",', '\\"msg\\":\\"long\\"}\\n', "level=info msg=x\\n"]
        _, entries = read(
            *(f'{{"log":"{part}","stream":"stdout","time":"{AT}Z"}}' for part in parts)
        )
        assert entries.texts.to_pylist() == ["long", "x"]
        assert entries.levels.to_pylist() == ["ERROR", "INFO"]

    def test_a_stack_trace_of_plain_prints_stays_with_its_line(self):
        printed = ["ready", "Traceback (most recent call last):", "  File x", "ValueError: no"]
        form, entries = read(*(f"{AT}Z {text}" for text in printed), stamped=True)
        assert form.name == "api plain"
        assert (entries.times == NO_TIME).tolist() == [False, False, True, True]

    def test_what_a_known_form_does_not_begin_goes_on(self):
        printed = ["I1122 14:05:00.0 1 a.go:1] hi", "I1122 14:05:00.0 1 a.go:1] ho", "more of it"]
        _, entries = read(*(f"{AT}Z {text}" for text in printed), stamped=True)
        assert (entries.times == NO_TIME).tolist() == [False, False, True]

    def test_traces_do_not_hide_what_an_entry_begins_with(self):
        printed = [
            f"{AT} ERROR no",
            "Traceback (most recent call last):",
            "  File x",
            "KeyError: 1",
        ]
        _, entries = read(*(f"{AT}Z {text}" for text in printed), stamped=True)
        assert (entries.times == NO_TIME).tolist() == [False, True, True, True]

    def test_the_first_line_of_all_begins_an_entry(self):
        _, entries = read(f"{AT}Z   at the end of a trace", stamped=True)
        assert entries.times[0] != NO_TIME
