"""The reasons behind a ranking, in words a person can check against the graphs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from aiops.types import Evidence
from detectors.quantiles import nan_quantile
from rca.strangeness import CAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aiops.types import CausalEdge, MetricId
    from rca.services import Ownership
    from rca.strangeness import Strangeness


@dataclass(frozen=True)
class Witness:
    """All that a reason may be drawn from.

    Attributes
    ----------
    values : array, (rows, n)
        The samples in their own units.
    """

    series: Sequence[MetricId]
    values: NDArray[np.float64]
    strange: Strangeness
    edges: Sequence[CausalEdge]
    owners: Ownership

    def reasons(self, column: int) -> tuple[Evidence, ...]:
        """Say why the series in `column` is suspected: what it did, how unusual, what followed."""
        reasons = [self._what_it_did(column)]
        excess = float(self.strange.excess[-1, column])
        if excess > 0 and not self.strange.vanished[column]:
            times = float(np.exp(excess))
            reasons.append(Evidence(f"{times:.1f} times as far as it strays by itself", times))
        if self.owners.callee[column] is not None:
            reasons.append(Evidence(f"it measures calls to {self.owners.callee[column]}"))
        reasons.extend(_what_followed(edge) for edge in self._followers[self.series[column]][:2])
        return tuple(reasons)

    def _what_it_did(self, column: int) -> Evidence:
        if self.strange.vanished[column]:
            return Evidence("was always reported before the onset and is missing after it")
        before, after, shift = (float(level[column]) for level in self._levels)
        size = float(self.strange.size[-1, column])
        if np.isnan(before) or np.isnan(after):
            return Evidence("has too few samples to compare")
        times = f"{size:.1f} times" if size < CAP else f"over {CAP:.0f} times"
        if shift < size / 2 or f"{before:.4g}" == f"{after:.4g}":
            return Evidence(
                f"strays from its usual {before:.4g} by {times} its normal spread", size
            )
        verb = "rose" if after > before else "fell"
        change = f"{verb} from {before:.4g} to {after:.4g}"
        return Evidence(f"{change}, {times} its normal spread away", size)

    @cached_property
    def _levels(self) -> tuple[NDArray[np.float64], ...]:
        """The median of each series before and after the onset, and how far z then lies from 0."""
        split = self.strange.split
        shift = np.abs(nan_quantile(self.strange.z[split:], 0.5))
        return (
            nan_quantile(self.values[:split], 0.5),
            nan_quantile(self.values[split:], 0.5),
            shift,
        )

    @cached_property
    def _followers(self) -> defaultdict[MetricId, list[CausalEdge]]:
        """Series → the edges that lead from it."""
        found: defaultdict[MetricId, list[CausalEdge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.cause].append(edge)
        return found


def _what_followed(edge: CausalEdge) -> Evidence:
    if edge.source == "topology":
        return Evidence(f"{edge.effect.service} calls it and is strange too", edge.weight)
    return Evidence(
        f"its past predicts {edge.effect} {edge.lag_s:g} s later "
        f"({edge.weight:.0%} of what was left to explain)",
        edge.weight,
    )
