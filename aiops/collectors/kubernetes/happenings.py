"""Kubernetes' own events in our words: scalings, warnings, and what else is worth telling.

Both shapes are read, that of ``v1`` and that of ``events.k8s.io``. An API server keeps them for an
hour unless it is told otherwise. Of an event that was seen many times the first and the last
sight are told. What a healthy cluster does all day (pulled, started, …) is left out; the births
and deaths of pods are those of `aiops.collectors.kubernetes.pods`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.collectors.kubernetes.state import Ref, moment
from aiops.collectors.logs.masking import mask
from aiops.types import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from aiops.collectors.kubernetes.owners import Owners
    from aiops.collectors.kubernetes.state import Document

SCALE, WARNING, NOTICE = "scale", "warning", "notice"
"""Kinds of what is told here: how many pods are wanted, type Warning, and the rest."""

_CREATE, _DELETE = "SuccessfulCreate", "SuccessfulDelete"
_SCALE_REPLICA_SET = "ScalingReplicaSet"
_SCALED = frozenset({_SCALE_REPLICA_SET, "SuccessfulRescale"})
_ROUTINE = frozenset(
    {
        *("Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing"),
        *(_CREATE, _DELETE, "SawCompletedJob", "LeaderElection"),
        *("SandboxChanged", "SuccessfulMountVolume", "SuccessfulAttachVolume"),
    }
)
_LONGEST = 300
_MADE = re.compile(r"(?:Created pod: |create Pod )(\S+)")
_TAKEN = re.compile(r"(?:Deleted pod: |delete Pod )(\S+)")


@dataclass(frozen=True)
class Happening:
    """One event of Kubernetes, whichever its shape was; `first` and `last` are when it was seen."""

    about: Ref
    reason: str
    message: str
    first: datetime
    last: datetime
    count: int
    warns: bool

    def __str__(self) -> str:
        """Write what happened to what, on one line and without what looks like a secret."""
        text = mask(" ".join(f"{self.about}: {self.reason}: {self.message}".split()))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def read_happening(document: Document) -> Happening | None:
    """Read an event of either shape; None if it tells no time."""
    about = document.get("involvedObject") or document.get("regarding") or {}
    series = document.get("series") or {}
    first = (
        document.get("eventTime")
        or document.get("firstTimestamp")
        or document.get("deprecatedFirstTimestamp")
        or document["metadata"].get("creationTimestamp")
    )
    last = (
        series.get("lastObservedTime")
        or document.get("lastTimestamp")
        or document.get("deprecatedLastTimestamp")
    )
    began, ended = moment(first), moment(last or first)
    if began is None or ended is None:
        return None
    return Happening(
        Ref(about.get("kind", ""), about.get("namespace", ""), about.get("name", "")),
        document.get("reason") or "",
        document.get("message") or document.get("note") or "",
        began,
        ended,
        series.get("count") or document.get("count") or document.get("deprecatedCount") or 1,
        document.get("type") == "Warning",
    )


def happened(happenings: Iterable[Happening], owners: Owners) -> Iterator[Event]:
    """Yield what is worth telling."""
    for each in happenings:
        if each.reason in _ROUTINE and not each.warns:
            continue
        kind = WARNING if each.warns else SCALE if each.reason in _SCALED else NOTICE
        service = owners.service(each.about)
        yield Event(each.first, kind, service, str(each))
        if each.last > each.first:
            since = f"{each.count} times since {each.first:%Y-%m-%d %H:%M:%S} UTC"
            yield Event(each.last, kind, service, f"{each} ({since})")


def makers(happenings: Sequence[Happening]) -> dict[Ref, Ref]:
    """Return each pod that an event says was made or deleted → what owned it."""
    told = [*_naming(_CREATE, _MADE, happenings), *_naming(_DELETE, _TAKEN, happenings)]
    return {pod: each.about for pod, each in told}


def made(happenings: Iterable[Happening]) -> dict[Ref, datetime]:
    """Return each pod that an event says was made → when."""
    return {pod: each.last for pod, each in _naming(_CREATE, _MADE, happenings)}


def taken(happenings: Iterable[Happening]) -> dict[Ref, datetime]:
    """Return each pod that an event says was deleted by its owner → when."""
    return {pod: each.last for pod, each in _naming(_DELETE, _TAKEN, happenings)}


def scaled_up(replica_set: Ref, happenings: Iterable[Happening]) -> list[datetime]:
    """Return when a ReplicaSet was scaled up, as far as that is told."""
    words = f"Scaled up replica set {replica_set.name} "
    return [
        each.last
        for each in happenings
        if each.reason == _SCALE_REPLICA_SET
        and each.about.namespace == replica_set.namespace
        and each.message.startswith(words)
    ]


def _naming(
    reason: str, pattern: re.Pattern[str], happenings: Iterable[Happening]
) -> Iterator[tuple[Ref, Happening]]:
    """Yield the events of one reason whose message names a pod, with that pod."""
    for each in happenings:
        if each.reason == reason and (found := pattern.search(each.message)):
            yield Ref("Pod", each.about.namespace, found[1]), each
