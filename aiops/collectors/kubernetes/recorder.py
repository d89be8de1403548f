"""Snapshots one after the other, made into a metrics frame and into what changed between them.

The rules are those of `aiops.collectors.raw.samples`, `rates` and `workloads`: counters become rates,
a pod's counters begin at zero when it was born, a pod that is gone counts no longer. cAdvisor's
counters are evened out first, see `aiops.collectors.kubernetes.evening`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from aiops.clients.prometheus.series import NAME, Grid, RawSeries, milliseconds
from aiops.collectors.cadvisor import COUNTERS, GAUGES
from aiops.collectors.kubernetes.evening import evened
from aiops.collectors.kubernetes.happenings import SCALE
from aiops.collectors.kubernetes.pods import BORN, GONE, RESTART
from aiops.collectors.kubernetes.revisions import ROLLOUT
from aiops.collectors.kubernetes.snapshot import INSTANCE, RESTARTS, SERVICE, WANTED, instance
from aiops.collectors.raw.rates import Windows
from aiops.collectors.raw.samples import STALE, Block
from aiops.collectors.raw.workloads import INSTANCE_LEVELS, to_workloads
from aiops.types import EXPECTED_LEVELS, Event, NotEnoughData, check_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from aiops.collectors.kubernetes.snapshot import Snapshot

RATES: Mapping[str, str] = {**COUNTERS, RESTARTS: "restarts_rate"}
"""Counter → the column that its rate has."""


def frame_of(
    snapshots: Sequence[Snapshot], step_s: float, *, window_s: float = 60.0
) -> pd.DataFrame:
    """Return a metrics frame from the first snapshot to the last, a row every `step_s` seconds.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        In the order of time.
    step_s : float
        About the distance of the snapshots, or more.
    window_s : float
        How far a rate looks back, and the age at which a sample counts no longer; cAdvisor's own
        samples are 10 to 30 s apart.

    Returns
    -------
    DataFrame
        Per service: pods and replicas (as `Snapshot.counts`), ``cpu`` in cores, ``memory`` in
        bytes, ``throttling`` in cores that were waited for, ``restarts_rate`` per second; the
        last four also with ``_max`` and ``_spread`` over the pods, where one has several.

    Raises
    ------
    NotEnoughData
        If there is no snapshot.
    InvalidMetrics
        If the frame breaks a rule of `check_metrics`: too few rows, nothing that varies.
    """
    import pandas as pd

    if not snapshots:
        raise NotEnoughData("a frame needs snapshots; take some, one after the other")
    grid = Grid.over(snapshots[0].time, snapshots[-1].time, step_s)
    counts = Block.of(_counts(snapshots))
    names = [(labels[SERVICE], labels[NAME]) for labels in counts.labels]
    columns = pd.MultiIndex.from_tuples(names, names=EXPECTED_LEVELS)
    plain = pd.DataFrame(counts.newest(grid, window_s).T, index=grid.index, columns=columns)
    frame = pd.concat([plain, _measured(snapshots, grid, window_s)], axis=1).sort_index(axis=1)
    frame = frame.dropna(axis=1, how="all")
    check_metrics(frame)
    return frame


def changes(snapshots: Sequence[Snapshot]) -> tuple[Event, ...]:
    """Return what changed from each snapshot to the next, in the order of time.

    Pods that came and went, restarts, scalings and new images; at the time of the later snapshot,
    but for a pod that tells its own birth.
    """
    found = [one for pair in pairwise(snapshots) for one in _between(*pair)]
    return tuple(sorted(found, key=lambda event: event.time))


def _between(before: Snapshot, after: Snapshot) -> Iterator[Event]:
    for ref in after.pods.keys() - before.pods.keys():
        pod = after.pods[ref]
        yield Event(pod.born or after.time, BORN, pod.service, f"{ref} was made")
    for ref in before.pods.keys() - after.pods.keys():
        yield Event(after.time, GONE, before.pods[ref].service, f"{ref} was deleted")
    for ref in after.pods.keys() & before.pods.keys():
        more = after.pods[ref].restarts - before.pods[ref].restarts
        if more > 0:
            yield Event(after.time, RESTART, after.pods[ref].service, f"{ref} restarted: {more}")
    for key in after.counts.keys() & before.counts.keys():
        was, now = before.counts[key], after.counts[key]
        if key.metric == WANTED and was != now:
            yield Event(after.time, SCALE, key.service, f"{was:g} → {now:g} replicas")
    yield from _new_images(before, after)


def _new_images(before: Snapshot, after: Snapshot) -> Iterator[Event]:
    old, new = _images(before), _images(after)
    for service in sorted(old.keys() & new.keys()):
        added = sorted(new[service] - old[service])
        if added:
            yield Event(after.time, ROLLOUT, service, f"new image {', '.join(added)}")


def _images(snapshot: Snapshot) -> dict[str, set[str]]:
    images: dict[str, set[str]] = {}
    for pod in snapshot.pods.values():
        images.setdefault(pod.service, set()).update(pod.images)
    return images


def _measured(snapshots: Sequence[Snapshot], grid: Grid, window_s: float) -> pd.DataFrame:
    """Return what is measured of each pod, as columns of workloads."""
    import pandas as pd

    gauges = Block.of(one for one in _with_ends(snapshots) if one.labels[NAME] in GAUGES)
    counters = Block.of(
        one for each in snapshots for one in each.series if one.labels[NAME] in RATES
    )
    births = _births(snapshots)
    born = counters.born([births.get(labels[INSTANCE]) for labels in counters.labels])
    born = Block.of(evened(born, _seen(snapshots)))
    windows = Windows.over(born, grid, window_s)
    values = np.vstack([gauges.newest(grid, window_s), windows.increase() / window_s])
    whole = np.vstack([np.ones((len(gauges.labels), grid.points), bool), windows.whole()])
    columns = pd.MultiIndex.from_tuples(
        [_column(labels) for labels in (*gauges.labels, *counters.labels)], names=INSTANCE_LEVELS
    )
    frame = pd.DataFrame(values.T, index=grid.index, columns=columns)
    return to_workloads(frame, whole=pd.DataFrame(whole.T, index=grid.index, columns=columns))


def _column(labels: Mapping[str, str]) -> tuple[str, str, str]:
    metric = {**RATES, **GAUGES}[labels[NAME]]
    return labels[SERVICE], labels[INSTANCE], metric


def _with_ends(snapshots: Sequence[Snapshot]) -> Iterator[RawSeries]:
    """Yield all series, and a stale marker where one is not there any more."""
    there: dict[tuple[str, ...], RawSeries] = {}
    for snapshot in snapshots:
        now = {tuple(one.labels.values()): one for one in snapshot.series}
        time = milliseconds(snapshot.time)
        for gone in there.keys() - now.keys():
            yield RawSeries(there[gone].labels, np.array([time]), np.array([STALE]))
        yield from now.values()
        there = now


def _counts(snapshots: Sequence[Snapshot]) -> Iterator[RawSeries]:
    for snapshot in snapshots:
        time = np.array([milliseconds(snapshot.time)])
        for key, value in snapshot.counts.items():
            labels = {NAME: key.metric, SERVICE: key.service}
            yield RawSeries(labels, time, np.array([value]))


def _seen(snapshots: Sequence[Snapshot]) -> dict[str, np.ndarray]:
    """Return when each pod was seen, in ms."""
    seen: dict[str, list[int]] = {}
    for snapshot in snapshots:
        for ref in snapshot.pods:
            seen.setdefault(instance(ref), []).append(milliseconds(snapshot.time))
    return {pod: np.array(times, np.int64) for pod, times in seen.items()}


def _births(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    """Return when each pod was born, in ms, for those born while we looked on.

    A counter of a pod that is older than the first snapshot may have begun long before.
    """
    begins = snapshots[0].time
    return {
        instance(ref): milliseconds(pod.born)
        for snapshot in snapshots
        for ref, pod in snapshot.pods.items()
        if pod.born is not None and pod.born >= begins
    }
