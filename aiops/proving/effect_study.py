"""How far the effect verdict can be trusted: on the simulator, where the truth is known.

Every scenario happens twice, with what is done and without. The noise of the simulator depends on
the seed, the step and the service only, so the difference of the two runs is the effect itself.

The truth was fixed on development seeds, before any seed was judged for the record. Something is
truly effective when, at an entry and within the hold,

- the error ratio rose by `TRUE_ERRORS` on average (a request that nobody could serve is an error),
- or the latency rose by `TRUE_LATENCY` in at least a fifth of the samples, and in three.

Sizes within `GREY` of a threshold are counted like all others, and apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.proving.cases import make_case
from aiops.proving.effect import ERRORS, LATENCY, verdict
from aiops.proving.scenarios import Kind, draw_scenario, kinds
from aiops.wilson import Share
from chaos.record import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from aiops.proving.scenarios import Scenario
    from aiops.types import Case
    from chaos.record import EffectVerdict

TRUE_ERRORS, TRUE_LATENCY = 0.01, 0.2

TRUE_SHARE, TRUE_FEWEST = 0.2, 3
"""The least share of the hold, and the least count of samples, that a slowdown has to last."""

GREY = 0.25
"""How near a threshold a truth is called grey, as a share of the threshold."""

SHORT = (2.0, 15, 20)
"""Step in s, samples of the baseline and of the hold: 30 s before, 40 s of fault."""

LONG_STEP_S, LONG_BASELINE, LONG_HOLD = 5.0, (36, 120), (24, 60)
"""Step in s, and from how many to how many samples: minutes before, minutes of fault."""

MOST_CONTROLS = 2
"""Up to so many quiet spans as long as the hold lie before the baseline."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One scenario: how large the effect truly was, in thresholds, and what was said of it."""

    kind: Kind
    fault: str | None
    short: bool
    size: float
    verdict: EffectVerdict

    @property
    def effective(self) -> bool:
        """The truth."""
        return self.size >= 1

    @property
    def grey(self) -> bool:
        """Whether the truth is near its threshold."""
        return abs(self.size - 1) < GREY


