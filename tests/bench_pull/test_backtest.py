"""Two weeks of 300 services in a real Prometheus, replayed by the command: how long, at whose cost.

The data are the `fortnight` of this folder, told as counters and histograms at a scrape interval of
a minute, its alerts as ``ALERTS``. Nothing of the detector was chosen by looking at this seed.
"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.bench_pull import fortnight
from tests.exposed import Exposed
from tests.prometheus_server import needs_prometheus, prometheus_server

AIOPS = Path(sys.executable).with_name("aiops")
SEED, SERVICES, DAYS = 77, 300, 14
GOAL_S, GOAL_CPU = 600.0, 0.05
CHUNK = fortnight.PER_DAY // 48
"""Rows written at a time: what lies an hour behind the newest sample, Prometheus refuses."""

LATE = timedelta(minutes=5)


@pytest.fixture(scope="module")
def weeks():
    return fortnight.make(SEED, SERVICES, DAYS)


@pytest.fixture(scope="module")
def server(weeks, tmp_path_factory):
    """A Prometheus that has scraped them; compaction is over before anything is measured."""
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as running:
        exposed, frame, alerts = Exposed(fortnight.STEP_S), weeks.frame(), weeks.alerts()
        for first in range(0, len(frame), CHUNK):
            piece = frame.iloc[first : first + CHUNK]
            running.write(exposed.series(piece))
            running.write(fortnight.firing(alerts, piece.index))
        _settle(running)
        yield running


@needs_prometheus
@pytest.mark.timeout(2400)
def test_two_weeks_of_300_services(server, weeks, record, tmp_path):
    page = tmp_path / "backtest.html"
    cpu_s, began = server.cpu_s(), time.monotonic()
    told = _backtest(server.url, weeks, page)
    wall_s, added_s = time.monotonic() - began, server.cpu_s() - cpu_s
    share = added_s / (wall_s * os.cpu_count())
    record(
        f"backtest of {DAYS} days x {SERVICES} services, ticks of a minute",
        peer="-",
        goal=f"<= {GOAL_S / 60:.0f} min",
        seen=f"{wall_s:.0f} s; {told['series']} series, {told['ticks']} ticks",
    )
    record(
        "CPU that its queries add to Prometheus, of the machine's",
        peer="-",
        goal=f"<= {GOAL_CPU:.0%}",
        seen=f"{share:.1%} ({added_s:.0f} CPU s in {wall_s:.0f} s on {os.cpu_count()} cores)",
    )
    for row in told["table"]:
        ours, naive = row["ours"], row["naive"]
        record(
            f"alerts at {row['budget'] or 'all'} pages a day",
            peer=f"z-score {_fates(naive)}",
            goal="-",
            seen=f"{_fates(ours)}, {ours['unexplained']:g} pages without",
        )
    found = _found(told, weeks)
    record(
        "planted faults that paged, alert or not",
        peer="-",
        goal="-",
        seen=f"{sum(found)} of {len(found)}",
    )
    assert page.stat().st_size > 0
    assert told["ticks"] == DAYS * fortnight.PER_DAY
    assert told["services"] == SERVICES
    assert told["series"] >= 5 * SERVICES
    assert wall_s <= GOAL_S
    assert share <= GOAL_CPU
    asked = next(row for row in told["table"] if row["budget"] == 2)
    assert asked["ours"]["missed"] <= asked["naive"]["missed"]


def _backtest(url, weeks, page):
    """Run the command as a user would, in a process of its own."""
    last = fortnight.at(len(weeks.rate) - 1)
    command = [
        *(str(AIOPS), "backtest", "--prometheus", url),
        *("--since", fortnight.START.isoformat(), "--until", last.isoformat()),
        *("--html", str(page), "--json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def _found(told, weeks):
    """Say of each planted fault whether a page came while it lasted, or shortly after."""
    paged = [np.datetime64(one["paged"][:19]) for one in told["incidents"] if one["paged"]]
    spans = [
        [
            np.datetime64(moment.replace(tzinfo=None))
            for moment in (fortnight.at(one.first), fortnight.at(one.last) + LATE)
        ]
        for one in weeks.faults
    ]
    return [any(first <= moment <= last for moment in paged) for first, last in spans]


def _fates(tally):
    return ", ".join(f"{tally[name]:g} {name}" for name in ("led", "matched", "folded", "missed"))


def _settle(running, quiet_s=5.0, limit_s=300.0):
    """Wait until Prometheus does nothing by itself any more."""
    deadline, before = time.monotonic() + limit_s, running.cpu_s()
    while time.monotonic() < deadline:
        time.sleep(quiet_s)
        now = running.cpu_s()
        if now - before < 0.05 * quiet_s:
            return
        before = now
