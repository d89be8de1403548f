"""Generated cases: legal, labelled truthfully, opaque, and the same bytes for the same seed."""

import hashlib
import json
import time
from dataclasses import replace

import pytest

from aiops import datasets
from aiops.proving import cases as module
from aiops.proving.cases import MANIFEST, SCHEMA, make_case, make_cases
from aiops.proving.scenarios import Kind, draw_scenario
from aiops.types import InvalidCase, InvalidExperiment, InvalidInput
from chaos import FAULTS, fault
from chaos.simulation.topology import draw_topology

N, SEED = 12, 3
KEYS = {"id", "system", "fault", "inject_time", "root_cause", "topology", "trigger"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dozen cases and their manifest."""
    folder = tmp_path_factory.mktemp("made") / "cases"
    make_cases(N, SEED, folder)
    return folder


@pytest.fixture(scope="module")
def manifest(folder):
    """What the manifest says."""
    return json.loads((folder / MANIFEST).read_text())


def small(kind=Kind.FAULT, number=0, fault_id=None, **changes):
    """A scenario of a small system."""
    scenario = draw_scenario(2, number, kind)
    topology = draw_topology(number, services=6)
    names = tuple(service.name for service in topology.services)
    changed = {"topology": topology, "targets": names, "change_targets": names}
    if fault_id:
        changed["fault"] = fault(fault_id)
    return replace(scenario, **(changed | changes))


def digest(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_case_loads_and_the_manifest_lists_it(folder, manifest):
    assert (manifest["schema"], manifest["seed"]) == (SCHEMA, SEED)
    listed = {row["id"]: row for row in manifest["cases"]}
    assert len(listed) == N
    assert {path.name for path in datasets.cases(folder)} == set(listed)
    for path in datasets.cases(folder):
        case, row = datasets.load(path), listed[path.name]
        assert case.id == path.name
        assert row["fault"] == case.fault
        assert row["target"] == (case.root_cause.service if case.root_cause else None)
        assert row["trigger"] == (str(case.trigger) if case.trigger else None)
        assert row["effect"]["effect"] in {"effective", "no-effect", "unknown"}
        assert case.logs is not None
        assert case.logs.index[0] >= case.metrics.index[0]
        assert all(event.time >= case.metrics.index[0] for event in case.events)


def test_case_files_hold_the_known_keys_only(folder):
    for path in datasets.cases(folder):
        assert set(json.loads((path / "case.json").read_text())) == KEYS
        assert {file.name for file in path.iterdir()} <= {
            "case.json", "metrics.parquet", "logs.parquet", "events.json",
        }  # fmt: skip


def test_only_a_fault_has_a_root_cause_and_it_names_what_the_fault_moves(folder, manifest):
    for row in manifest["cases"]:
        case = datasets.load(folder / row["id"])
        assert (case.root_cause is not None) == (row["kind"] == "fault")
        assert case.inject_time is not None
        if case.root_cause:
            moved = [(name.service, name.metric) for name in case.root_cause.metrics]
            assert moved == [(row["target"], one) for one in FAULTS[case.fault].metrics]


def test_nothing_that_a_ranker_reads_speaks_of_an_experiment(folder, manifest):
    for row in manifest["cases"]:
        case = datasets.load(folder / row["id"])
        read = [case.id, case.system, *case.logs.message, *(event.text for event in case.events)]
        assert "chaos" not in " ".join(read)
        assert not any(fault_id in text for fault_id in FAULTS for text in read)


def test_the_same_seed_writes_the_same_bytes(folder, tmp_path):
    make_cases(N, SEED, tmp_path / "again")
    assert digest(tmp_path / "again") == digest(folder)
    make_cases(2, SEED + 1, tmp_path / "other")
    assert not set(digest(tmp_path / "other")) - {MANIFEST} & set(digest(folder))


def test_progress_is_told_after_each_case(tmp_path):
    told = []
    made = make_cases(3, 1, tmp_path / "out", progress=lambda *what: told.append(what))
    assert told == [(number, 3, one.id) for number, one in enumerate(made, start=1)]


def test_cases_are_written_one_at_a_time(tmp_path, monkeypatch):
    made = []

    def stop(scenario):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(scenario.id)
        return make_case(scenario)

    monkeypatch.setattr(module, "make_case", stop)
    with pytest.raises(KeyboardInterrupt):
        make_cases(5, 1, tmp_path / "out")
    assert {path.name for path in datasets.cases(tmp_path / "out")} == set(made)


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(InvalidCase, match="empty folder"):
        make_cases(1, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (-1, 1), (1, -1)])
def test_impossible_numbers_are_refused(n, seed, tmp_path):
    with pytest.raises(InvalidInput, match="at least 1 case"):
        make_cases(n, seed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fault_id", FAULTS)
def test_every_fault_makes_a_case(fault_id):
    case, row = make_case(small(fault_id=fault_id))
    assert case.fault == row.fault == fault_id
    before = (case.metrics.index < case.inject_time).sum()
    scenario = small(fault_id=fault_id)
    assert (before, len(case.metrics) - before) == (scenario.before, scenario.after)


def test_a_strong_fault_at_the_entry_is_noticed_there():
    case, row = make_case(small(fault_id="scale.zero", change=None))
    entry = case.topology[0][0]
    assert row.target == entry
    case, row = make_case(small(fault_id="net.delay", change=None))
    assert row.effect.effect == "effective"
    assert case.trigger == (entry, "latency_p95")


def test_a_decoy_comes_before_the_fault_and_is_recorded():
    scenario = small(fault_id="net.delay", change="rollout", decoy_row=40)
    case, row = make_case(scenario)
    rollouts = [event for event in case.events if event.kind == "rollout"]
    assert rollouts[0].time == case.metrics.index[40]
    assert row.change == "rollout"


def test_a_change_comes_at_the_moment_that_is_asked_about():
    case, _ = make_case(small(Kind.CHANGE, change="load_step"))
    [load] = [event for event in case.events if event.kind == "load"]
    assert load.time == case.inject_time
    assert case.root_cause is None


def test_a_fault_that_cannot_act_on_one_service_takes_the_next():
    scenario = small(fault_id="scale.down")
    services = {service.name: service for service in scenario.topology.services}
    lonely = [name for name in services if services[name].replicas == 1]
    several = [name for name in services if services[name].replicas > 1]
    assert lonely
    assert several
    _, row = make_case(replace(scenario, targets=(*lonely, *several)))
    assert row.target == several[0]
    with pytest.raises(InvalidExperiment, match=r"scale\.down can act on no service"):
        make_case(replace(scenario, targets=tuple(lonely)))


def test_small_cases_come_quickly(tmp_path):
    scenarios = [small(number=number) for number in range(6)]
    began = time.process_time()
    for scenario in scenarios:
        case, _ = make_case(scenario)
        datasets.save(case, tmp_path / scenario.id)
    assert time.process_time() - began < 6 / 5 * 2  # five a second, on a machine half as fast
