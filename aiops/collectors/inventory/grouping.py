"""A list of label sets becomes families, and their series are put down to services.

Pure: nothing is asked for here. A service is told from another of the same name by its namespace,
and only then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.collectors.inventory.families import NAME, Family, Origin, Owner, display_name
from aiops.collectors.inventory.members import FamilyKind, member_of
from aiops.collectors.labels.re2 import compile_re2
from aiops.collectors.labels.rules import HOSTS, JOB, WHOLE
from aiops.collectors.labels.subjects import built_in_rule, subject_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aiops.clients.prometheus import Metadata
    from aiops.collectors.labels.subjects import Identity, Subject
    from aiops.settings import Labels

_ANY_TARGETS = "up|scrape_.+|ALERTS.*|.*:.*"
"""What Prometheus itself says of targets: up, scrapes, alerts, recorded rules."""

_FEW = 60
"""A label with more values than this holds no status codes and no quantiles."""

Series = tuple[str, "Mapping[str, str]", "Identity | None"]
"""The suffix of a series' name, its labels, and whose it is."""


def families_of(
    listed: Sequence[Mapping[str, str]], told: Mapping[str, Metadata], labels: Labels
) -> tuple[Family, ...]:
    """Group label sets into families and put them down to services.

    Parameters
    ----------
    listed : sequence of mapping
        The labels of each series, its name as ``__name__``.
    told : mapping
        Family name → what its targets say of it.
    labels : Labels
        Of the settings.

    Raises
    ------
    InvalidSettings
        If a pattern or matchers in the settings cannot be used.
    """
    groups = _grouped(listed, told)
    hosts = _jobs_of_hosts(listed)
    read = [_Reading.of(*member, group, labels, hosts) for member, group in groups.items()]
    shared = _shared_names(read)
    return tuple(
        reading.family(shared) for reading in sorted(read, key=lambda each: (each.name, each.kind))
    )


def _grouped(
    listed: Sequence[Mapping[str, str]], told: Mapping[str, Metadata]
) -> dict[tuple[str, FamilyKind], list[tuple[str, Mapping[str, str]]]]:
    """Return (family, kind) → suffix and labels of each of its series."""
    names: dict[str, set[str]] = defaultdict(set)
    for series in listed:
        names[series[NAME]].update(series)
    members = {name: member_of(name, names, told) for name in names}
    groups: dict[tuple[str, FamilyKind], list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for series in listed:
        member = members[series[NAME]]
        groups[member.family, member.kind].append((member.suffix, series))
    return groups


def _jobs_of_hosts(listed: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """Return the jobs that scrape exporters of hosts and nothing else."""
    targets: dict[bool | None, set[tuple[str, str]]] = {True: set(), False: set(), None: set()}
    tells = {name: _tells_of_host(name) for name in {series[NAME] for series in listed}}
    for series in listed:
        targets[tells[series[NAME]]].add((series.get(JOB, ""), series.get("instance", "")))
    others = targets[False] - targets[True]
    return frozenset({job for job, _ in targets[True]} - {job for job, _ in others} - {""})


def _tells_of_host(metric: str) -> bool | None:
    """Say whether a target with this metric is a host's exporter; None if any target may have it.

    Of a target that is down no more is known than that.
    """
    if compile_re2(_ANY_TARGETS).fullmatch(metric):
        return None
    return compile_re2(HOSTS).fullmatch(metric) is not None


@dataclass(frozen=True, eq=False)
class _Reading:
    """A family of which it is known whose each series is, but not yet under which name."""

    name: str
    kind: FamilyKind
    subject: Subject
    series: Sequence[Series]
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls,
        name: str,
        kind: FamilyKind,
        group: Sequence[tuple[str, Mapping[str, str]]],
        labels: Labels,
        hosts: frozenset[str],
    ) -> _Reading:
        present = {label for _, series in group for label in series} - {NAME}
        here = hosts & {series.get(JOB, "") for _, series in group} if hosts else hosts
        subject = subject_of(name, present, labels, here)
        identify = _nobody if kind is FamilyKind.ALERT else subject.identity
        series = [(suffix, each, identify(each)) for suffix, each in group]
        return cls(name, kind, subject, series, tuple(sorted(present)))

    def family(self, shared: Collection[str]) -> Family:
        """Return the family; `shared` are the services that only a namespace tells apart."""
        mapped = [each for each in self.series if each[2] is not None]
        used = self._used(_identities(mapped))
        return Family(
            name=self.name,
            kind=self.kind,
            series=len(self.series),
            mapped=len(mapped),
            labels=self.labels,
            owners=_owners(_identities(mapped), shared, {old: new for new, old in enumerate(used)}),
            reason=self._reason(len(mapped)),
            subject=self.subject.using(used),
            values=_few_values([labels for _, labels, _ in mapped]),
            parts=Counter(suffix for suffix, _, _ in mapped),
        )

    def _used(self, identities: Sequence[Identity]) -> list[int]:
        """Return the places of the sources that are needed to tell whose the series are.

        One that never names a service may still say that a series is nobody's, if it has a pattern.
        """
        deciding = {identity.source for identity in identities}
        before = range(max(deciding, default=0))
        patterned = {place for place in before if self.subject.sources[place].pattern != WHOLE}
        return sorted(deciding | patterned)

    def _reason(self, mapped: int) -> str | None:
        """Say why series are nobody's."""
        if mapped == len(self.series):
            return None
        if self.kind is FamilyKind.ALERT:
            return "the state of an alert is no measurement"
        if not self.subject.sources:
            by_rule = built_in_rule(self.name).sources is not None
            return f"no label says whose{', by the built-in rule for such metrics' * by_rule}"
        where = ",".join(map(str, self.subject.where))
        return "no label of some says whose" + (f", or they do not meet {{{where}}}" * bool(where))


def _nobody(_: Mapping[str, str]) -> None:
    """Say that a series is nobody's."""


def _identities(series: Iterable[Series]) -> list[Identity]:
    return [identity for _, _, identity in series if identity is not None]


def _shared_names(read: Iterable[_Reading]) -> frozenset[str]:
    """Return the services that occur in several namespaces; in one family none counts as one."""
    shared: set[str] = set()
    spaces: dict[str, set[str]] = defaultdict(set)
    for reading in read:
        here: dict[str, set[str]] = defaultdict(set)
        for identity in _identities(reading.series):
            here[identity.service].add(identity.namespace)
        shared.update(service for service, where in here.items() if len(where) > 1)
        for service, where in here.items():
            spaces[service] |= where - {""}
    return frozenset(shared.union(name for name, where in spaces.items() if len(where) > 1))


def _owners(
    identities: Iterable[Identity], shared: Collection[str], places: Mapping[int, int]
) -> dict[str, Owner]:
    """Return service → owner; `places` are those of the sources that are kept."""
    groups: dict[tuple[str, str | None], list[Identity]] = defaultdict(list)
    for each in identities:
        groups[each.service, each.namespace if each.service in shared else None].append(each)
    return {
        display_name(service, namespace): Owner(
            service,
            namespace,
            frozenset(Origin(places[each.source], each.value) for each in group),
            len({each.instance for each in group}),
        )
        for (service, namespace), group in groups.items()
    }


def _few_values(listed: Iterable[Mapping[str, str]]) -> dict[str, frozenset[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    for labels in listed:
        for name, value in labels.items():
            values[name].add(value)
    return {name: frozenset(found) for name, found in values.items() if len(found) <= _FEW}
