"""The two rankers that every other one has to beat: a die, and the largest deviation.

They know nothing of call graphs, lags or triggers and never abstain. They are yardsticks for
`rca.grading`, not the toolkit's answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aiops.types import (
    Cause,
    Evidence,
    InvalidInput,
    MetricId,
    NotEnoughData,
    Ranking,
    ServiceScore,
    as_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

AFTER_SHARE = 5
"""Without an onset, the last of so many equal parts of the window counts as after it."""
NOISE_FLOOR = 1e-3
"""Least standard deviation of a series, as a share of its range over the whole window."""


@dataclass(frozen=True)
class Random:
    """Gives every service, and every series apart from it, a uniform random score.

    The scores depend on `random_state` and on the samples, so they are the same for the same
    incident and differ between incidents; the order of the columns does not matter. Services are
    drawn apart from series, since otherwise the one with most series would mostly win.

    Parameters
    ----------
    random_state : int
        Seed, ≥ 0.

    Examples
    --------
    >>> frame = pd.DataFrame({"web": [1, 2, 3], "db": [1, 1, 1]})
    >>> Random(random_state=0).rank(frame).confidence
    0.5
    """

    random_state: int = 0

    def rank(
        self,
        metrics: pd.DataFrame,
        *,
        onset: datetime | None = None,
        trigger: MetricId | None = None,  # noqa: ARG002  part of the port
        topology: Sequence[tuple[str, str]] = (),  # noqa: ARG002  part of the port
    ) -> Ranking:
        """Rank by chance; see `aiops.types.Ranker`.

        `onset` changes nothing but what the ranking reports; without one, that is the start of
        the last fifth of the window.

        Raises
        ------
        InvalidMetrics
            If `metrics` breaks a rule of `aiops.types.check_metrics`.
        """
        metrics = as_metrics(metrics).sort_index(axis=1)
        digest = blake2b(np.ascontiguousarray(metrics.to_numpy()).data, digest_size=8).digest()
        rng = np.random.default_rng([self.random_state, int.from_bytes(digest, "big")])
        series = pd.Series(rng.random(metrics.shape[1]), index=metrics.columns)
        names = metrics.columns.unique("service")
        services = pd.Series(rng.random(len(names)), index=names)
        return Ranking(
            causes=_causes(series, "drawn at random"),
            services=_services(services),
            confidence=1 / len(names),
            onset=_onset(metrics, onset),
            ranker="random",
        )


@dataclass(frozen=True)
class MaxZ:
    """Blames the service whose series strays furthest from its own past: the three-sigma rule.

    The score of a series is ``max |x - mean| / std`` after the onset, with the mean and standard
    deviation of the samples before it; the score of a service is the largest of its series. A
    standard deviation below a thousandth of the series' range counts as that: so a series that was
    constant before gets a large and finite score, at most 1000, and neither shifting nor scaling a
    series, by a change of its unit say, changes any score. A series with no sample on one side of
    the onset scores 0.

    Notes
    -----
    RCAEval calls this idea N-Sigma. There a constant series is divided by 1, which makes its score
    depend on its unit.

    Examples
    --------
    >>> frame = pd.DataFrame({"web": [1, 2, 1, 2, 1], "db": [1, 1, 1, 1, 5]})
    >>> MaxZ().rank(frame).by_service()
    {'db': 1000.0, 'web': 1.0}
    """

    def rank(
        self,
        metrics: pd.DataFrame,
        *,
        onset: datetime | None = None,
        trigger: MetricId | None = None,  # noqa: ARG002  part of the port
        topology: Sequence[tuple[str, str]] = (),  # noqa: ARG002  part of the port
    ) -> Ranking:
        """Rank by the largest z-score after `onset`; see `aiops.types.Ranker`.

        Without an onset, the last fifth of the window counts as after it. The confidence is left
        at 0: a z-score does not tell it.

        Raises
        ------
        InvalidMetrics
            If `metrics` breaks a rule of `aiops.types.check_metrics`.
        NotEnoughData
            If fewer than two rows lie before the onset, or none from it on.
        """
        metrics = as_metrics(metrics).sort_index(axis=1)
        onset = _onset(metrics, onset)
        before, after = metrics[metrics.index < onset], metrics[metrics.index >= onset]
        if len(before) < 2 or after.empty:
            raise NotEnoughData(
                f"{len(before)} rows before and {len(after)} from the onset {onset.isoformat()} on "
                "are too few; give at least 2 and 1"
            )
        scores = _peak_z(before, after)
        return Ranking(
            causes=_causes(scores, "largest |z| after the onset"),
            services=_services(scores.groupby(level="service").max()),
            onset=onset,
            ranker="max_z",
        )


def _peak_z(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series[float]:
    """Return the largest |z| of every column of `after` (rows, series) against `before`."""
    both = pd.concat([before, after])
    spread = both.max() - both.min()
    scale = before.std(ddof=0).clip(lower=NOISE_FLOOR * spread)
    peak = (after - before.mean()).abs().max()
    # a constant series has no spread, though its deviation may be a rounding error above 0
    return (peak / scale.where(spread > 0)).fillna(0.0)


def _onset(metrics: pd.DataFrame, onset: datetime | None) -> datetime:
    if onset is None:
        rows = len(metrics)
        start: datetime = metrics.index[rows - max(1, rows // AFTER_SHARE)].to_pydatetime()
        return start
    if onset.tzinfo is None:
        raise InvalidInput(f"the onset {onset.isoformat()} has no time zone; use datetime.UTC")
    return onset


def _causes(scores: pd.Series[float], why: str) -> tuple[Cause, ...]:
    ordered = scores.sort_values(ascending=False, kind="stable")
    return tuple(
        Cause(service, metric, score, (Evidence(why, score),))
        for (service, metric), score in zip(ordered.index, ordered.tolist(), strict=True)
    )


def _services(scores: pd.Series[float]) -> tuple[ServiceScore, ...]:
    ordered = scores.sort_values(ascending=False, kind="stable")
    return tuple(map(ServiceScore, ordered.index, ordered.tolist()))
