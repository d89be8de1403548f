"""Did it bite? From the indicators of the entries alone: did users fare worse during the hold.

The verdict knows the time of the hold and nothing of what was done. It is calibrated on the
simulator, where the truth is known; see `aiops.proving.effect_study`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aiops.types import check_metrics
from chaos.record import Effect, EffectVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    Span = tuple[datetime, datetime]
    Values = NDArray[np.float64]

RATE, ERRORS, LATENCY = "request_rate", "error_ratio", "latency_p95"

MATERIAL = {ERRORS: 0.01, LATENCY: math.log(1.2)}
"""What users would call a change: one request in a hundred, or a fifth more of latency (its log)."""

WANDER = {ERRORS: 0.001, LATENCY: 0.06}
"""How far the mean of a stretch wanders by itself, beyond the scatter of its samples."""

SURE, UNSURE = 2.0, 1.5
"""Standard errors above what is material at which the verdict is sure, and at which it wavers."""

STRETCH = 0.5
"""The worst stretch of this share of the hold speaks for it: not every fault bites at once."""

GONE, GONE_SHARE = 0.1, 0.2
"""An entry is gone while it gets less than this share of its requests; for so much of the hold."""

FEWEST = 3
"""Samples without which nothing can be said."""

RAREST = 1e-4
"""No smaller probability is told: nobody knows the tails of an indicator."""

_URGENCY = {Effect.EFFECTIVE: 2, Effect.UNKNOWN: 1, Effect.NO_EFFECT: 0}


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one indicator of one entry says; the loudest is heard."""

    effect: Effect
    sli: str
    service: str
    change: float | None = None
    chance: float | None = None
    loudness: float = -math.inf

    def verdict(self) -> EffectVerdict:
        return EffectVerdict(
            self.effect, self.sli, self.service, self.change, self.chance, self._sentence()
        )

    def _sentence(self) -> str:
        name = f"{self.sli} of {self.service}"
        if self.change is None or self.chance is None:
            return f"{name} has too few samples"
        said = {
            Effect.EFFECTIVE: "got worse",
            Effect.NO_EFFECT: "shows no sure change that users would notice",
            Effect.UNKNOWN: "may have got worse",
        }
        size = f"{self.change:+.3f}" if self.sli == ERRORS else f"{self.change:+.0%}"
        return f"{name} {said[self.effect]} ({size}; by chance {_odds(self.chance)})"


@dataclass(frozen=True, slots=True)
class _Indicator:
    """One indicator of one entry: its samples in each quiet span and in the hold, NaN if missing."""

    sli: str
    service: str
    quiet: tuple[Values, ...]
    hold: Values

    @property
    def width(self) -> int:
        return max(FEWEST, math.ceil(STRETCH * len(self.hold)))


def verdict(
    metrics: pd.DataFrame,
    *,
    entries: Iterable[str],
    baseline: Span,
    held: Span,
    controls: Sequence[Span] = (),
) -> EffectVerdict:
    """Say whether an indicator of an entry got worse during the hold.

    Parameters
    ----------
    metrics : DataFrame
        As `check_metrics` demands; ``error_ratio``, ``latency_p95`` and ``request_rate`` of the
        entries are read, those that exist.
    entries : iterable of str
        The services that users reach first.
    baseline, held : (datetime, datetime)
        From (inclusive) and to (exclusive): when all was quiet, and when the fault was held.
    controls : sequence of (datetime, datetime)
        Other quiet spans of the same metrics.

    Returns
    -------
    EffectVerdict
        Effective when the worst half of the hold is worse than the quiet mean by what users would
        notice and by `SURE` standard errors beyond that, and worse than any quiet stretch as long;
        or when an entry got no requests for a fifth of the hold. Unknown when it is on the edge,
        or there are too few samples.

    Raises
    ------
    InvalidMetrics
        If `metrics` breaks a rule of `check_metrics`.
    """
    check_metrics(metrics)
    quiet = [_cut(metrics, span) for span in (*controls, baseline)]
    hold = _cut(metrics, held)
    findings = [one for entry in entries for one in _findings(metrics, quiet, hold, entry)]
    if not findings:
        return EffectVerdict(Effect.UNKNOWN, None, None, None, None, "no entry has an indicator")
    return max(findings, key=lambda one: (_URGENCY[one.effect], one.loudness)).verdict()


def _cut(metrics: pd.DataFrame, span: Span) -> pd.DataFrame:
    start, end = (pd.Timestamp(moment) for moment in span)
    return metrics[(metrics.index >= start) & (metrics.index < end)]


