"""A gameday of the simulator, as a real Prometheus would have seen it: the backtest lists its faults.

The runs are laid out one after the other, with those in which nothing was done among them; rules
with a threshold raise alerts over them. Then the command replays that time, told nothing else.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aiops.proving.gameday import run_on_simulator
from aiops.proving.suite import parse_suite
from tests.exposed import Exposed
from tests.prometheus_server import needs_prometheus, prometheus_server

AIOPS = Path(sys.executable).with_name("aiops")
START = datetime(2026, 10, 5, 8, tzinfo=UTC)
SCRAPE_S, STEP_S = 5, 15
MINUTES = {"baseline": 15, "hold": 5, "recover": 5}
LENGTH = timedelta(minutes=sum(MINUTES.values()))
FAULTS = (
    *("pod.failure", "scale.zero", "env.mutate", "cpu.low"),
    *("svc.selector", "stress.cpu", "net.delay", "pod.delete"),
)
SUITE = {
    "schema": "aiops.gameday/v1",
    "seed": 23,
    "phases": {name: f"{length}m" for name, length in MINUTES.items()},
    "controls": 0.3,
    "allow_outage": True,
    "faults": [{"fault": fault} for fault in FAULTS],
}
LATE = timedelta(minutes=2)
"""An incident that opens so long after a fault was undone is still about it."""

pytestmark = [needs_prometheus, pytest.mark.slow, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Struck:
    """A fault on the time line, and whether users felt it."""

    fault: str
    service: str
    first: datetime
    last: datetime
    bit: bool


@dataclass(frozen=True)
class Recorded:
    """What was played, and the frame of all of it."""

    frame: pd.DataFrame
    faults: tuple[Struck, ...]
    calls: tuple[tuple[str, str], ...]

    @property
    def end(self):
        return self.frame.index[-1].to_pydatetime()

    def alerts(self):
        """Yield the spans of rules that a person would write, held for a minute."""
        for rule, metric, line in (("Errors", "error_ratio", 0.05), ("Slow", "latency_p95", 1.0)):
            for service in self.frame.columns.unique(0):
                above = (self.frame[service, metric] > line).to_numpy().astype(int)
                held = np.convolve(above, np.ones(12))[: len(above)] == 12
                if held.any():
                    labels = {"alertname": rule, "service": service, "severity": "page"}
                    yield labels, self.frame.index[held]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    played = run_on_simulator(parse_suite(SUITE, "suite"), tmp_path_factory.mktemp("gd") / "runs")
    assert not played.failures
    pieces, faults, begins = [], [], START
    for run in played.runs:
        case, phases = run.case(), run.record.phases
        moved = begins - phases.baseline_start
        pieces.append(case.metrics.set_axis(case.metrics.index + moved))
        if run.record.fault:
            faults.append(
                Struck(
                    run.record.fault,
                    case.root_cause.service if case.root_cause else "",
                    phases.injected + moved,
                    phases.reverted + moved,
                    run.record.effect.effect == "effective",
                )
            )
        begins += LENGTH
    frame = pd.concat(pieces)
    assert (np.diff(frame.index.asi8) > 0).all()
    return Recorded(frame, tuple(faults), case.topology)


@pytest.fixture(scope="module")
def server(recorded, tmp_path_factory):
    with prometheus_server(tmp_path_factory.mktemp("prometheus")) as running:
        exposed, alerts = Exposed(SCRAPE_S), list(recorded.alerts())
        half_hour = 1800 // SCRAPE_S
        for first in range(0, len(recorded.frame), half_hour):
            piece = recorded.frame.iloc[first : first + half_hour]
            running.write(exposed.series(piece))
            running.write(list(_firing(alerts, piece.index)))
        yield running


def _firing(alerts, times):
    always = {"alertname": "Watchdog", "severity": "none"}
    for labels, moments in [*alerts, (always, times)]:
        inside = moments.intersection(times)
        if len(inside):
            named = {"__name__": "ALERTS", "alertstate": "firing", **labels}
            yield named, inside.as_unit("ms").asi8, np.ones(len(inside))


def backtest(server, recorded, *options, calls):
    calls.write_text(json.dumps(recorded.calls))
    command = [
        *(AIOPS, "backtest", "--prometheus", server.url, "--step", f"{STEP_S}s"),
        *("--since", START.isoformat(), "--until", recorded.end.isoformat()),
        *("--calls", calls, *options),
    ]
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def told(server, recorded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    page = folder / "page.html"
    done = backtest(
        *(server, recorded, "--pages-per-day", 60, "--json", "--html", page),
        calls=folder / "calls.json",
    )
    assert done.returncode == 0, done.stderr
    assert page.read_text().startswith("<!doctype html>")
    return json.loads(done.stdout)


def opened(told):
    return [datetime.fromisoformat(one["opened"]) for one in told["incidents"]]


def test_it_lists_the_faults_that_bit(told, recorded):
    bit = [one for one in recorded.faults if one.bit]
    assert len(bit) >= 5
    moments = opened(told)
    missed = [
        one.fault
        for one in bit
        if not any(one.first <= moment <= one.last + LATE for moment in moments)
    ]
    assert missed == []


def test_it_opens_little_where_nothing_was_done(told, recorded):
    quiet = [
        moment
        for moment in opened(told)
        if not any(one.first <= moment <= one.last + LATE for one in recorded.faults)
    ]
    assert len(quiet) <= 1


def test_it_names_what_was_struck(told, recorded):
    right = 0
    bit = [one for one in recorded.faults if one.bit]
    for fault in bit:
        blamed = {
            one["blames"]
            for one, moment in zip(told["incidents"], opened(told), strict=True)
            if fault.first <= moment <= fault.last + LATE
        }
        right += fault.service in blamed
    assert right >= len(bit) / 2


def test_no_alert_is_missed_and_the_constant_one_is_set_apart(told):
    assert len(told["alerts"]) >= 5
    assert {one["fate"] for one in told["alerts"]} <= {"led", "matched", "folded"}
    assert [one["name"] for one in told["apart"]] == ["Watchdog"]


def test_as_many_pages_at_random_moments_miss_alerts(told):
    row = told["table"][-1]
    assert row["ours"]["missed"] == 0
    assert row["chance"]["missed"] >= 1


def test_it_is_told_in_words_too(server, recorded, tmp_path):
    done = backtest(server, recorded, calls=tmp_path / "calls.json")
    assert done.returncode == 0, done.stderr
    assert "of which those of strength" in done.stdout
    assert "pages/day asked" in done.stdout


def test_a_stretch_without_data_is_one_line(server, tmp_path):
    command = [AIOPS, "backtest", "--prometheus", server.url, "--since", "1h", "--until", "-40d"]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
