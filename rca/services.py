"""From series to services: whose strangeness a series shows, and how strange a service is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.quantiles import nan_quantile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from aiops.types import MetricId

MIN_FAMILY = 8
"""Fewest series of one metric name that can say what the whole system did. In a smaller system
one fault may well reach all of it, and what they share is then its trace, not a change of load."""

UNNAMED = "value"
"""The metric that `aiops.types.as_metrics` gives a plain column: it names nothing, so it makes
neither a family nor a call."""

COMMON = 0.25
"""Quantile of a family that counts as common: what three quarters of the services exceed. A
change of load reaches them all; a fault that travels far still leaves a quarter alone."""

TOP_SERIES = 5
"""How many of a service's strangest series count besides the single strangest."""

CALLER_SHARE = 0.5
"""Share of a slow call's strangeness that its caller keeps; the callee is credited in full."""


@dataclass(frozen=True)
class Ownership:
    """Which series speak for which service.

    Attributes
    ----------
    services : tuple of str
        In alphabetical order.
    credit : array, (services, series)
        Share of a series' strangeness that counts for a service: 1 for its own; for a series
        that measures a call, 1 for the callee and `CALLER_SHARE` for the caller.
    own : tuple of int
        For each series the place of its own service in `services`.
    callee : tuple of (str or None)
        For each series the service whose calls it measures.
    """

    services: tuple[str, ...]
    credit: NDArray[np.float64]
    own: tuple[int, ...]
    callee: tuple[str | None, ...]


def ownership(series: Sequence[MetricId], topology: Sequence[tuple[str, str]]) -> Ownership:
    """Credit each series to its service, and a series about a call to both of its ends.

    A series measures a call when its metric names another service as a whole word
    (``edge_to_cart_p50`` of ``web``) and, where the call graph is known, that call is in it:
    the caller only sees what the callee, or the link, does to it.
    """
    services = tuple(sorted({item.service for item in series}))
    calls = set(topology)
    named = {metric: _named_in(metric, services) for metric in {item.metric for item in series}}
    callee = tuple(_callee(item.service, named[item.metric], calls) for item in series)
    place = {name: row for row, name in enumerate(services)}
    own = tuple(place[item.service] for item in series)
    credit = np.zeros((len(services), len(series)))
    for column, target in enumerate(callee):
        credit[own[column], column] = 1.0 if target is None else CALLER_SHARE
        if target is not None:
            credit[place[target], column] = 1.0
    return Ownership(services, credit, own, callee)


def _named_in(metric: str, services: Sequence[str]) -> tuple[str, ...]:
    """Return the services that the name of a metric holds as whole words, the longest first."""
    if metric == UNNAMED:
        return ()
    found = (
        name
        for name in services
        if name in metric
        and re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", metric)
    )
    return tuple(sorted(found, key=len, reverse=True))


def _callee(service: str, named: Sequence[str], calls: Collection[tuple[str, str]]) -> str | None:
    possible = (
        name for name in named if name != service and (not calls or (service, name) in calls)
    )
    return next(possible, None)


def family_contrast(
    strength: NDArray[np.float64], series: Sequence[MetricId]
) -> NDArray[np.float64]:
    """Subtract what all services show in the same metric, so that a load change blames nobody.

    Parameters
    ----------
    strength : array, (windows, series)
        Strangeness, ≥ 0.

    Returns
    -------
    array, (windows, series)
        Strangeness beyond the `COMMON` quantile of the series' family (same metric name), ≥ 0;
        families of fewer than `MIN_FAMILY` series, and unnamed metrics, are left alone.
    """
    result = strength.copy()
    families: dict[str, list[int]] = {}
    for column, item in enumerate(series):
        families.setdefault(item.metric, []).append(column)
    families.pop(UNNAMED, None)
    for columns in families.values():
        if len(columns) >= MIN_FAMILY:
            common = nan_quantile(strength[:, columns], COMMON, axis=1)[:, None]
            result[:, columns] = np.maximum(strength[:, columns] - common, 0.0)
    return result


def service_strength(strength: NDArray[np.float64], owners: Ownership) -> NDArray[np.float64]:
    """Return each service's strangeness: half its strangest series, half its top few.

    Parameters
    ----------
    strength : array, (windows, series)

    Returns
    -------
    array, (windows, services)
    """
    columns = [_summary(strength[:, row > 0] * row[row > 0]) for row in owners.credit]
    return np.stack(columns, axis=1)


def standing(strength: NDArray[np.float64], owners: Ownership) -> NDArray[np.float64]:
    """Return each series' strangeness as a share of the strangest of its service, 0 to 1.

    Parameters
    ----------
    strength : array, (series,)
    """
    own = np.array(owners.own)
    strongest = np.zeros(len(owners.services))
    np.maximum.at(strongest, own, strength)
    of_service = strongest[own]
    result: NDArray[np.float64] = strength / np.where(of_service > 0, of_service, 1.0)
    return result


def _summary(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    top = -np.sort(-strength, axis=1)[:, :TOP_SERIES]
    result: NDArray[np.float64] = 0.5 * top[:, 0] + 0.5 * top.mean(axis=1)
    return result
