"""Folders of runs: found, read, and told apart from what is none."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.types import InvalidCase, InvalidExperiment
from chaos.record import Phases, RunOutcome, RunRecord
from chaos.runs import ALERTS_FILE, Alert, RunFolder, write_alerts

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def write_run(folder, run="a1"):
    folder.mkdir(parents=True)
    moments = [START + timedelta(seconds=at) for at in (0, 30, 70, 100)]
    phases = Phases(*moments)
    record = RunRecord(run, "sim", "shop", 1, 40.0, phases, RunOutcome.HELD, control="noop")
    record.write(folder)
    return record


def test_runs_are_found_at_any_depth_in_order(tmp_path):
    for name in ("b", "a/deep"):
        write_run(tmp_path / name, run=name.replace("/", "-"))
    assert [one.record.run for one in RunFolder.find(tmp_path)] == ["a-deep", "b"]


def test_no_run_at_all_is_refused(tmp_path):
    with pytest.raises(InvalidExperiment, match=r"no run\.json"):
        RunFolder.find(tmp_path)


def test_alerts_come_back(tmp_path):
    write_run(tmp_path / "run")
    folder = RunFolder.read(tmp_path / "run")
    assert folder.alerts() is None
    alerts = (
        Alert("Down", START, None, {"service": "cart"}),
        Alert("Slow", START, START + timedelta(seconds=5)),
    )
    write_alerts(alerts, folder.path)
    assert folder.alerts() == alerts
    write_alerts((), folder.path)
    assert folder.alerts() == ()


@pytest.mark.parametrize(
    "text", ["{}", '[{"name": "x"}]', '[{"name": "x", "start": "2026-11-22T12:00:00Z", "to": 1}]']
)
def test_malformed_alerts_are_refused(tmp_path, text):
    write_run(tmp_path / "run")
    (tmp_path / "run" / ALERTS_FILE).write_text(text)
    with pytest.raises(InvalidExperiment, match=r"alerts\.json"):
        RunFolder.read(tmp_path / "run").alerts()


def test_a_missing_case_is_refused_when_it_is_asked_for(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(InvalidCase):
        RunFolder.read(tmp_path / "run").case()
