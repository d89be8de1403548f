"""Looking at a window of which people know no more than when something was noticed.

The moment is kept in the case as an event, so that a window that was frozen gives the same verdict
later and elsewhere. A labelled case, whose onset is known, is `aiops.pipeline.investigate`'s matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.pipeline.citing import cite
from aiops.pipeline.finding import held_to_symptoms, symptoms
from aiops.pipeline.looking import default_ranker, detect
from aiops.suggest import nearest
from aiops.types import Event, InvalidInput, Investigation, MetricId
from rca.onset import near
from rca.strangeness import measure

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from aiops.settings import Settings
    from aiops.types import Case, Ranking

NOTICED = "noticed"
"""Kind of the event that says when somebody noticed."""


def noticed_at(case: Case) -> datetime | None:
    """Return when somebody noticed what the case is about; None where it does not say."""
    return next((event.time for event in case.events if event.kind == NOTICED), None)


def with_notice(case: Case, noticed: datetime) -> Case:
    """Return the case with the moment kept in it; one that it had before is replaced."""
    others = [event for event in case.events if event.kind != NOTICED]
    service = case.trigger.service if case.trigger else None
    told = Event(noticed, NOTICED, service, "somebody noticed")
    return replace(case, events=tuple(sorted([*others, told], key=lambda event: event.time)))


def investigate_noticed(
    case: Case, *, settings: Settings, noticed: datetime, trigger: MetricId | None = None
) -> Investigation:
    """Look once at a window: what changed around the moment `noticed`, and who is to blame.

    Nobody is blamed without a symptom; every line of evidence cites its query where the case
    knows one.

    Raises
    ------
    InvalidMetrics, NotEnoughData
        As the ranker raises them.
    """
    asked = replace(with_notice(case, noticed), trigger=trigger or case.trigger)
    ranking = _rank(asked, settings, noticed)
    if ranking.abstained:
        ranking = replace(ranking, reason=_reason(asked, settings, ranking, noticed))
    began = ranking.onset
    anomalies = () if began is None else detect(case.metrics, calm_until=began, settings=settings)
    return Investigation(asked, began, anomalies, cite(ranking, case.queries))


def strangest_symptom(metrics: pd.DataFrame, service: str, noticed: datetime) -> MetricId:
    """Return what became strangest of what users feel of `service`; of all it has if they feel none.

    Raises
    ------
    InvalidInput
        If no series is of that service.
    NotEnoughData
        If too few rows lie before or after the moment.
    """
    own = metrics.loc[:, metrics.columns.get_level_values(0) == service]
    if own.empty:
        names = metrics.columns.get_level_values(0).unique()
        raise InvalidInput(f"no series is of the service {service!r}; {_nearest(service, names)}")
    frame = own[symptoms(own)] if symptoms(own) else own
    strange = measure(frame.to_numpy(), near(metrics, noticed)[0].split)
    best = int(np.lexsort((strange.size[-1], strange.excess[-1]))[-1])
    return MetricId(*frame.columns[best])


def _rank(case: Case, settings: Settings, noticed: datetime | None) -> Ranking:
    ranking = default_ranker(settings).rank(
        case.metrics, trigger=case.trigger, topology=case.topology, noticed=noticed
    )
    return held_to_symptoms(ranking, case.metrics, level=settings.ranking.abstain_above)


def _reason(case: Case, settings: Settings, ranking: Ranking, noticed: datetime) -> str:
    """Say why nobody is blamed, and when in the window somebody would be."""
    elsewhere = _rank(case, settings, None)
    if elsewhere.abstained or elsewhere.onset is None:
        return ranking.reason
    return (
        f"nothing stands out around {noticed.isoformat(timespec='seconds')}, but something "
        f"did at {elsewhere.onset.isoformat(timespec='seconds')}: look there"
    )


def _nearest(service: str, names: pd.Index[str]) -> str:
    return f"the nearest is {nearest(service, names)!r}"
