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


def test_a_run_that_is_named_twice_counts_once(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path / "all" / name, run=name)
    (tmp_path / "link").symlink_to(tmp_path / "all" / "a")
    roots = (tmp_path / "all", tmp_path / "all", tmp_path / "all" / "b", tmp_path / "link")
    assert [one.record.run for one in RunFolder.find(*roots)] == ["a", "b"]


def test_a_copy_of_a_run_is_refused(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path / name, run="same")
    with pytest.raises(InvalidExperiment, match=r"a and .*b both hold run 'same'; leave one"):
        RunFolder.find(tmp_path)


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


@pytest.mark.parametrize(
    ("times", "which"),
    [
        ('"start": "2026-11-22T12:00:00"', "start"),
        ('"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T12:00:05"', "end"),
    ],
)
def test_alerts_without_a_time_zone_are_refused_in_one_line(tmp_path, times, which):
    write_run(tmp_path / "run")
    (tmp_path / "run" / ALERTS_FILE).write_text(f'[{{"name": "Down", {times}}}]')
    with pytest.raises(InvalidExperiment) as refused:
        RunFolder.read(tmp_path / "run").alerts()
    text = str(refused.value)
    assert text.startswith(f"{tmp_path / 'run' / ALERTS_FILE}: ")
    assert f"{which} of alert 'Down' has no time zone" in text
    assert "\n" not in text


def test_a_missing_case_is_refused_when_it_is_asked_for(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(InvalidCase):
        RunFolder.read(tmp_path / "run").case()
