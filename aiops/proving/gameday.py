"""A gameday: run a suite, keep every run, and grade what monitoring made of it."""

from __future__ import annotations

import random
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiops.proving.drawn import folder_of, title_of, trial_of
from aiops.proving.played import Failure, collect
from aiops.proving.running import run_trial
from aiops.proving.suite import draw
from aiops.types import AiopsError, InvalidExperiment, RevertIncomplete
from chaos.backend import SimBackend
from chaos.journal import Journal, RunEvent
from chaos.patch import PatchConflict
from chaos.record import RunOutcome
from chaos.runs import RunFolder
from chaos.signals import Interrupted, shielded
from chaos.simulation.changes import CHANGES
from chaos.simulation.shop import TOPOLOGY, TWIN
from chaos.simulation.simulator import Simulator
from chaos.simulation.topology import draw_topology
from chaos.trial import Trial, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from aiops.proving.played import Played
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
) -> Played:
    """Run a suite, each run on a simulator of its own, in several processes.

    A signal ends those processes at once, as a simulator has nothing to take back.

    Parameters
    ----------
    progress : callable
        Called with (runs done, runs in all, what was done) after each.

    Raises
    ------
    InvalidExperiment
        If no fault of the suite can strike anything, or the folder is in use.
    """
    _new_folder(folder)
    runs, interrupted = draw(suite), False
    ended: list[tuple[Draw, Future[None]]] = []
    others = set(active_children())
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_leave_signals_to_the_parent
    ) as pool:
        try:
            with shielded():  # no process may be started that nobody knows of
                waiting = {pool.submit(_simulate, suite, one, folder): one for one in runs}
            for future in as_completed(waiting):
                ended.append((waiting[future], future))
                progress(len(ended), len(runs), title_of(waiting[future]))
        except (Interrupted, KeyboardInterrupt):
            interrupted = True
            for process in set(active_children()) - others:
                process.terminate()
        finally:
            pool.shutdown(cancel_futures=True)
    failures = [failure for one, future in ended if (failure := _failure(one, future))]
    failed = {one.run for one in failures}
    kept = [
        RunFolder.read(folder / folder_of(one)) for one, _ in ended if folder_of(one) not in failed
    ]
    return collect(folder, kept, failures, interrupted=interrupted)


def run_on_cluster(
    suite: Suite,
    backend: Backend,
    folder: Path,
    *,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Played:
    """Run a suite on a cluster, one run after the other; an interrupted run is the last one.

    Every fault is planned before the first run begins. One that then fails is tried once more,
    unless something had been done by then; the gameday goes on without it.

    Raises
    ------
    InvalidExperiment
        If a run cannot be planned, or is refused by a gate.
    Unreachable, Denied
        If the cluster does not answer, or refuses, before the first run begins.
    RevertIncomplete
        If a fault could not be proved gone: nothing more is then injected.
    """
    _new_folder(folder)
    journal, runs = Journal(folder / JOURNAL_FILE), draw(suite)
    names = sorted(one["metadata"]["name"] for one in _deployments(backend))
    kept, failures = list[RunFolder](), list[Failure]()
    interrupted = False
    try:
        _rehearse(suite, runs, names, backend)
        for done, one in enumerate(runs, start=1):
            try:
                found = _insist(suite, one, names, backend, journal, folder)
            except _NothingKeptError as failed:
                failures.append(Failure(folder_of(one), title_of(one), str(failed)))
                progress(done, len(runs), f"{title_of(one)}: failed, {failed}")
                continue
            kept.append(found)
            progress(done, len(runs), f"{title_of(one)}: {found.record.outcome.value}")
            if found.record.outcome is RunOutcome.REVERT_INCOMPLETE:
                raise RevertIncomplete(
                    f"the gameday ends with {found.path}: {'; '.join(found.record.notes)}"
                )
            interrupted = found.record.outcome is RunOutcome.INTERRUPTED
            if interrupted:
                break
    except (Interrupted, KeyboardInterrupt):
        interrupted = True
    return collect(folder, kept, failures, interrupted=interrupted)


def _rehearse(suite: Suite, runs: Sequence[Draw], names: Sequence[str], backend: Backend) -> None:
    """Plan every fault and ask every gate, so that nobody waits for what is refused anyway."""
    for one in runs:
        if one.fault:
            prepare(trial_of(suite, one, names), backend).preflight.refuse_unless_clear()


class _NothingKeptError(AiopsError):
    """A run failed, and nothing of it was kept; `struck` says whether it had done anything."""

    def __init__(self, why: str, *, struck: bool) -> None:
        super().__init__(why)
        self.struck = struck


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
        return _attempt(trial_of(suite, one, names), backend, journal, folder / folder_of(one))
    except _NothingKeptError as failed:
        if failed.struck:
            raise
    backend.wait(suite.phases.recover)
    return _attempt(trial_of(suite, one, names), backend, journal, folder / folder_of(one))


def _attempt(trial: Trial, backend: Backend, journal: Journal, folder: Path) -> RunFolder:
    try:
        return run_trial(trial, backend, journal, folder)
    except RevertIncomplete:
        raise
    except AiopsError as error:
        raise _NothingKeptError(str(error), struck=_struck(journal, trial.run)) from error


def _struck(journal: Journal, run: str) -> bool:
    """Say whether something was done in a run, or may have been."""
    return any(
        entry.event is RunEvent.INJECTED
        or (entry.event is RunEvent.UNDONE and bool(entry.payload["found"]))
        for entry in journal.entries()
        if entry.run == run
    )


def _failure(one: Draw, future: Future[None]) -> Failure | None:
    """Return why a simulated run failed; None if it did not."""
    try:
        future.result()
    except InvalidExperiment as error:
        return Failure(folder_of(one), title_of(one), str(error))
    return None


def _leave_signals_to_the_parent() -> None:
    """Let an INT, which a terminal sends to all of its processes, be the business of one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _simulate(suite: Suite, one: Draw, folder: Path) -> None:
    """Run one draw on the first service on which its fault can act, each time on a fresh system."""
    topology = SYSTEMS[suite.system](one.seed)
    names = [service.name for service in topology.services]
    random.Random(one.seed).shuffle(names)  # noqa: S311  no secret
    why = ""
    for name in (one.target,) if one.target else names:
        backend = _simulated(topology, one.seed)
        own = folder / folder_of(one)
        # a drawn system has a namespace of its own
        here = suite.model_copy(update={"namespace": backend.system})
        try:
            trial = trial_of(here, one, [name], tuple(CHANGES))
            run_trial(trial, backend, Journal(own / JOURNAL_FILE), own)
        except (InvalidExperiment, PatchConflict) as error:
            why = str(error)
        else:
            return
    raise InvalidExperiment(f"{title_of(one)} can strike nothing in this system: {why}")


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
