"""Rollouts: a new revision of a workload's template, when it came and what it changed.

A Deployment keeps its revisions as ReplicaSets, a StatefulSet or DaemonSet as ControllerRevisions;
how many, its ``revisionHistoryLimit`` says. A rollback takes an old one up again, whose time of
creation is that of its first use: the Deployment's condition ``Progressing`` tells of the last.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiops.collectors.kubernetes.happenings import scaled_up
from aiops.collectors.kubernetes.state import Ref, moment
from aiops.collectors.kubernetes.templates import changed
from aiops.types import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aiops.collectors.kubernetes.happenings import Happening
    from aiops.collectors.kubernetes.owners import Owners
    from aiops.collectors.kubernetes.state import Document, State

ROLLOUT = "rollout"
_NUMBER = "deployment.kubernetes.io/revision"
_LONGEST = timedelta(minutes=10)
"""How long a rollout may take; by default Kubernetes too gives up after as long."""

_EARLIER = "deployment.kubernetes.io/revision-history"


@dataclass(frozen=True)
class Revision:
    """One revision of a workload's pod template; `time` is None where nobody kept it."""

    workload: Ref
    number: int
    time: datetime | None
    template: Mapping[str, Any]


def rollouts(state: State, owners: Owners, happenings: Sequence[Happening]) -> Iterator[Event]:
    """Yield every rollout that the cluster still knows of."""
    by_workload: dict[Ref, list[Revision]] = defaultdict(list)
    for revision in _revisions(state, owners, happenings):
        by_workload[revision.workload].append(revision)
    for workload, revisions in by_workload.items():
        before: Revision | None = None
        for each in sorted(revisions, key=lambda revision: revision.number):
            if each.time is not None:
                what = changed(None if before is None else before.template, each.template)
                text = f"{workload} revision {each.number}: {what}"
                yield Event(each.time, ROLLOUT, owners.service(workload), text)
            before = each


def _revisions(state: State, owners: Owners, happenings: Sequence[Happening]) -> Iterator[Revision]:
    progress = {Ref.of(one): _progress(one) for one in state.of("Deployment")}
    for document in state.of("ReplicaSet"):
        ref = Ref.of(document)
        workload = owners.workload(ref)
        if workload.kind == "Deployment":
            taken_up = _taken_up(scaled_up(ref, happenings), progress.get(workload))
            yield from _of_replica_set(document, workload, taken_up)
    for document in state.of("ControllerRevision"):
        template = ((document.get("data") or {}).get("spec") or {}).get("template")
        if template is not None:
            workload = owners.workload(Ref.of(document))
            yield Revision(workload, int(document["revision"]), _created(document), template)


def _taken_up(scalings: Sequence[datetime], progress: datetime | None) -> datetime | None:
    """Return when a rollout began that made its last progress at `progress`."""
    if progress is None:
        return None
    return min([time for time in scalings if progress - _LONGEST <= time <= progress] or [progress])


def _of_replica_set(
    document: Document, workload: Ref, taken_up: datetime | None
) -> Iterator[Revision]:
    """Yield each use of a ReplicaSet's template: its first, those between, and the present one."""
    annotations = document["metadata"].get("annotations") or {}
    earlier = annotations.get(_EARLIER) or ""
    numbers = [*_numbers(earlier.split(",")), *_numbers([annotations.get(_NUMBER) or ""])]
    for place, number in enumerate(numbers):
        in_use = place == len(numbers) - 1 and bool(document["spec"].get("replicas"))
        again = taken_up if in_use else None
        time = again if place else _created(document)
        yield Revision(workload, number, time, document["spec"]["template"])


def _numbers(texts: Iterable[str]) -> Iterator[int]:
    return (int(text) for text in texts if text.strip().isdecimal())


def _created(document: Document) -> datetime | None:
    return moment(document["metadata"].get("creationTimestamp"))


def _progress(deployment: Document) -> datetime | None:
    """Return when a Deployment last made progress."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Progressing":
            return moment(condition.get("lastUpdateTime"))
    return None
