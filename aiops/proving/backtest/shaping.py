"""Signals worked out here, of the samples as they are stored, where that spares the server.

What Prometheus stores can be handed over for a fifth of the work that its own ``rate`` and
``histogram_quantile`` cost it. The rules are the same (`aiops.collectors.raw.rates`, `quantiles`), and so
are the values; what is not known here (native histograms, whether a target is up) is left to PromQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus import Matcher
from aiops.clients.prometheus.client import LOOKBACK_S
from aiops.collectors.inventory.families import NAME, display_name
from aiops.collectors.labels.promql import meets
from aiops.collectors.labels.scope import SERVICE, Selection
from aiops.collectors.raw.quantiles import quantiles
from aiops.collectors.raw.rates import Dialect, rate
from aiops.collectors.raw.samples import Block
from aiops.collectors.raw.workloads import sum_by, total
from aiops.collectors.signals import recipes
from aiops.collectors.signals.known import seconds_per_unit
from aiops.collectors.signals.planning import Part
from aiops.types import EXPECTED_LEVELS, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from aiops.clients.prometheus import PrometheusClient
    from aiops.clients.prometheus.series import Grid
    from aiops.collectors.inventory.families import Family
    from aiops.collectors.signals.planning import Signal

    Rows = Mapping[str, np.ndarray]
    """Service → its values, (points,)."""

BOUND = "le"

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def can_shape(signal: Signal) -> bool:
    """Say whether a signal can be worked out of stored samples."""
    return signal.part is Part.WHOLE and _known(signal.recipe)


def shape(
    client: PrometheusClient,
    signals: Sequence[Signal],
    grid: Grid,
    dialect: Dialect = Dialect.V3,
) -> pd.DataFrame:
    """Return the columns that `aiops.collectors.pull.pull` would, without asking any PromQL.

    Parameters
    ----------
    signals : sequence of Signal
        Those of which `can_shape` holds.
    grid : Grid
        The rows.
    dialect : Dialect
        Whose ``rate``: they differ in what a sample at the very start of a window is.

    Raises
    ------
    NoRemoteRead
        If the server does not hand over its samples.
    NotEnoughData
        If there is none of them.
    Unreachable, Denied
        As the client does.
    """
    import pandas as pd

    stored = _Stored(client, grid, dialect)
    columns: dict[tuple[str, str], np.ndarray] = {}
    for signal in signals:
        for service, values in _worked_out(signal.recipe, stored).items():
            finite = np.isfinite(values)
            if service in signal.services and finite.any():
                columns[service, signal.column] = np.where(finite, values, np.nan)
    if not columns:
        raise NotEnoughData(f"{client.url}: no sample is stored of {len(signals)} signals")
    names = pd.MultiIndex.from_tuples(sorted(columns), names=EXPECTED_LEVELS)
    values = np.stack([columns[name] for name in sorted(columns)], axis=1)
    return pd.DataFrame(values, index=grid.index, columns=names)


@dataclass(frozen=True)
class _Stored:
    """The samples of one window, each family read once, and rates worked out once."""

    client: PrometheusClient
    grid: Grid
    dialect: Dialect
    _blocks: dict[tuple[str, str, float], tuple[list[str | None], Block]] = field(
        default_factory=dict
    )
    _rates: dict[Any, np.ndarray] = field(default_factory=dict)

    def block(self, family: Family, suffix: str, before_s: float) -> tuple[list[str | None], Block]:
        """Return the series of a part of a family and whose each of them is."""
        key = (family.name, suffix, before_s)
        if key not in self._blocks:
            matchers = [Matcher(NAME, family.name + suffix), *family.subject.where]
            begins = self.grid.moment(0) - timedelta(seconds=before_s)
            ends = self.grid.moment(self.grid.points - 1)
            block = Block.of(self.client.remote_read(matchers, begins, ends))
            self._blocks[key] = [_owner(family, labels) for labels in block.labels], block
        return self._blocks[key]

    def rates(self, selection: Selection, window: str) -> tuple[list[dict[str, str]], np.ndarray]:
        """Return owner and bound of each series that is selected, and what it gains per second."""
        family, window_s = selection.family, seconds(window)
        owners, block = self.block(family, selection.suffix, window_s)
        key = (family.name, selection.suffix, window)
        if key not in self._rates:
            self._rates[key] = rate(block, self.grid, window_s, self.dialect)
        kept = _kept(selection, owners, block)
        labels = [
            {SERVICE: owners[row] or "", **_bound(block.labels[row])} for row in kept.tolist()
        ]
        return labels, self._rates[key][kept]


def seconds(window: str) -> float:
    """Read a duration as `aiops.collectors.signals.duration` writes it.

    >>> seconds("4m"), seconds("1500ms")
    (240.0, 1.5)
    """
    number = window.rstrip("mhs")
    return float(number) * _UNITS_S[window[len(number) :]]


def _known(recipe: Any) -> bool:
    """Say whether a recipe, and all that it is made of, is one of those below."""
    if not isinstance(recipe, partial) or recipe.func not in _WORKERS:
        return False
    return all(_known(part) for part in recipe.args if isinstance(part, partial))


def _worked_out(recipe: Any, stored: _Stored) -> Rows:
    return _WORKERS[recipe.func](stored, *recipe.args)


def _value(stored: _Stored, selection: Selection, how: str) -> Rows:
    owners, block = stored.block(selection.family, selection.suffix, LOOKBACK_S)
    newest = block.newest(stored.grid, LOOKBACK_S)
    rows: dict[str, list[int]] = {}
    for row in _kept(selection, owners, block).tolist():
        rows.setdefault(owners[row] or "", []).append(row)
    return {owner: _together(newest[places], how) for owner, places in rows.items()}


def _rate(stored: _Stored, selection: Selection, window: str) -> Rows:
    labels, values = stored.rates(selection, window)
    groups, sums = sum_by(labels, values, [SERVICE])
    return {group[SERVICE]: row for group, row in zip(groups, sums, strict=True)}


def _failure_ratio(stored: _Stored, failed: Any, requests: Any) -> Rows:
    failures, asked = _worked_out(failed, stored), _worked_out(requests, stored)
    nothing = np.full(stored.grid.points, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            owner: np.where(np.isnan(found), 0.0, found) / count
            for owner, count in asked.items()
            for found in (failures.get(owner, nothing),)
        }


def _bucket_quantile(stored: _Stored, family: Family, window: str) -> Rows:
    labels, values = stored.rates(Selection(family, "_bucket"), window)
    groups, sums = sum_by(labels, values, [SERVICE, BOUND])
    told, found = quantiles(recipes.QUANTILE, groups, sums)
    factor = seconds_per_unit(family)
    return {each[SERVICE]: factor * row for each, row in zip(told, found, strict=True)}


def _mean(stored: _Stored, family: Family, window: str) -> Rows:
    sums, counts = (_rate(stored, Selection(family, part), window) for part in ("_sum", "_count"))
    factor = seconds_per_unit(family)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {owner: factor * sums[owner] / counts[owner] for owner in sums if owner in counts}


_WORKERS: dict[Any, Callable[..., Rows]] = {
    recipes.value: _value,
    recipes.rate: _rate,
    recipes.failure_ratio: _failure_ratio,
    recipes.bucket_quantile: _bucket_quantile,
    recipes.mean: _mean,
}
"""How each recipe of PromQL is worked out here."""


def _owner(family: Family, labels: Mapping[str, str]) -> str | None:
    """Return the service of a series, named as in frames; None if it is nobody's."""
    identity = family.subject.identity(labels)
    if identity is None:
        return None
    named = display_name(identity.service, identity.namespace)
    return named if named in family.owners else display_name(identity.service)


def _kept(selection: Selection, owners: Sequence[str | None], block: Block) -> np.ndarray:
    """Return the rows of the series that are somebody's and meet the selection."""
    return np.array(
        [
            row
            for row, labels in enumerate(block.labels)
            if owners[row] is not None and all(meets(each, labels) for each in selection.matchers)
        ],
        dtype=np.intp,
    )


def _bound(labels: Mapping[str, str]) -> dict[str, str]:
    return {BOUND: labels[BOUND]} if BOUND in labels else {}


def _together(rows: np.ndarray, how: str) -> np.ndarray:
    if how == "max":
        highest: np.ndarray = np.fmax.reduce(rows, axis=0)
        return highest
    return total(rows, mean=how == "avg")
