"""Run folders as the run loop leaves them: one system, one fault or none, made by the simulator."""

from dataclasses import replace

import pytest

from aiops import datasets
from aiops.proving.effect import verdict
from aiops.types import Case
from chaos import Experiment, Journal, ObjectRef, as_case, injected
from chaos.record import Expected, Phases, RunOutcome, RunRecord
from chaos.runs import RunFolder, write_alerts
from chaos.simulation.simulator import Simulator

BEFORE, HOLD, AFTER = 40, 24, 16


def lived(folder, seed, fault, service):
    """Let a run happen; return its simulator, experiment and phases."""
    shop = Simulator(seed)
    shop.advance(BEFORE)
    target = ObjectRef("Deployment", "shop", service)
    experiment = fault and Experiment(fault, target, HOLD * shop.step_s, seed, f"run-{seed}")
    moments = [shop.start, shop.now]
    if experiment:
        with injected(experiment, shop, Journal(folder / "journal.jsonl")):
            shop.advance(HOLD)
    else:
        shop.advance(HOLD)
    moments.append(shop.now)
    shop.advance(AFTER)
    return shop, experiment, Phases(*moments, shop.now)


def build_run(folder, *, seed=1, fault=None, service="store", alerts=None, decoy=None, **changes):
    folder.mkdir()
    shop, experiment, phases = lived(folder, seed, fault, service)
    metrics, asked = shop.metrics(), phases.injected
    case = Case(id=f"run-{seed}", metrics=metrics, topology=shop.topology, inject_time=asked)
    if experiment:
        case = as_case(experiment, metrics, shop.topology, inject_time=asked)
    datasets.save(case, folder / "case")
    if alerts is not None:
        write_alerts(tuple(alerts(phases)), folder)
    baseline, held = (phases.baseline_start, asked), (asked, phases.reverted)
    truth = case.root_cause
    record = RunRecord(
        run=f"run-{seed}",
        backend="sim",
        system="shop",
        seed=seed,
        hold_s=HOLD * shop.step_s,
        phases=phases,
        outcome=RunOutcome.DEVIATED if fault else RunOutcome.HELD,
        fault=fault,
        target=experiment.target if experiment else None,
        control=None if fault or decoy else "noop",
        decoy=decoy,
        effect=verdict(metrics, entries=shop.system.entries, baseline=baseline, held=held),
        expected=Expected(truth.service, tuple(one.metric for one in truth.metrics))
        if truth
        else Expected(),
    )
    record = replace(record, **changes)
    record.write(folder)
    return RunFolder(folder, record)


@pytest.fixture(scope="session")
def make_run():
    """Return a maker of run folders: ``make_run(folder, seed=…, fault=…, service=…, alerts=…)``."""
    return build_run
