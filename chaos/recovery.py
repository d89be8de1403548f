"""Recovery: undo what a process left behind that is no more.

From the journal, if it is at hand; from the marks on the objects, from any machine. A journal may
know runs on several clusters; only those on the cluster at hand are touched.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiops.types import (
    Denied,
    InvalidExperiment,
    InvalidInput,
    RevertIncomplete,
    Unreachable,
)
from chaos.cluster import SIMULATED, NoSuchObject, ObjectRef
from chaos.deeds import PatchDeed, deed_from_json
from chaos.journal import RunEvent
from chaos.marks import FENCE, read_mark, runs_on, struck
from chaos.patience import Patience
from chaos.plan import Plan
from chaos.reverting import Reverting
from chaos.workloads import uid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaos.cluster import Cluster
    from chaos.deeds import Deed
    from chaos.journal import Journal

log = logging.getLogger(__name__)

KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Service", "Pod")
"""Kinds of objects that can bear a mark."""


def recover(
    cluster: Cluster, journal: Journal, *, patience: Patience | None = None
) -> tuple[str, ...]:
    """Undo every run on this cluster that the journal knows to be pending; return their ids.

    Raises
    ------
    RevertIncomplete
        If one of them could not be proved gone, after all have been tried.
    InvalidInput
        If the journal cannot be read.
    """
    patience = patience or Patience()
    failures: list[str] = []
    here: dict[str, Plan] = {}
    for run, (plan, identity) in journal.planned().items():
        try:
            if patience.persist(partial(_is_here, cluster, plan, identity)):
                here[run] = plan
        except (Unreachable, Denied) as error:
            failures.append(f"run {run}: whether it is on this cluster cannot be told: {error}")
    return _revert_all(cluster, journal, here, failures, patience)


def elsewhere(cluster: Cluster, journal: Journal) -> tuple[str, ...]:
    """Return the pending runs of the journal that `recover` leaves alone: on other clusters.

    Those on simulators are gone with the process that ran them.

    Raises
    ------
    Unreachable, Denied
        If the cluster does not answer, or refuses.
    """
    return tuple(
        run
        for run, (plan, identity) in journal.planned().items()
        if identity != SIMULATED and not _is_here(cluster, plan, identity)
    )


def recover_marked(
    cluster: Cluster,
    journal: Journal,
    namespaces: Iterable[str],
    *,
    patience: Patience | None = None,
) -> tuple[str, ...]:
    """Undo every run whose mark is on an object in `namespaces`; return the ids of those undone.

    Runs that another process is just holding are undone too. Those that the journal knows to be
    pending are undone as it has them.

    Raises
    ------
    RevertIncomplete
        If one of them could not be proved gone, or a mark could not be read, after all have been
        tried.
    """
    patience = patience or Patience()
    failures: list[str] = []
    found: dict[str, Plan] = {}
    for ref, document in _documents(cluster, namespaces, failures):
        for run in runs_on(document):
            try:
                plan = _read(ref, document, run)
            except InvalidExperiment as error:
                failures.append(f"{ref} bears a mark that cannot be read: {error}")
            else:
                found[run] = _joined(found.get(run), plan)
    try:
        plans = _note_planned(cluster, journal, found, patience)
    except Unreachable as error:
        failures.append(f"the runs {', '.join(found)} are not proved undone: {error}")
        plans = {}
    return _revert_all(cluster, journal, plans, failures, patience)


def _is_here(cluster: Cluster, plan: Plan, identity: str | None) -> bool:
    """Say whether a plan is about this cluster.

    Where only an address is known, or nothing, the uid of an object of the plan has to tell.
    """
    here = cluster.identity
    if identity == here or SIMULATED in {identity, here}:
        return identity == here
    if identity is not None and not any("://" in one for one in (identity, here)):
        return False
    return any(_is_there(cluster, deed) for deed in plan.deeds)


def _is_there(cluster: Cluster, deed: Deed) -> bool:
    """Say whether the very object of a deed is in this cluster."""
    try:
        return bool(deed.uid) and uid_of(cluster.get(deed.target)) == deed.uid
    except NoSuchObject:
        return False


def _documents(
    cluster: Cluster, namespaces: Iterable[str], failures: list[str]
) -> Iterator[tuple[ObjectRef, dict[str, Any]]]:
    """Yield all objects that can bear a mark, and note in `failures` what may not be listed."""
    for namespace in dict.fromkeys(namespaces):
        for kind in KINDS:
            try:
                documents = cluster.list(kind, namespace)
            except (Unreachable, Denied) as error:
                failures.append(f"no {kind} in {namespace} was looked at: {error}")
                continue
            for document in documents:
                yield ObjectRef(kind, namespace, document["metadata"]["name"]), document


def _read(ref: ObjectRef, document: dict[str, Any], run: str) -> Plan:
    """Return the part of a run's plan that an object bears; of a fence there is but the fence."""
    if not struck(document, run):
        return Plan(FENCE, ref, (PatchDeed(ref, uid_of(document), (), ()),))
    mark = read_mark(document, run)
    return Plan(mark["fault"], ref, (deed_from_json(mark["deed"]),))


def _joined(before: Plan | None, plan: Plan) -> Plan:
    """Return one plan of the parts that two objects bear."""
    return replace(before, deeds=(*before.deeds, *plan.deeds)) if before else plan


def _note_planned(
    cluster: Cluster, journal: Journal, found: dict[str, Plan], patience: Patience
) -> dict[str, Plan]:
    """Write up the runs that were found; return them, those known already as the journal has them.

    Raises
    ------
    Unreachable
        If the cluster cannot be asked which one it is.
    """
    if not found:
        return {}
    identity = patience.persist(lambda: cluster.identity)
    try:
        known = journal.pending(identity)
    except InvalidInput as error:  # the marks are enough
        log.warning("%s", error)
        known = {}
    for run in found.keys() - known.keys():
        payload = found[run].to_json() | {"cluster": identity}
        journal.append(run, RunEvent.PLANNED, time=cluster.now, payload=payload)
    return {run: known.get(run, plan) for run, plan in found.items()}


def _revert_all(
    cluster: Cluster,
    journal: Journal,
    plans: dict[str, Plan],
    failures: list[str],
    patience: Patience,
) -> tuple[str, ...]:
    done: list[str] = []
    for run, plan in plans.items():
        try:
            Reverting(run, plan, cluster, journal, patience).revert()
            done.append(run)
        except RevertIncomplete as failure:
            failures.append(str(failure))
    if failures:
        raise RevertIncomplete("; ".join(failures))
    return tuple(done)
