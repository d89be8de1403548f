"""What changed, from Prometheus alone: instances that started, versions and images that are new.

For an investigation without a cluster at hand. Two range queries: one keeps only start times that
lie in the window, the other asks which versions there are at each step. Not seen: an instance that came
and went between two steps, and changes that no metric tells (a flag, a variable).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from aiops.collectors.inventory.families import display_name
from aiops.collectors.labels.promql import COLUMN, union
from aiops.collectors.labels.scope import NAMESPACE, SERVICE, Scope, Selection
from aiops.types import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.inventory.families import Family
    from aiops.collectors.inventory.taking import Inventory

RESTART, VERSION, ROLLOUT = "restart", "version", "rollout"

STARTS = (
    "node_boot_time_seconds",
    "process_start_time_seconds",
    "kube_pod_start_time",
    "container_start_time_seconds",
)
"""Gauges that hold the time at which an instance started, in seconds since 1970."""

IMAGES = ("kube_pod_container_info", "container_start_time_seconds")
"""Metrics whose label ``image`` names what runs; the first that there is is asked."""

_BUILDS = "_build_info"
_TOGETHER_S = 60.0
"""Instances of a service that start at most so far apart are told as one event."""

_SAME_S = 2.0
"""A start time moves by less: exporters work it out from the boot time, and round."""


@dataclass(frozen=True)
class _Start:
    time: float
    service: str
    instance: str
    metric: str


def changes_from_prometheus(
    client: PrometheusClient, inventory: Inventory, start: datetime, end: datetime, step_s: float
) -> tuple[Event, ...]:
    """Return what changed from `start` until before `end`, in the order of time.

    Kinds: ``restart`` (instances that started), ``version`` (the label ``version`` of a metric
    ``*_build_info``), ``rollout`` (a container's image).

    Parameters
    ----------
    client : PrometheusClient
    inventory : Inventory
        Of the same Prometheus: which families there are, and whose each series is.
    start, end : datetime
        With a time zone.
    step_s : float
        How often to look, in seconds; the time of a new version is told as exactly.

    Raises
    ------
    InvalidInput, Unreachable, Denied
        As the client does; at most two queries are asked.
    """
    families = {family.name: family for family in inventory.families if family.mapped}
    found = [
        *_starts(client, families, start, end, step_s),
        *_versions(client, families, start, end, step_s),
    ]
    inside = (event for event in found if start <= event.time < end)
    return tuple(sorted(inside, key=lambda event: (event.time, event.kind, event.text)))


def _starts(
    client: PrometheusClient,
    families: Mapping[str, Family],
    start: datetime,
    end: datetime,
    step_s: float,
) -> Iterator[Event]:
    since = f">= {start.timestamp():.3f}"
    wanted = {
        name: Scope(instances=True).grouped(
            Selection(families[name]), lambda selector: f"{selector} {since}", "max"
        )
        for name in STARTS
        if name in families
    }
    frame = _ask(client, wanted, start, end, step_s)
    found: dict[str, list[_Start]] = {}
    for labels, values in _series(frame):
        family = families[labels[COLUMN]]
        instance = ",".join(labels.get(name, "") for name in family.subject.instances)
        service = _service(labels, family)
        for time in _distinct(values):
            found.setdefault(service, []).append(_Start(time, service, instance, family.name))
    for starts in found.values():
        yield from map(_told, _together(sorted(starts, key=lambda one: one.time)))


def _versions(
    client: PrometheusClient,
    families: Mapping[str, Family],
    start: datetime,
    end: datetime,
    step_s: float,
) -> Iterator[Event]:
    keeps: dict[str, tuple[str, ...]] = {
        name: ("version",)
        for name, family in families.items()
        if name.endswith(_BUILDS) and "version" in family.labels
    }
    image = next((name for name in IMAGES if _tells_images(families.get(name))), None)
    if image is not None:
        keeps[image] = ("container", "image")
    wanted = {
        name: Scope().grouped(Selection(families[name]), str, "max", keep)
        for name, keep in keeps.items()
    }
    frame = _ask(client, wanted, start, end, step_s)
    seen: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
    for labels, values in _series(frame):
        name = labels[COLUMN]
        which, what = keeps[name][:-1], keeps[name][-1]
        key = (_service(labels, families[name]), name, *(labels.get(each, "") for each in which))
        if labels.get(what):
            seen.setdefault(key, {})[labels[what]] = ~np.isnan(values)
    for (service, name, *container), versions in seen.items():
        kind, of = (ROLLOUT, f"image of {container[0]}") if container else (VERSION, name)
        for place, old, new in _replaced(versions):
            yield Event(frame.index[place].to_pydatetime(), kind, service, f"{of} {old} → {new}")


def _tells_images(family: Family | None) -> bool:
    return family is not None and "image" in family.labels


def _ask(
    client: PrometheusClient,
    wanted: Mapping[str, str],
    start: datetime,
    end: datetime,
    step_s: float,
) -> pd.DataFrame:
    """Ask for all at once; the label `COLUMN` of the answer says which is which."""
    import pandas as pd

    if not wanted:
        return pd.DataFrame()
    return client.query_range(union(wanted), start, end, step_s)


def _series(frame: pd.DataFrame) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Yield the labels and the values of each column."""
    names = [str(name) for name in frame.columns.names]
    for place, column in enumerate(frame.columns):
        yield dict(zip(names, column, strict=True)), frame.iloc[:, place].to_numpy()


def _service(labels: Mapping[str, str], family: Family) -> str:
    """Return the name by which frames know the service of a result."""
    name = display_name(labels[SERVICE], labels.get(NAMESPACE, ""))
    return name if name in family.owners else display_name(labels[SERVICE])


def _distinct(values: np.ndarray) -> list[float]:
    """Return the start times that a series told, each once."""
    times: list[float] = []
    for time in np.unique(values[~np.isnan(values)]):
        if not times or time - times[-1] > _SAME_S:
            times.append(float(time))
    return times


def _together(starts: Sequence[_Start]) -> Iterator[list[_Start]]:
    """Cut starts, in the order of time, where nothing starts for a while."""
    group: list[_Start] = []
    for each in starts:
        if group and each.time - group[-1].time > _TOGETHER_S:
            yield group
            group = []
        group.append(each)
    yield group


def _told(starts: Sequence[_Start]) -> Event:
    """Return one event for starts that belong together.

    Several metrics may tell of the same instance by different names: the one that tells of most
    instances says how many there were.
    """
    counts = {name: len({one.instance for one in starts if one.metric == name}) for name in STARTS}
    metric = max(counts, key=lambda name: counts[name])
    first = next(one for one in starts if one.metric == metric)
    began, ended = (_moment(one.time) for one in (starts[0], starts[-1]))
    if counts[metric] == 1:
        return Event(began, RESTART, first.service, f"{first.instance} started ({metric})")
    until = f"until {ended:%H:%M:%S} UTC, {first.instance} first ({metric})"
    return Event(began, RESTART, first.service, f"{counts[metric]} instances started {until}")


def _replaced(versions: Mapping[str, np.ndarray]) -> Iterator[tuple[int, str, str]]:
    """Yield (place in time, old, new) of each version that came, or came back, after another.

    One that comes back beside an older one that stayed is a part that starts again and again.
    """
    for new, there in versions.items():
        first, since = int(there.argmax()), -1
        for place in map(int, np.flatnonzero(there)):
            before = [
                old
                for old, seen in sorted(versions.items())
                if seen[since + 1 : place].any()
                and (since < 0 or not seen[since] or seen.argmax() > first)
            ]
            if before:
                yield place, ", ".join(before), new
            since = place


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
