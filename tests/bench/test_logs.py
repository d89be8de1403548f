"""Log lines into a frame, against the loop over lines that people write instead."""

from datetime import UTC, datetime, timedelta

import pandas as pd
from dateutil import parser

from aiops.collectors.logs import LogFileCollector

T0 = datetime(2026, 11, 22, tzinfo=UTC)
LINES = 20_000


def write(folder):
    path = folder / "cart.log"
    levels = ("INFO", "INFO", "INFO", "WARN", "ERROR")
    with path.open("w") as file:
        for number in range(LINES):
            moment = T0 + timedelta(milliseconds=7 * number)
            stamp = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"
            file.write(
                f"{stamp} {levels[number % 5]} [main-{number % 7}] com.shop.Cart: "
                f"served request {number} in {number % 91} ms for user u{number % 977}\n"
            )
    return path


def test_plain_iso_lines(compare, tmp_path):
    path = write(tmp_path)
    collector = LogFileCollector.at([path])

    def a_loop_over_lines():
        rows = []
        for line in path.read_text().splitlines():
            date, time, level, message = line.split(" ", 3)
            rows.append((parser.parse(f"{date} {time}"), "cart", level, message))
        return pd.DataFrame(rows, columns=["time", "service", "level", "message"]).set_index("time")

    ours = collector.logs(T0, T0 + timedelta(days=1))
    theirs = a_loop_over_lines()
    assert ours.index.tz_localize(None).tolist() == theirs.index.tolist()
    assert ours["level"].tolist() == theirs["level"].tolist()
    compare(
        f"LogFileCollector.logs, {LINES:,} plain ISO lines",
        lambda: collector.logs(T0, T0 + timedelta(days=1)),
        "dateutil and split, line by line",
        a_loop_over_lines,
        runs=3,
    )
