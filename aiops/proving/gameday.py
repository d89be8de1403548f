"""A gameday: run a suite, keep every run, and grade what monitoring made of it."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from aiops.proving.running import new_run, run_prepared, run_trial
from aiops.proving.suite import draw
from aiops.types import InvalidExperiment, RevertIncomplete
from chaos.backend import SimBackend
from chaos.changes import CHANGES
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.faults import make_fault
from chaos.journal import Journal
from chaos.record import Expected, RunOutcome
from chaos.runs import RunFolder
from chaos.safety import Limits
from chaos.shop import TOPOLOGY
from chaos.simulator import Simulator
from chaos.topology import draw_topology
from chaos.trial import FaultStep, Trial, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aiops.proving.suite import Draw, Suite
    from chaos.backend import Backend

JOURNAL_FILE = "journal.jsonl"


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
        trial = trial_of(suite, one, names)
        found = run_trial(trial, backend, journal, folder / _name(one))
        kept.append(found)
        progress(done, len(runs), f"{_said(one)}: {found.record.outcome.value}")
        if found.record.outcome is RunOutcome.REVERT_INCOMPLETE:
            raise RevertIncomplete(
                f"the gameday ends with {found.path}: {'; '.join(found.record.notes)}"
            )
        if found.record.outcome is RunOutcome.INTERRUPTED:
            break
    return tuple(kept)


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
    """Run one draw on a simulator of its own, on the first service on which its fault can act."""
    topology = TOPOLOGY if suite.system == "shop" else draw_topology(one.seed)
    backend = SimBackend(Simulator(one.seed, topology=topology))
    own = folder / _name(one)
    journal = Journal(own / JOURNAL_FILE)
    names = [service.name for service in topology.services]
    random.Random(one.seed).shuffle(names)  # noqa: S311  no secret
    why = ""
    for name in (one.target,) if one.target else names:
        try:
            prepared = prepare(trial_of(suite, one, [name], tuple(CHANGES)), backend)
        except InvalidExperiment as error:
            why = str(error)
            continue
        if prepared.preflight.clear:
            run_prepared(prepared, backend, journal, own)
            return
        why = str(prepared.preflight.refusals[0])
    raise InvalidExperiment(f"{_said(one)} can strike nothing in this system: {why}")


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
