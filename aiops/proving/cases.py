"""Labelled cases by the thousand, from the simulator: faults, healthy windows, harmless changes.

Each case is a system of its own. Its label is what was truly done; whether anybody could notice is
written into the manifest beside the cases, which no ranker reads. Detectors are not involved.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aiops import datasets
from aiops.proving.effect import verdict
from aiops.proving.scenarios import Kind, draw_scenario, kinds
from aiops.proving.symptoms import first_symptom
from aiops.types import Case, InvalidCase, InvalidExperiment, InvalidInput
from chaos import Experiment, as_case
from chaos.faults.rollout import RolloutFault
from chaos.simulation.changes import CHANGES
from chaos.simulation.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiops.proving.scenarios import Scenario
    from chaos import Fault, ObjectRef, Plan
    from chaos.record import EffectVerdict
    from chaos.simulation.service import Service

MANIFEST = "manifest.json"
SCHEMA = "aiops.cases/v1"

WARM_UP = 8
"""Samples before the window, so that queues and retries have settled."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one case is and what it did to users, as the manifest says it.

    Attributes
    ----------
    id : str
        Of the case, and the name of its folder.
    force : bool or None
        Whether a faulty rollout took the old pods away first; None for other faults.
    change : str or None
        The harmless change, which in a case with a fault is a decoy before it.
    services : int
        Services of the system.
    trigger : str or None
        The series that missed its objective first.
    effect : EffectVerdict
        Whether an entry got worse, and by how much.
    """

    id: str
    kind: str
    fault: str | None
    target: str | None
    strength: float | None
    force: bool | None
    change: str | None
    services: int
    step_s: float
    trigger: str | None
    effect: EffectVerdict


def make_cases(
    n: int,
    seed: int,
    folder: str | Path,
    *,
    progress: Callable[[int, int, str], None] | None = None,
) -> tuple[Made, ...]:
    """Write `n` labelled cases and their manifest into `folder`; one case is in memory at a time.

    The same seed gives the same bytes. About 18 % of the cases are healthy and 12 % hold nothing
    but a harmless change; both have no root cause. The root cause of the others names the series
    that the fault moves directly.

    Parameters
    ----------
    progress : callable, optional
        Called with (cases done, cases in all, id) after each case.

    Raises
    ------
    InvalidInput
        If `n` is below 1 or the seed is negative.
    InvalidCase
        If the folder exists and is not empty.
    """
    if n < 1 or seed < 0:
        raise InvalidInput(f"{n} cases of seed {seed}; give at least 1 case and a seed ≥ 0")
    folder = Path(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidCase(f"{folder} exists already; choose a new or an empty folder")
    made = []
    for number, kind in enumerate(kinds(n, seed)):
        scenario = draw_scenario(seed, number, kind)
        case, row = make_case(scenario)
        datasets.save(case, folder / case.id)
        made.append(row)
        if progress:
            progress(number + 1, n, case.id)
    document = {"schema": SCHEMA, "seed": seed, "cases": [asdict(row) for row in made]}
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return tuple(made)


def make_case(scenario: Scenario) -> tuple[Case, Made]:
    """Let `scenario` happen; return the case and what the manifest says of it."""
    simulator = Simulator(
        scenario.seed, scenario.step_s, scenario.start, topology=scenario.topology
    )
    simulator.advance(WARM_UP)
    begin, rows = simulator.now, scenario.before
    if scenario.change and scenario.kind is Kind.FAULT:
        simulator.advance(scenario.decoy_row)
        _change(simulator, scenario, scenario.change)
        rows -= scenario.decoy_row
    simulator.advance(rows)
    moment = simulator.now
    plan = _inject(simulator, scenario)
    if scenario.change and scenario.kind is Kind.CHANGE:
        _change(simulator, scenario, scenario.change)
    simulator.advance(scenario.after)
    case = _case(simulator, scenario, plan, begin=begin, moment=moment)
    return case, _row(case, scenario, plan, moment)


def _change(simulator: Simulator, scenario: Scenario, change: str) -> None:
    """Make the harmless change to the first service with several pods, if there is one."""
    services = [_service(simulator, name) for name in scenario.change_targets]
    several = [s for s in services if simulator.get(s.ref)["spec"]["replicas"] > 1]
    rng = np.random.default_rng((scenario.seed, 0xC4A))
    CHANGES[change](simulator, (several or services)[0], rng)


def _service(simulator: Simulator, name: str) -> Service:
    return next(service for service in simulator.system.services if service.name == name)


def _inject(simulator: Simulator, scenario: Scenario) -> Plan | None:
    """Inject the fault into the first service on which it can act."""
    if scenario.fault is None:
        return None
    for name in scenario.targets:
        target = _target(scenario.fault, _service(simulator, name))
        try:
            plan = scenario.fault.plan(
                simulator, target, seed=scenario.seed, hold_s=scenario.after * scenario.step_s
            )
        except InvalidExperiment:
            continue  # as scale.down where there is one replica
        plan.inject(simulator, scenario.id)
        return plan
    raise InvalidExperiment(f"{scenario.fault.id} can act on no service of case {scenario.id}")


def _target(fault: Fault, service: Service) -> ObjectRef:
    return service.service_ref if fault.target_kind == "Service" else service.ref


def _case(
    simulator: Simulator,
    scenario: Scenario,
    plan: Plan | None,
    *,
    begin: datetime,
    moment: datetime,
) -> Case:
    metrics = simulator.metrics()
    metrics = metrics[metrics.index >= begin]
    trigger = first_symptom(metrics, simulator.system.entries, moment)
    if plan is None:
        case = Case(
            id=scenario.id,
            metrics=metrics,
            topology=simulator.topology,
            trigger=trigger,
            inject_time=moment,
            system=simulator.system.services[0].namespace,
        )
    else:
        held_s = scenario.after * scenario.step_s
        experiment = Experiment(plan.fault, plan.target, held_s, scenario.seed, scenario.id)
        case = as_case(experiment, metrics, simulator.topology, inject_time=moment, trigger=trigger)
    logs = simulator.logs()
    events = tuple(event for event in simulator.events if event.time >= begin)
    return replace(case, logs=logs[logs.index >= begin], events=events)


def _row(case: Case, scenario: Scenario, plan: Plan | None, moment: datetime) -> Made:
    fault = scenario.fault
    index = case.metrics.index
    seen = verdict(
        case.metrics,
        entries=scenario.topology.entries,
        baseline=(index[0], moment),
        held=(moment, index[-1] + (index[1] - index[0])),
    )
    return Made(
        id=case.id,
        kind=scenario.kind.value,
        fault=case.fault,
        target=plan.target.name if plan else None,
        strength=fault.strength if fault else None,
        force=fault.force if isinstance(fault, RolloutFault) else None,
        change=scenario.change,
        services=len(scenario.topology.services),
        step_s=scenario.step_s,
        trigger=str(case.trigger) if case.trigger else None,
        effect=seen,
    )
