"""What acts on what: the call graph where it is known, linear Granger between strange series.

All arrows point cause → effect. A call points the other way: the callee's trouble becomes the
caller's, so the call caller → callee is the causal edge callee → caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.types import CausalEdge
from rca.granger import linear_granger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aiops.types import MetricId
    from rca.services import Ownership

SCREEN = 60
"""Granger looks at this many of the strangest series: causes of nothing strange do not matter."""

LEVEL = 0.01
"""Family-wise error of a Granger edge: p must be below this, divided by the pairs tested."""

LAGS = 3
"""How many samples back Granger looks."""

MAX_CAUSES = 3
"""Granger edges kept into one series: its strongest."""

WINSOR = 8.0
"""|z| beyond which a sample weighs no more in a regression."""


def call_edges(
    series: Sequence[MetricId],
    strength: NDArray[np.float64],
    topology: Sequence[tuple[str, str]],
) -> tuple[CausalEdge, ...]:
    """Turn calls between strange services into edges between their strangest series."""
    strongest: dict[str, int] = {}
    for column in np.argsort(-strength, kind="stable"):
        if strength[column] > 0:
            strongest.setdefault(series[column].service, int(column))
    return tuple(
        CausalEdge(
            series[strongest[callee]],
            series[strongest[caller]],
            weight=float(strength[strongest[callee]]),
            lag_s=0.0,
            source="topology",
        )
        for caller, callee in dict.fromkeys(topology)
        if caller != callee and caller in strongest and callee in strongest
    )


def granger_edges(
    series: Sequence[MetricId],
    strength: NDArray[np.float64],
    z: NDArray[np.float64],
    step_s: float,
) -> tuple[CausalEdge, ...]:
    """Return the significant Granger edges between the strangest series.

    Of two opposite edges the stronger is kept, and of all edges into one series the
    `MAX_CAUSES` strongest.

    Parameters
    ----------
    z : array, (rows, series)
        Standardised samples.
    step_s : float
        Seconds between two rows.
    """
    chosen = [int(i) for i in np.argsort(-strength, kind="stable")[:SCREEN] if strength[i] > 0]
    if len(chosen) < 2 or len(z) < 3 * LAGS + 2:
        return ()
    found = linear_granger(np.clip(z[:, chosen], -WINSOR, WINSOR), lags=LAGS)
    pairs = len(chosen) * (len(chosen) - 1)
    gain = np.where(found.p_value < LEVEL / pairs, found.gain, 0.0)
    gain = np.where(gain >= gain.T, gain, 0.0)
    edges = [
        CausalEdge(
            series[chosen[cause]],
            series[chosen[effect]],
            weight=float(gain[cause, effect]),
            lag_s=float(found.lag[cause, effect]) * step_s,
            source="granger",
        )
        for effect in range(len(chosen))
        for cause in np.argsort(-gain[:, effect], kind="stable")[:MAX_CAUSES]
        if gain[cause, effect] > 0
    ]
    return tuple(sorted(edges, key=lambda edge: (-edge.weight, edge.cause, edge.effect)))


def service_weights(
    edges: Sequence[CausalEdge],
    topology: Sequence[tuple[str, str]],
    owners: Ownership,
    strength: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how strongly each service acts on each other.

    Between services that the call graph covers it alone decides: an edge weighs as much as the
    callee is strange, so that blame moves on to strange callees only. Elsewhere the strongest
    Granger edge between two services' series, times the strangeness of the cause, stands in.

    Parameters
    ----------
    strength : array, (services,)

    Returns
    -------
    array, (services, services)
        Row = cause, column = effect.
    """
    place = {name: row for row, name in enumerate(owners.services)}
    weights = np.zeros((len(place), len(place)))
    known = [call for call in topology if call[0] in place and call[1] in place]
    for caller, callee in known:
        weights[place[callee], place[caller]] = strength[place[callee]]
    covered = {name for call in known for name in call}
    for edge in edges:
        cause, effect = place[edge.cause.service], place[edge.effect.service]
        if not {edge.cause.service, edge.effect.service} <= covered:
            weights[cause, effect] = max(weights[cause, effect], edge.weight * strength[cause])
    np.fill_diagonal(weights, 0.0)
    return weights