@dataclass(frozen=True)
class EffectStudy:
    """What a study found; shares come with their Wilson interval.

    Guessing always the same has a balanced accuracy of .50.
    """

    judged: tuple[Judged, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as a JSON-ready document: of all, and of parts of them."""
        parts = {
            "all": self.judged,
            "short": [one for one in self.judged if one.short],
            "long": [one for one in self.judged if not one.short],
            "without grey": [one for one in self.judged if not one.grey],
        }
        return {name: _figures(part) for name, part in parts.items()}


def study(
    n: int, seed: int, *, progress: Callable[[int, int, str], None] | None = None
) -> EffectStudy:
    """Judge `n` scenarios of the set that `seed` stands for; half of them have short phases.

    Parameters
    ----------
    progress : callable, optional
        Called with (scenarios done, scenarios in all, id) after each.
    """
    judged = []
    for number, kind in enumerate(kinds(n, seed)):
        scenario, controls = _phases(draw_scenario(seed, number, kind), seed, number)
        judged.append(judge(scenario, controls=controls))
        if progress:
            progress(number + 1, n, scenario.id)
    return EffectStudy(tuple(judged))


def judge(scenario: Scenario, *, controls: int = 0) -> Judged:
    """Let `scenario` happen with and without what is done in it, and judge the verdict.

    Parameters
    ----------
    controls : int
        The first rows are so many quiet spans, each as long as the hold.
    """
    case, _ = make_case(scenario)
    twin, _ = make_case(_undone(scenario))
    said = _verdict(case, scenario, controls)
    since = case.inject_time
    pair = case.metrics[case.metrics.index >= since], twin.metrics[twin.metrics.index >= since]
    return Judged(
        kind=scenario.kind,
        fault=case.fault,
        short=scenario.step_s == SHORT[0],
        size=true_size(*pair, scenario.topology.entries),
        verdict=said,
    )


def true_size(happened: pd.DataFrame, otherwise: pd.DataFrame, entries: Iterable[str]) -> float:
    """Return how large the effect on the entries was, in thresholds: from 1 on it is effective.

    Parameters
    ----------
    happened, otherwise : DataFrame
        The metrics of the hold, and of the same time without what was done.
    """
    return max(_size(happened, otherwise, entry) for entry in entries)


def _size(happened: pd.DataFrame, otherwise: pd.DataFrame, entry: str) -> float:
    failing, usual = (frame[entry, ERRORS].to_numpy() for frame in (happened, otherwise))
    unserved = np.isnan(failing) & ~np.isnan(usual)
    more = np.where(unserved, 1.0, failing - usual)
    slower = (happened[entry, LATENCY] / otherwise[entry, LATENCY] - 1).to_numpy()
    lasting = max(TRUE_FEWEST, math.ceil(TRUE_SHARE * len(slower)))
    slowdown = np.sort(np.nan_to_num(slower, nan=-1.0))[::-1][lasting - 1]
    errors = float(np.nanmean(more)) if not np.isnan(more).all() else 0.0
    return max(errors / TRUE_ERRORS, float(slowdown) / TRUE_LATENCY)


def _undone(scenario: Scenario) -> Scenario:
    """Return the same scenario in which nothing is done; a decoy before a fault stays."""
    change = scenario.change if scenario.kind is Kind.FAULT else None
    return replace(scenario, fault=None, change=change)


def _phases(scenario: Scenario, seed: int, number: int) -> tuple[Scenario, int]:
    """Give the scenario short or long phases in turn; return it and its count of controls."""
    rng = np.random.default_rng((seed, 0xB17E, number))
    step_s, baseline, hold = SHORT
    if number % 2 == 0:
        step_s = LONG_STEP_S
        baseline, hold = int(rng.integers(*LONG_BASELINE)), int(rng.integers(*LONG_HOLD))
    controls = int(rng.integers(MOST_CONTROLS + 1))
    before = baseline + controls * hold
    decoy_row = int(rng.integers(before))
    phased = replace(scenario, step_s=step_s, before=before, after=hold, decoy_row=decoy_row)
    return phased, controls


def _verdict(case: Case, scenario: Scenario, controls: int) -> EffectVerdict:
    index = case.metrics.index
    cuts = [index[at * scenario.after] for at in range(controls + 1)]
    injected = index[scenario.before]
    return verdict(
        case.metrics,
        entries=scenario.topology.entries,
        baseline=(cuts[-1], injected),
        held=(injected, index[-1] + (index[1] - index[0])),
        controls=list(pairwise(cuts)),
    )


def _figures(judged: Iterable[Judged]) -> dict[str, Any]:
    """Return the figures; balanced accuracy is of the decided, and strictly: unknown is wrong."""
    seen = list(judged)
    controls = [one for one in seen if one.kind is Kind.HEALTHY]
    recall = _right(one for one in seen if one.effective)
    specificity = _right(one for one in seen if not one.effective)
    decided = [one for one in seen if one.verdict.effect is not Effect.UNKNOWN]
    bitten = _right(one for one in decided if one.effective)
    spared = _right(one for one in decided if not one.effective)
    return {
        "scenarios": len(seen),
        "truly_effective": sum(one.effective for one in seen),
        "grey": sum(one.grey for one in seen),
        "balanced_accuracy": _mean(bitten, spared),
        "balanced_accuracy_strict": _mean(recall, specificity),
        "majority_guess": 0.5,
        "recall": bitten.to_dict(),
        "specificity": spared.to_dict(),
        "false_effective_on_controls": _share(controls, Effect.EFFECTIVE).to_dict(),
        "unknown": _share(seen, Effect.UNKNOWN).to_dict(),
    }


def _right(judged: Iterable[Judged]) -> Share:
    seen = list(judged)
    right = sum(
        one.verdict.effect is (Effect.EFFECTIVE if one.effective else Effect.NO_EFFECT)
        for one in seen
    )
    return Share.count(right, len(seen))


def _share(judged: Iterable[Judged], effect: Effect) -> Share:
    seen = list(judged)
    return Share.count(sum(one.verdict.effect is effect for one in seen), len(seen))


def _mean(one: Share, other: Share) -> float | None:
    if one.value is None or other.value is None:
        return None
    return (one.value + other.value) / 2
