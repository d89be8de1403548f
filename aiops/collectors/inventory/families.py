"""The series of one metric, and whose they are; `aiops.collectors.inventory.grouping` makes it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiops.collectors.inventory.members import FamilyKind
    from aiops.collectors.labels.subjects import Subject

NAME = "__name__"


class Origin(NamedTuple):
    """A label value that put series down to a service; `source` is its place in the subject."""

    source: int
    value: str


@dataclass(frozen=True, slots=True)
class Owner:
    """A service's part of one family.

    `service` and `namespace` are in the words of the labels; `namespace` is None where it is not
    needed to tell the service from others, and "" where it is missing.
    """

    service: str
    namespace: str | None
    origins: frozenset[Origin]
    instances: int


@dataclass(frozen=True, eq=False)
class Family:
    """The series of one metric, and whose they are.

    Attributes
    ----------
    name : str
        That of a histogram or summary is without ``_bucket``, ``_sum`` and ``_count``.
    kind : FamilyKind
    series, mapped : int
        How many there are, and how many of them are put down to a service.
    labels : tuple of str
        Those that its series have, without ``__name__``.
    owners : mapping
        Service → its part of the family.
    reason : str or None
        Why series are nobody's; None if none are.
    subject : Subject
        How they are put down to services, with only the sources that decide.
    values : mapping
        Label → its values in mapped series, for labels that have few.
    parts : mapping
        Suffix ("" or ``_bucket``, …) → mapped series.
    """

    name: str
    kind: FamilyKind
    series: int
    mapped: int
    labels: tuple[str, ...]
    owners: Mapping[str, Owner] = field(repr=False)
    reason: str | None
    subject: Subject = field(repr=False)
    values: Mapping[str, frozenset[str]] = field(repr=False)
    parts: Mapping[str, int]

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it tells of, sorted."""
        return tuple(sorted(self.owners))

    @property
    def most_instances(self) -> int:
        """The most instances that one of its services has; 0 where there is no service."""
        return max((owner.instances for owner in self.owners.values()), default=0)

    @property
    def by_namespace(self) -> bool:
        """Whether the namespace is needed to tell its services apart."""
        return any(owner.namespace for owner in self.owners.values())

    def values_of(self, place: int) -> tuple[str, ...]:
        """Return the values by which the source at `place` put series down to services."""
        return self._values_of[place]

    @cached_property
    def _values_of(self) -> dict[int, tuple[str, ...]]:
        values: dict[int, set[str]] = defaultdict(set)
        for owner in self.owners.values():
            for origin in owner.origins:
                values[origin.source].add(origin.value)
        return {place: tuple(found) for place, found in values.items()}


def display_name(service: str, namespace: str | None = None) -> str:
    """Return the name of a service in frames: a slash, which splits service/metric, becomes ":".

    Examples
    --------
    >>> display_name("monitoring/web"), display_name("cart", "staging")
    ('monitoring:web', 'cart.staging')
    """
    name = f"{service}.{namespace}" if namespace else service
    return name.replace("/", ":")
