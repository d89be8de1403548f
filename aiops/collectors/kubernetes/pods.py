"""Pods and nodes over time: born, deleted, restarted, killed for memory; nodes that are not well."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiops.collectors.kubernetes.happenings import made, taken
from aiops.collectors.kubernetes.state import Ref, moment
from aiops.types import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aiops.collectors.kubernetes.happenings import Happening
    from aiops.collectors.kubernetes.owners import Owners
    from aiops.collectors.kubernetes.state import Document

BORN, GONE, RESTART, EXIT, NODE = "pod-start", "pod-stop", "restart", "exit", "node"

_STOPPED = "Stopping container"
"""How a pod's own end begins; a container that failed its probe is killed in other words."""


def births(
    pods: Iterable[Document], happenings: Sequence[Happening], owners: Owners
) -> Iterator[Event]:
    """Yield when each pod was made, also of pods that are gone."""
    times = made(happenings)
    times |= {Ref.of(pod): time for pod in pods if (time := _created(pod)) is not None}
    for pod, time in times.items():
        yield Event(time, BORN, owners.service(pod), f"{pod} was made")


def deaths(
    pods: Iterable[Document], happenings: Sequence[Happening], owners: Owners
) -> Iterator[Event]:
    """Yield when the deletion of each pod began."""
    times = taken(happenings)
    for each in happenings:
        if each.reason == "Killing" and each.message.startswith(_STOPPED):
            times[each.about] = min(each.first, times.get(each.about, each.first))
    times |= {Ref.of(pod): time for pod in pods if (time := _deleted(pod)) is not None}
    for pod, time in times.items():
        yield Event(time, GONE, owners.service(pod), f"{pod} was deleted")


def restarts(pods: Iterable[Document], owners: Owners) -> Iterator[Event]:
    """Yield the last end of each container: one that was started again, or one that failed.

    Kubernetes keeps no more than the last; how often before, the text says.
    """
    for pod in pods:
        ref = Ref.of(pod)
        for status in statuses(pod):
            for kind, key in ((RESTART, "lastState"), (EXIT, "state")):
                ended = (status.get(key) or {}).get("terminated") or {}
                time = moment(ended.get("finishedAt"))
                if time is not None and (kind == RESTART or ended.get("exitCode")):
                    text = f"{ref} container {status['name']}: {_ending(ended)}"
                    times = f", restarted {status['restartCount']} times" if kind == RESTART else ""
                    yield Event(time, kind, owners.service(ref), text + times)


def conditions(nodes: Iterable[Document]) -> Iterator[Event]:
    """Yield when each condition of a node last changed."""
    for node in nodes:
        for one in (node.get("status") or {}).get("conditions") or ():
            time = moment(one.get("lastTransitionTime"))
            if time is not None:
                reason = f" ({one['reason']})" if one.get("reason") else ""
                text = f"{Ref.of(node)}: {one['type']} became {one['status']}{reason}"
                yield Event(time, NODE, None, text)


def statuses(pod: Document) -> list[Mapping[str, Any]]:
    """Return what is told of each of the pod's containers."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _ending(ended: Mapping[str, Any]) -> str:
    reason = ended.get("reason") or "ended"
    signal = f", signal {ended['signal']}" if ended.get("signal") else ""
    return f"{reason}, exit code {ended.get('exitCode')}{signal}"


def _created(pod: Document) -> datetime | None:
    return moment(pod["metadata"].get("creationTimestamp"))


def _deleted(pod: Document) -> datetime | None:
    """Return when the deletion was asked for: its time stamp is when the grace period ends."""
    metadata = pod["metadata"]
    end = moment(metadata.get("deletionTimestamp"))
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    return None if end is None else end - grace
