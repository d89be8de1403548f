"""What a Prometheus has: families of metrics, the services that they are put down to, and the rest.

One count, one list of series and one look at the targets' own words; no sample is read, except
that a few tell how often they come. What is not put down to a service is told with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.clients.prometheus import Matcher
from aiops.collectors.inventory.families import NAME
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.labels.promql import selector
from aiops.collectors.labels.re2 import compile_re2
from aiops.types import InvalidInput, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aiops.clients.prometheus import PrometheusClient
    from aiops.collectors.inventory.families import Family
    from aiops.settings import Labels

SCRAPE_S = 60.0
"""Where nothing tells how often samples come; Prometheus' own default."""

MOST_SERIES = 500_000

_COUNTED_S = (300, 3600)
"""Ranges over which samples are counted, the shorter first."""

_ENOUGH = 4
_USUAL_S = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_NEAR = 0.2


@dataclass(frozen=True, eq=False)
class Inventory:
    """What there is between two moments.

    Attributes
    ----------
    families : tuple of Family
        By name.
    series, mapped : int
        How many series there are, and how many are put down to a service.
    services : tuple of str
        All services, sorted, as frames name them.
    scrape_s : float
        The usual seconds between two samples.
    """

    families: tuple[Family, ...]
    series: int
    mapped: int
    services: tuple[str, ...]
    scrape_s: float

    @property
    def share(self) -> float:
        """The share of the series that is put down to a service, 0 to 1."""
        return self.mapped / self.series

    @property
    def unmapped(self) -> tuple[Family, ...]:
        """The families with series that are nobody's, those with most of them first."""
        partly = [family for family in self.families if family.reason]
        return tuple(sorted(partly, key=lambda each: each.mapped - each.series))


def take_inventory(
    client: PrometheusClient,
    labels: Labels,
    start: datetime,
    end: datetime,
    *,
    max_series: int = MOST_SERIES,
) -> Inventory:
    """List what there was between two moments.

    Parameters
    ----------
    client : PrometheusClient
    labels : Labels
        Of the settings: whose a series is.
    start, end : datetime
        With a time zone.
    max_series : int
        More are refused before they are listed: they would fill the memory.

    Raises
    ------
    InvalidInput
        If there are too many series, or the settings cannot be used.
    NotEnoughData
        If there are none.
    Unreachable, Denied
        As the client does.
    """
    wanted = selector("", _wanted(labels))
    count = client.count_series(end, wanted)
    if count > max_series:
        raise InvalidInput(
            f"{client.url}: {count:,} series are more than {max_series:,}; leave metrics out "
            'with ignore = ["<regular expression>"] under [labels] in aiops.toml'
        )
    listed = client.series([wanted], start, end)
    if not listed:
        raise NotEnoughData(
            f"{client.url}: there is no series between {start} and {end}; check the times"
        )
    families = families_of(listed, client.metadata(), labels)
    return Inventory(
        families=families,
        series=len(listed),
        mapped=sum(family.mapped for family in families),
        services=tuple(sorted({service for family in families for service in family.owners})),
        scrape_s=_scrape_s(client, families, start, end),
    )


def _wanted(labels: Labels) -> list[Matcher]:
    """Return what the name of a metric must meet; raises InvalidSettings for a bad pattern."""
    ignored = [Matcher(NAME, compile_re2(each).pattern, "!~") for each in labels.ignore]
    return [Matcher(NAME, "", "!="), *ignored]


def _scrape_s(
    client: PrometheusClient, families: Sequence[Family], start: datetime, end: datetime
) -> float:
    """Return the usual seconds between samples, told by ``up`` or by counting samples."""
    middle = start + (end - start) / 2
    for at in (end, middle):
        seconds = client.scrape_interval_s(at)
        if seconds is not None:
            return seconds
    plain = [family for family in families if family.parts.get("")]
    if not plain:
        return SCRAPE_S
    largest = selector(max(plain, key=lambda family: family.parts[""]).name, [])
    for seconds in _COUNTED_S:
        samples = client.query(f"quantile(0.5, count_over_time({largest}[{seconds}s]))", middle)
        if samples and samples[0].value >= _ENOUGH:
            return _round(seconds / samples[0].value)
    return SCRAPE_S


def _round(seconds: float) -> float:
    """Return the usual interval that is meant: a count is wrong by one sample.

    Examples
    --------
    >>> _round(300 / 21), _round(300 / 151), _round(47.0)
    (15.0, 2.0, 47.0)
    """
    nearest = min(_USUAL_S, key=lambda usual: abs(usual - seconds))
    return nearest if abs(nearest - seconds) <= _NEAR * nearest else seconds
