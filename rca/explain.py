"""The reasons behind a ranking, in words a person can check against the graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.types import Evidence
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
        reasons = [_what_it_did(column, self.values, self.strange)]
        excess = float(self.strange.excess[-1, column])
        if excess > 0 and not self.strange.vanished[column]:
            times = float(np.exp(excess))
            reasons.append(Evidence(f"{times:.1f} times as far as it strays by itself", times))
        if self.owners.callee[column] is not None:
            reasons.append(Evidence(f"it measures calls to {self.owners.callee[column]}"))
        followers = [edge for edge in self.edges if edge.cause == self.series[column]]
        reasons.extend(_what_followed(edge) for edge in followers[:2])
        return tuple(reasons)


def _what_it_did(column: int, values: NDArray[np.float64], strange: Strangeness) -> Evidence:
    if strange.vanished[column]:
        return Evidence("was always reported before the onset and is missing after it")
    before = _median(values[: strange.split, column])
    after = _median(values[strange.split :, column])
    size = float(strange.size[-1, column])
    if np.isnan(before) or np.isnan(after):
        return Evidence("has too few samples to compare")
    times = f"{size:.1f} times" if size < CAP else f"over {CAP:.0f} times"
    shift = abs(_median(strange.z[strange.split :, column]))
    if shift < size / 2 or f"{before:.4g}" == f"{after:.4g}":
        return Evidence(f"strays from its usual {before:.4g} by {times} its normal spread", size)
    verb = "rose" if after > before else "fell"
    change = f"{verb} from {before:.4g} to {after:.4g}"
    return Evidence(f"{change}, {times} its normal spread away", size)


def _what_followed(edge: CausalEdge) -> Evidence:
    if edge.source == "topology":
        return Evidence(f"{edge.effect.service} calls it and is strange too", edge.weight)
    return Evidence(
        f"its past predicts {edge.effect} {edge.lag_s:g} s later "
        f"({edge.weight:.0%} of what was left to explain)",
        edge.weight,
    )


def _median(samples: NDArray[np.float64]) -> float:
    present = samples[~np.isnan(samples)]
    return float(np.median(present)) if len(present) else float("nan")
