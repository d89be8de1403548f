"""Looking once at a window that is over: what was strange since a moment, and who is to blame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from aiops.types import (
    MIN_ROWS,
    Incident,
    IncidentState,
    Investigation,
    NotEnoughData,
    check_metrics,
)
from detectors import RobustZ, Threshold
from rca.ranker import CausalRanker

if TYPE_CHECKING:
    from datetime import datetime

    from aiops.settings import Settings
    from aiops.types import Anomaly, Case, MetricId, Ranker, Ranking

DETECTOR = "robust_z"


def default_ranker(settings: Settings) -> CausalRanker:
    """Return the ranker that the settings describe."""
    return CausalRanker(
        alpha=settings.ranking.alpha,
        trigger_focus=settings.ranking.trigger_focus,
        abstain_above=settings.ranking.abstain_above,
    )


def detect(
    metrics: pd.DataFrame, *, calm_until: datetime, settings: Settings
) -> tuple[Anomaly, ...]:
    """Return what was strange from `calm_until` on, judged by the rows before it.

    Parameters
    ----------
    metrics : DataFrame
        A frame as `aiops.types.check_metrics` demands.
    calm_until : datetime
        The rows before it say what is normal; anomalies are looked for from it on.

    Raises
    ------
    InvalidMetrics
        If `metrics` breaks a rule of `aiops.types.check_metrics`.
    NotEnoughData
        If fewer than `aiops.types.MIN_ROWS` rows lie before `calm_until`.
    """
    check_metrics(metrics)
    calm = int((metrics.index < pd.Timestamp(calm_until)).sum())
    if calm < MIN_ROWS:
        raise NotEnoughData(
            f"{calm} rows before {calm_until.isoformat()} cannot say what is normal; "
            f"give at least {MIN_ROWS}"
        )
    decision = settings.detection
    threshold = Threshold(
        level=decision.level, min_points=decision.min_points, release=decision.release
    )
    # The whole frame at once: either part of it may be too short or too still to be one by itself.
    scores = RobustZ(warmup=calm).anomaly_score(metrics)
    return threshold.decide(scores, detector=DETECTOR)


def investigate(
    case: Case,
    *,
    settings: Settings,
    ranker: Ranker | None = None,
    onset: datetime | None = None,
    trigger: MetricId | None = None,
) -> Investigation:
    """Look once at a window that is over: when it began, what was strange, who is to blame.

    Parameters
    ----------
    ranker : Ranker, optional
        The default ranker when left out.
    onset : datetime, optional
        The moment to judge from; found by the ranker when left out. The case's own
        `inject_time` is never looked at: pass it to use it.
    trigger : MetricId, optional
        The symptom; the case's own when left out.

    Raises
    ------
    InvalidMetrics, NotEnoughData
        As the ranker raises them.
    """
    ranking = (ranker or default_ranker(settings)).rank(
        case.metrics, onset=onset, trigger=trigger or case.trigger, topology=case.topology
    )
    began = ranking.onset
    anomalies = () if began is None else detect(case.metrics, calm_until=began, settings=settings)
    return Investigation(
        case=replace(case, trigger=trigger or case.trigger),
        onset=began,
        anomalies=anomalies,
        ranking=ranking,
    )


def open_incident(
    incident_id: str, anomalies: tuple[Anomaly, ...], ranking: Ranking, *, opened: datetime
) -> Incident:
    """Open one incident for anomalies that were seen together.

    Parameters
    ----------
    anomalies : tuple of Anomaly
        At least one.
    opened : datetime
        When it was decided that there is an incident.
    """
    services = list(dict.fromkeys(anomaly.service for anomaly in anomalies))
    others = f" and {len(services) - 1} more" if len(services) > 1 else ""
    return Incident(
        id=incident_id,
        opened=opened,
        state=IncidentState.OPEN,
        title=f"{anomalies[0].series} is abnormal{f' ({services[0]}{others})' if others else ''}",
        anomalies=anomalies,
        rankings=(ranking,),
    )
