"""Recovery: undo what a process left behind that is no more.

From the journal, if it is at hand; from the marks on the objects, from any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiops.types import RevertIncomplete
from chaos.cluster import ObjectRef
from chaos.deeds import deed_from_json
from chaos.journal import RunEvent
from chaos.marks import read_mark, runs_on
from chaos.patience import Patience
from chaos.plan import Plan
from chaos.reverting import Reverting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaos.cluster import Cluster
    from chaos.journal import Journal

KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Service", "Pod")
"""Kinds of objects that can bear a mark."""


def recover(
    cluster: Cluster, journal: Journal, *, patience: Patience | None = None
) -> tuple[str, ...]:
    """Undo every run that the journal knows to be pending; return the ids of those undone.

    Raises
    ------
    RevertIncomplete
        If one of them could not be proved gone, after all have been tried.
    """
    return _revert_all(cluster, journal, journal.pending().items(), patience)


def recover_marked(
    cluster: Cluster,
    journal: Journal,
    namespaces: Iterable[str],
    *,
    patience: Patience | None = None,
) -> tuple[str, ...]:
    """Undo every run whose mark is on an object in `namespaces`; return the ids of those undone.

    Runs that another process is just holding are undone too.

    Raises
    ------
    RevertIncomplete
        If one of them could not be proved gone, after all have been tried.
    InvalidExperiment
        If a mark cannot be read.
    """
    found: list[tuple[str, Plan]] = []
    for namespace in namespaces:
        for kind in KINDS:
            for document in cluster.list(kind, namespace):
                ref = ObjectRef(kind, namespace, document["metadata"]["name"])
                for run in runs_on(document):
                    mark = read_mark(document, run)
                    deed = deed_from_json(mark["deed"])
                    found.append((run, Plan(mark["fault"], ref, (deed,))))
    for run, plan in found:
        journal.append(run, RunEvent.PLANNED, time=cluster.now, payload=plan.to_json())
    return _revert_all(cluster, journal, found, patience)


def _revert_all(
    cluster: Cluster,
    journal: Journal,
    plans: Iterable[tuple[str, Plan]],
    patience: Patience | None,
) -> tuple[str, ...]:
    done: list[str] = []
    failures: list[str] = []
    for run, plan in plans:
        try:
            Reverting(run, plan, cluster, journal, patience or Patience()).revert()
            done.append(run)
        except RevertIncomplete as failure:
            failures.append(str(failure))
    if failures:
        raise RevertIncomplete("; ".join(failures))
    return tuple(dict.fromkeys(done))
