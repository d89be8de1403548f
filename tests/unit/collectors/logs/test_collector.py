"""Log files as a source: one frame of a window, with a report on every line that was read."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.cases.rules import check_logs
from aiops.collectors.logs import LogFileCollector, blocks, entering, scan
from aiops.collectors.logs.lines import form_of
from aiops.collectors.logs.stamps import NO_TIME, Clock
from aiops.errors import InvalidInput

T0 = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(path, *lines, at=T0):
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def iso(seconds, text):
    return f"{T0 + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} {text}"


def test_rotated_files_of_two_services_become_one_frame(tmp_path):
    write(tmp_path / "cart.log.2.gz", iso(0, "INFO oldest"))
    write(tmp_path / "cart.log.1", iso(60, "WARN older"))
    write(tmp_path / "cart.log", iso(120, "ERROR no"), "  at x.py:1", iso(120, "INFO same time"))
    write(tmp_path / "web.log", iso(60, "INFO web"))
    frame = LogFileCollector.at([tmp_path]).logs(T0, T0 + HOUR)
    check_logs(frame, "logs")
    assert frame.to_numpy().tolist() == [
        ["cart", "INFO", "oldest"],
        ["cart", "WARN", "older"],
        ["web", "INFO", "web"],
        ["cart", "ERROR", "no\n  at x.py:1"],
        ["cart", "INFO", "same time"],
    ]
    assert frame.index[0] == pd.Timestamp(T0)


def test_the_window_has_its_start_and_not_its_end(tmp_path):
    write(tmp_path / "a.log", *(iso(second, f"INFO {second}") for second in range(5)))
    frame = LogFileCollector.at([tmp_path]).logs(
        T0 + timedelta(seconds=1), T0 + timedelta(seconds=3)
    )
    assert frame["message"].tolist() == ["1", "2"]


def test_a_window_may_be_all_of_time(tmp_path):
    write(tmp_path / "a.log", iso(0, "one"), "1701-01-01 00:00:00 two")
    collector = LogFileCollector.at([tmp_path])
    found = collector.logs(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert found["message"].tolist() == ["two", "one"]


def test_what_became_of_each_line_is_told(tmp_path):
    write(
        tmp_path / "a.log",
        "banner",
        iso(0, "INFO password=hunter2"),
        iso(1, "no level"),
        "  goes on",
        iso(9999, "INFO later"),
    )
    with (tmp_path / "a.log").open("ab") as file:
        file.write(iso(2, "INFO \udcff").encode("utf-8", "surrogateescape"))
    found = LogFileCollector.at([tmp_path]).read(T0, T0 + HOUR)
    (report,) = found.files
    assert report.form == "iso"
    assert (report.counts.lines, report.counts.early, report.counts.continued) == (6, 1, 1)
    assert (report.entries, report.without_level, report.masked, report.replaced) == (4, 2, 1, 1)
    assert "hunter2" not in found.frame.to_csv()
    assert "\ufffd" in found.frame["message"].iloc[-1]


def test_masking_may_be_left_out(tmp_path):
    write(tmp_path / "a.log", iso(0, "INFO password=hunter2"))
    files = LogFileCollector.at([tmp_path]).files
    frame = LogFileCollector(files, mask=False).logs(T0, T0 + HOUR)
    assert frame["message"].tolist() == ["password=hunter2"]


def test_the_zone_and_the_year_of_times_that_name_none(tmp_path):
    write(
        tmp_path / "a.log",
        "Dec 31 23:59:59 host app: old year",
        at=datetime(2027, 1, 2, tzinfo=UTC),
    )
    collector = LogFileCollector.at([tmp_path], zone="America/New_York")
    frame = collector.logs(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    assert frame.index.tolist() == [pd.Timestamp("2027-01-01 04:59:59", tz="UTC")]


def test_the_service_that_a_line_names_comes_first(tmp_path):
    line = {"time": T0.isoformat(), "level": "info", "msg": "x"}
    write(tmp_path / "all.log", json.dumps(line | {"app": "cart"}), json.dumps(line))
    frame = LogFileCollector.at([tmp_path], field="app").logs(T0, T0 + HOUR)
    assert frame["service"].tolist() == ["cart", "all"]


def test_silence_is_an_empty_frame(tmp_path):
    write(tmp_path / "a.log", iso(0, "INFO x"))
    write(tmp_path / "empty.log")
    frame = LogFileCollector.at([tmp_path]).logs(T0 + HOUR, T0 + 2 * HOUR)
    check_logs(frame, "logs")
    assert len(frame) == 0


def test_a_file_without_times_is_told_and_alone_is_refused(tmp_path):
    write(tmp_path / "a.log", "no time", "none here", "")
    collector = LogFileCollector.at([tmp_path])
    with pytest.raises(InvalidInput, match=r"a\.log: none of its 3 lines has a time"):
        collector.logs(T0, T0 + HOUR)
    write(tmp_path / "b.log", iso(0, "INFO x"))
    found = LogFileCollector.at([tmp_path]).read(T0, T0 + HOUR)
    assert [report.counts.untimed for report in found.files] == [3, 0]
    assert len(found.frame) == 1


def test_metrics_count_from_one_step_before_the_window(tmp_path):
    write(tmp_path / "a.log", iso(-1, "ERROR x"), iso(0, "INFO x"), iso(1, "INFO x"))
    frame = LogFileCollector.at([tmp_path]).metrics(T0, T0 + timedelta(seconds=30), 15)
    assert frame["a", "log_error_rate"].tolist() == [1 / 15, 0, 0]
    assert frame["a", "log_rate"].tolist() == [1 / 15, 2 / 15, 0]


@settings(deadline=None, max_examples=25)
@given(
    steps=st.lists(st.integers(0, 90), min_size=30, max_size=120),
    window=st.tuples(st.integers(-60, 9000), st.integers(0, 3000)),
    trace=st.booleans(),
)
def test_a_long_sorted_file_gives_what_reading_it_whole_gives(
    tmp_path_factory, steps, window, trace
):
    folder = tmp_path_factory.mktemp("logs")
    lines = []
    for number, second in enumerate(np.cumsum(steps).tolist()):
        lines += [iso(second, f"INFO {number}"), *(["  at x"] * 3 if trace else [])]
    write(folder / "a.log", *lines)
    start = T0 + timedelta(seconds=window[0])
    end = start + timedelta(seconds=window[1])
    collector = LogFileCollector.at([folder])
    whole = collector.read(start, end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "LONG", 1)
        patch.setattr(entering, "_NEAR", 100)
        patch.setattr(entering, "PROBES", 5)
        patch.setattr(scan, "blocks", lambda stream: blocks.blocks(stream, 200))
        entered = collector.read(start, end)
    pd.testing.assert_frame_equal(entered.frame, whole.frame)
    assert entered.files[0].counts.lines <= whole.files[0].counts.lines


def test_a_long_file_is_entered_in_the_middle_and_left_early(tmp_path, monkeypatch):
    write(tmp_path / "a.log", *(iso(10 * number, f"INFO {number}") for number in range(1000)))
    monkeypatch.setattr(scan, "LONG", 1)
    monkeypatch.setattr(entering, "_NEAR", 100)
    monkeypatch.setattr(scan, "blocks", lambda stream: blocks.blocks(stream, 500))
    start = T0 + timedelta(seconds=5000)
    found = LogFileCollector.at([tmp_path]).read(start, start + timedelta(seconds=100))
    assert found.frame["message"].tolist() == [str(number) for number in range(500, 510)]
    assert found.files[0].counts.lines < 100


def test_a_long_file_out_of_order_is_read_whole(tmp_path, monkeypatch):
    order = [*range(500, 1000), *range(500)]
    write(tmp_path / "a.log", *(iso(10 * number, f"INFO {number}") for number in order))
    monkeypatch.setattr(scan, "LONG", 1)
    found = LogFileCollector.at([tmp_path]).read(T0, T0 + timedelta(seconds=100))
    assert found.frame["message"].tolist() == [str(number) for number in range(10)]
    assert found.files[0].counts.lines == 1000


def test_a_file_of_one_endless_line_is_looked_at_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(entering, "_NEAR", 10)
    monkeypatch.setattr(entering, "_LONG_LINE", 10)
    form = form_of(pa.array([iso(0, "INFO x")]), Clock(), field=None, stamped=False)
    with write(tmp_path / "a.log", "x" * 1_000_000).open("rb") as stream:
        assert entering.time_after(stream, 5, form) == NO_TIME
        assert stream.tell() < 10_000


def test_a_long_file_with_a_stretch_of_no_times_is_read_whole(tmp_path, monkeypatch):
    silent = ["no time"] * 1000
    write(tmp_path / "a.log", iso(0, "INFO first"), *silent, iso(20, "INFO last"))
    monkeypatch.setattr(scan, "LONG", 1)
    found = LogFileCollector.at([tmp_path]).read(T0 + timedelta(seconds=10), T0 + HOUR)
    assert found.frame["message"].tolist() == ["last"]
    assert found.files[0].counts.lines == 1002
