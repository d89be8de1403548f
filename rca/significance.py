"""How often nothing at all looks as bad as this, and how sure the ranking is of its first.

The null distribution needs no assumption about the metrics: the very figure that accuses the
first service is computed for the windows before the onset, when nobody was to blame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


MIN_EFFECT = float(np.log(2.0))
"""Least strangeness worth blaming anybody for: twice as far as a series strays by itself."""


def p_value(strength: NDArray[np.float64]) -> float:
    """Return how probable it is that a window in which nothing happened looks this bad.

    Compares the worst service after the onset with the worst service of each past window.
    Ranks alone cannot go below 1 / (w + 1), and baselines are often short; so the tail of the
    past maxima beyond their median is taken as exponential: p = ½ · exp(-(now - median) / mean
    excess). It is not corrected for a search over onsets.

    Parameters
    ----------
    strength : array, (w + 1, services)
        Strangeness of each service in w past windows; the last row is after the onset.

    Returns
    -------
    float
        0 to ½; small = such strangeness does not happen by itself.

    Examples
    --------
    >>> calm = np.array([[0.0], [0.1], [0.2], [0.3]])
    >>> p_value(np.vstack([calm, [[0.1]]]))
    0.5
    >>> p_value(np.vstack([calm, [[9.0]]])) < 1e-6
    True
    """
    worst = strength.max(axis=1)
    past, now = worst[:-1], worst[-1]
    middle = float(np.median(past))
    if now <= middle:
        return 0.5
    tail = past[past > middle] - middle
    return 0.5 * float(np.exp(-(now - middle) / tail.mean())) if len(tail) else 0.0


def worth_blaming(strength: NDArray[np.float64], *, level: float) -> bool:
    """Say whether what happened is both unlikely to be chance and large enough to matter.

    A long calm window makes the smallest drift significant; hence the second condition.

    Parameters
    ----------
    strength : array, (w + 1, services)
        As for `p_value`.
    level : float
        Largest p-value at which somebody is blamed.
    """
    return float(strength[-1].max()) >= MIN_EFFECT and p_value(strength) <= level


def confidence(scores: NDArray[np.float64], p: float) -> float:
    """Return how sure the ranking is of its first service, 0 to 1.

    The first service's lead over the second, as a share of both, times the probability that
    anything happened at all. A figure of merit, not yet a calibrated probability.

    Parameters
    ----------
    scores : array, (services,)
        Blame of each service, ≥ 0.
    """
    if len(scores) == 0 or scores.max() <= 0:
        return 0.0
    ordered = np.sort(scores)[::-1]
    second = ordered[1] if len(ordered) > 1 else 0.0
    return float((1.0 - p) * ordered[0] / (ordered[0] + second))