def _findings(
    metrics: pd.DataFrame, quiet: Sequence[pd.DataFrame], hold: pd.DataFrame, entry: str
) -> Iterator[_Finding]:
    def read(sli: str) -> _Indicator | None:
        if (entry, sli) not in metrics.columns:
            return None
        before = tuple(part[entry, sli].to_numpy(np.float64) for part in quiet)
        return _Indicator(sli, entry, before, hold[entry, sli].to_numpy(np.float64))

    rate, errors, latency = read(RATE), read(ERRORS), read(LATENCY)
    if rate and (gone := _gone(rate)):
        yield gone
    if errors:
        step_s = (metrics.index[1] - metrics.index[0]).total_seconds()
        yield _judge(errors, requests=_requests(rate, step_s, errors.width))
    if latency:
        yield _judge(_logarithm(latency))


def _gone(rate: _Indicator) -> _Finding | None:
    """Return a finding if the entry got next to no requests for much of the hold."""
    known = _present(*rate.quiet)
    usual = float(np.median(known)) if known.size else 0.0
    if usual <= 0 or not (rate.hold < GONE * usual).sum() >= max(1, GONE_SHARE * len(rate.hold)):
        return None
    change = float(np.nanmean(rate.hold)) / usual - 1
    return _Finding(Effect.EFFECTIVE, RATE, rate.service, change, 0.0, math.inf)


def _judge(one: _Indicator, requests: float = math.inf) -> _Finding:
    """Compare the worst stretch of the hold with what is quiet; `requests` lie in a stretch."""
    known, worst = _present(*one.quiet), _worst(one.hold, one.width)
    if known.size < FEWEST or worst is None:
        return _Finding(Effect.UNKNOWN, one.sli, one.service)
    rise = worst - float(known.mean())
    scatter = float(known.var(ddof=1)) * (1 / one.width + 1 / known.size)
    counting = _counting(max(worst, float(known.mean())), requests)
    deviation = math.sqrt(scatter + WANDER[one.sli] ** 2 + counting)
    excess = (rise - MATERIAL[one.sli]) / deviation
    as_bad = [bad for span in one.quiet if (bad := _worst(span, one.width)) is not None]
    return _Finding(
        Effect.NO_EFFECT if worst <= max(as_bad, default=-math.inf) else _effect(excess),
        one.sli,
        one.service,
        change=math.expm1(rise) if one.sli == LATENCY else rise,
        chance=math.erfc(rise / deviation / math.sqrt(2)) / 2,
        loudness=excess,
    )


def _effect(excess: float) -> Effect:
    if excess >= SURE:
        return Effect.EFFECTIVE
    return Effect.UNKNOWN if excess >= UNSURE else Effect.NO_EFFECT


def _worst(values: Values, width: int) -> float | None:
    """Return the highest mean of `width` samples in a row, at least half of them present."""
    width = min(width, len(values))
    if width < FEWEST:
        return None
    present = np.isfinite(values)
    counts = np.convolve(present, np.ones(width), mode="valid")
    sums = np.convolve(np.where(present, values, 0.0), np.ones(width), mode="valid")
    enough = counts >= max(FEWEST - 1, width / 2)
    return float((sums[enough] / counts[enough]).max()) if enough.any() else None


def _requests(rate: _Indicator | None, step_s: float, width: int) -> float:
    """Return how many requests a stretch holds; infinitely many where nobody counts them."""
    known = _present(*rate.quiet) if rate else np.empty(0)
    return float(known.mean()) * step_s * width if known.size else math.inf


def _counting(share: float, requests: float) -> float:
    """Return the variance of an error ratio among so few requests, none of which need have failed."""
    if not math.isfinite(requests):
        return 0.0
    failing = (share * requests + 0.5) / (requests + 1)
    return failing * (1 - failing) / max(requests, 1.0)


def _logarithm(one: _Indicator) -> _Indicator:
    with np.errstate(divide="ignore", invalid="ignore"):
        quiet = tuple(np.log(values) for values in one.quiet)
        return _Indicator(one.sli, one.service, quiet, np.log(one.hold))


def _present(*spans: Values) -> Values:
    values = np.concatenate(spans) if spans else np.empty(0)
    return values[np.isfinite(values)]


def _odds(chance: float) -> str:
    return f"{chance:.2g}" if chance >= RAREST else f"< {RAREST:g}"
