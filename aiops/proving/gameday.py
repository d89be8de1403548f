"""A gameday: run a suite, keep every run, and grade what monitoring made of it."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiops.proving.running import new_run, run_trial
from aiops.proving.suite import draw
from aiops.types import InvalidExperiment, RevertIncomplete, Unreachable
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.faults import make_fault
from chaos.journal import Journal
from chaos.patch import PatchConflict
from chaos.record import Expected, RunOutcome
from chaos.runs import RunFolder
from chaos.safety import Limits
from chaos.simulation.changes import CHANGES
from chaos.simulation.shop import TOPOLOGY, TWIN
from chaos.simulation.simulator import Simulator
from chaos.simulation.topology import draw_topology
from chaos.trial import FaultStep, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from aiops.proving.suite import Draw, Suite
    from chaos.backend import Backend
    from chaos.simulation.system import Topology

JOURNAL_FILE = "journal.jsonl"

TWIN_STEP_S = 2.0
"""Seconds from one sample of the twin to the next, as the real shop is sampled."""

DRAWN_STEP_S = 5.0
"""Seconds from one sample to the next of all other systems."""

SYSTEMS: Mapping[str, Callable[[int], Topology]] = MappingProxyType(
    {"shop": lambda _: TOPOLOGY, "twin": lambda _: TWIN, "drawn": draw_topology}
)
"""What a simulator simulates, by the name that a suite gives it, for a seed."""


def run_on_simulator(
    suite: Suite,
    folder: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> tuple[RunFolder, ...]:
    """Run a suite, each run on a simulator of its own, in several processes.

    Parameters
    ----------
    progress : callable
        Called with (runs done, runs in all, what was done) after each.

    Raises
    ------
    InvalidExperiment
        If a run cannot be planned, or the folder is in use.
    """
    _new_folder(folder)
    runs = draw(suite)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_simulate, suite, one, folder): one for one in runs}
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                progress(done, len(runs), _said(waiting[future]))
        finally:
            pool.shutdown(cancel_futures=True)
    return tuple(RunFolder.read(folder / _name(one)) for one in runs)


def run_on_cluster(
    suite: Suite,
    backend: Backend,
    folder: Path,
    *,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> tuple[RunFolder, ...]:
    """Run a suite on a cluster, one run after the other; an interrupted run is the last one.

    Raises
    ------
    InvalidExperiment
        If a run cannot be planned, or is refused by a gate.
    RevertIncomplete
        If a fault could not be proved gone: nothing more is then injected.
    """
    _new_folder(folder)
    journal, runs = Journal(folder / JOURNAL_FILE), draw(suite)
    names = sorted(one["metadata"]["name"] for one in _deployments(backend))
    kept: list[RunFolder] = []
    for done, one in enumerate(runs, start=1):
        found = _insist(suite, one, names, backend, journal, folder)
        kept.append(found)
        progress(done, len(runs), f"{_said(one)}: {found.record.outcome.value}")
        if found.record.outcome is RunOutcome.REVERT_INCOMPLETE:
            raise RevertIncomplete(
                f"the gameday ends with {found.path}: {'; '.join(found.record.notes)}"
            )
        if found.record.outcome is RunOutcome.INTERRUPTED:
            break
    return tuple(kept)


def _insist(  # noqa: PLR0913, PLR0917  what a run needs
    suite: Suite,
    one: Draw,
    names: Sequence[str],
    backend: Backend,
    journal: Journal,
    folder: Path,
) -> RunFolder:
    """Run one draw, and once more if something got in its way before anything was done."""
    try:
        return run_trial(trial_of(suite, one, names), backend, journal, folder / _name(one))
    except (InvalidExperiment, PatchConflict, Unreachable):
        backend.wait(suite.phases.recover)
        return run_trial(trial_of(suite, one, names), backend, journal, folder / _name(one))


def trial_of(suite: Suite, one: Draw, names: Sequence[str], decoys: Sequence[str] = ()) -> Trial:
    """Return the trial of one drawn run; what the suite leaves open is chosen by its seed.

    Parameters
    ----------
    names : sequence of str
        What may be struck.
    decoys : sequence of str
        The harmless changes of the backend; a rolling restart when left out.
    """
    rng = random.Random(one.seed)  # noqa: S311  no secret
    target = one.target or rng.choice(list(names))
    run = new_run()
    limits = Limits(max_hold_s=max(900.0, suite.phases.hold))
    trial = Trial(
        run=run,
        seed=one.seed,
        title=suite.title,
        baseline_s=suite.phases.baseline,
        hold_s=suite.phases.hold,
        recover_s=suite.phases.recover,
        limits=limits.with_outage() if suite.allow_outage else limits,
        decoy=(rng.choice(list(decoys or ("rollout",))), target) if one.decoy else None,
    )
    if one.fault is None:
        return trial
    kind = make_fault(one.fault, one.params)
    ref = ObjectRef(kind.target_kind, suite.namespace, target)
    experiment = Experiment(one.fault, ref, suite.phases.hold, one.seed, run, one.params)
    return _with(trial, experiment, kind.metrics)


def _with(trial: Trial, experiment: Experiment, metrics: tuple[str, ...]) -> Trial:
    expected = Expected(service=experiment.target.name, metrics=metrics)
    return replace(trial, steps=(FaultStep(experiment),), expected=expected)


def _simulate(suite: Suite, one: Draw, folder: Path) -> None:
    """Run one draw on the first service on which its fault can act, each time on a fresh system."""
    topology = SYSTEMS[suite.system](one.seed)
    names = [service.name for service in topology.services]
    random.Random(one.seed).shuffle(names)  # noqa: S311  no secret
    why = ""
    for name in (one.target,) if one.target else names:
        backend = _simulated(topology, one.seed)
        own = folder / _name(one)
        # a drawn system has a namespace of its own
        here = suite.model_copy(update={"namespace": backend.system})
        try:
            trial = trial_of(here, one, [name], tuple(CHANGES))
            run_trial(trial, backend, Journal(own / JOURNAL_FILE), own)
        except (InvalidExperiment, PatchConflict) as error:
            why = str(error)
        else:
            return
    raise InvalidExperiment(f"{_said(one)} can strike nothing in this system: {why}")


def _simulated(topology: Topology, seed: int) -> SimBackend:
    step_s = TWIN_STEP_S if topology is TWIN else DRAWN_STEP_S
    return SimBackend(Simulator(seed, step_s, topology=topology))


def _deployments(backend: Backend) -> list[dict[str, Any]]:
    found = backend.cluster.list("Deployment", backend.system)
    if not found:
        raise InvalidExperiment(f"namespace {backend.system} has no Deployment to strike")
    return found


def _new_folder(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise InvalidExperiment(f"{folder} is in use; name a new folder for this gameday")
    folder.mkdir(parents=True, exist_ok=True)


def _name(one: Draw) -> str:
    """Return the folder of a run: its place in the order, which says nothing of what was done."""
    return f"{one.number:04d}"


def _said(one: Draw) -> str:
    kind = one.fault or ("harmless change" if one.decoy else "control")
    return f"{kind} on {one.target}" if one.target else kind
