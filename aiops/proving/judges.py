"""Judges of a run: who would have raised the alarm, and when. They are never told the truth.

A judge sees what monitoring shows of a run, and from which moment on it is watching; that moment
is given in controls as well, so it does not tell whether anything was done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from aiops import pipeline
from aiops.scores import Detection
from aiops.settings import Settings
from aiops.types import NotEnoughData
from rca.baselines import MaxZ, Random

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    import pandas as pd

    from aiops.types import Anomaly, Case, Ranker
    from chaos.runs import Alert, RunFolder

SERVICE_LABELS = ("service", "app", "job")
"""Labels of an alert that may name the service, the most telling first."""


@dataclass(frozen=True, eq=False)  # a frame equal to another is a frame of booleans
class View:
    """What is shown of one run.

    Attributes
    ----------
    metrics : DataFrame
        The whole run, its columns in an order that says nothing.
    topology : tuple of (caller, callee)
        The call graph.
    watch_from : datetime
        What lies before it is normal; the judge watches from then on.
    alerts : tuple of Alert or None
        What the system's own rules raised; None where nobody recorded it.
    """

    metrics: pd.DataFrame
    topology: tuple[tuple[str, str], ...]
    watch_from: datetime
    alerts: tuple[Alert, ...] | None

    @classmethod
    def of(cls, folder: RunFolder, case: Case) -> Self:
        """Return what may be seen of the run in `folder`: no label, no order, no note."""
        phases = folder.record.phases
        digest = blake2b(folder.record.run.encode(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        metrics = case.metrics.iloc[:, rng.permutation(case.metrics.shape[1])]
        metrics = metrics[(metrics.index >= phases.baseline_start) & (metrics.index < phases.end)]
        metrics.attrs = {}
        return cls(metrics, case.topology, phases.injected, folder.alerts())


class Judge(Protocol):
    """Raises its hand when something is wrong; its rankers say who is to blame."""

    @property
    def name(self) -> str:
        """What the scoreboard calls it."""
        ...

    @property
    def rankers(self) -> Mapping[str, Ranker]:
        """Name → ranker, asked about every fault that was detected; may be empty."""
        ...

    def detect(self, view: View) -> tuple[Detection, ...]:
        """Return every alarm in the order of time.

        Raises
        ------
        AiopsError
            If there is too little to judge by.
        """
        ...


@dataclass(frozen=True)
class AiopsJudge:
    """The toolkit's own detector and ranker, beside the two baselines of ranking.

    Strange series that overlap, or follow each other within `gap_steps` samples, are one alarm: it
    is raised when the first of them had been strange for as long as the settings ask.
    """

    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    gap_steps: int = 3
    name: str = "aiops"

    @property
    def rankers(self) -> Mapping[str, Ranker]:
        """The default ranker, the largest deviation, and a die."""
        return {
            "default": pipeline.default_ranker(self.settings),
            "max_z": MaxZ(),
            "random": Random(self.seed),
        }

    def detect(self, view: View) -> tuple[Detection, ...]:
        """Return every alarm; see `Judge`."""
        anomalies = pipeline.detect(
            view.metrics, calm_until=view.watch_from, settings=self.settings
        )
        step: timedelta = (view.metrics.index[1] - view.metrics.index[0]).to_pytimedelta()
        wait = (self.settings.detection.min_points - 1) * step
        return tuple(
            Detection(alarm[0].start + wait, alarm[0].service, _named(alarm), alarm[0].start)
            for alarm in _alarms(anomalies, self.gap_steps * step)
        )


@dataclass(frozen=True)
class AlertsJudge:
    """The alert rules of the system itself, with no detector and no ranker of ours.

    An alert that fired before it was watching says nothing of the run and is not counted.
    """

    name: str = "prometheus-alerts"

    @property
    def rankers(self) -> Mapping[str, Ranker]:
        """None: rules rank nothing."""
        return {}

    def detect(self, view: View) -> tuple[Detection, ...]:
        """Return every alert that began while it was watching; see `Judge`."""
        if view.alerts is None:
            raise NotEnoughData("no alerts.json was recorded; run with Prometheus at hand")
        first, last = view.watch_from, view.metrics.index[-1]
        begun = [alert for alert in view.alerts if first <= alert.start <= last]
        return tuple(
            Detection(alert.start, _service(alert), alert.name, alert.start)
            for alert in sorted(begun, key=lambda one: (one.start, one.name))
        )


def _alarms(anomalies: tuple[Anomaly, ...], gap: timedelta) -> Iterator[list[Anomaly]]:
    """Group anomalies that touch in time, give or take `gap`."""
    group: list[Anomaly] = []
    for anomaly in sorted(anomalies, key=lambda one: (one.start, -one.score)):
        if group and anomaly.start > max(one.end for one in group) + gap:
            yield group
            group = []
        group.append(anomaly)
    if group:
        yield group


def _named(alarm: list[Anomaly]) -> str:
    others = f" and {len(alarm) - 1} more" if len(alarm) > 1 else ""
    return f"{alarm[0].series} is abnormal{others}"


def _service(alert: Alert) -> str | None:
    return next((alert.labels[label] for label in SERVICE_LABELS if label in alert.labels), None)
