"""Whose series an expression reads: everyone's at once, or one service's alone.

The same expression is written for both. For everyone it is grouped by service, with as much
label_replace as the family needs and no more. For one service the selectors do it all: that is
what a person pastes into Prometheus, and it gives the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.clients.prometheus import Matcher
from aiops.collectors.labels.promql import aggregated, relabelled, selector
from aiops.collectors.labels.re2 import compile_re2, escaped, with_group_as
from aiops.collectors.labels.rules import JOB, WHOLE, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiops.collectors.inventory.families import Family, Owner
    from aiops.collectors.labels.subjects import Subject

SERVICE, NAMESPACE = "service", "namespace"
"""The labels that say, in a result, whose a series is."""

_PLAIN = (Source(SERVICE),)
_OWNER = "aiops_service"
"""Holds the service where the series have a label `SERVICE` that may say something else."""

_TARGET = "aiops_target"
"""Holds the job and another label, where a source is for some jobs only."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Series of one family: those of one part of it (``_bucket``) that meet all matchers."""

    family: Family
    suffix: str = ""
    matchers: tuple[Matcher, ...] = ()

    def selector(self, further: Sequence[Matcher] = ()) -> str:
        """Write the selector, without series that are nobody's by rule."""
        matchers = [*self.family.subject.where, *self.matchers, *further]
        return selector(self.family.name + self.suffix, matchers)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose series are read, and how far they are told apart.

    Attributes
    ----------
    service : str or None
        The only service, named as in frames; None for all of them.
    instances : bool
        Whether the instances of a service are told apart.
    """

    service: str | None = None
    instances: bool = False

    def grouped(
        self,
        selection: Selection,
        read: Callable[[str], str],
        how: str = "sum",
        keep: Sequence[str] = (),
    ) -> str:
        """Write values per service, or per instance of each service.

        Parameters
        ----------
        selection : Selection
        read : callable
            Selector → what is read of each series, as ``rate(<selector>[1m])``.
        how : str
            The aggregation: ``sum``, ``max``, ``min`` or ``avg``.
        keep : sequence of str
            Further labels that stay, as ``le``.
        """
        family = selection.family
        extra = [*keep, *(family.subject.instances if self.instances else ())]
        if self.service is None:
            return _for_everyone(family, read(selection.selector()), how, extra)
        chosen = _matchers_of(family, family.owners[self.service])
        parts = [read(selection.selector(matchers)) for matchers in chosen]
        return aggregated(how, extra, " or ".join(parts))

    def over_instances(self, family: Family, how: str, expr: str) -> str:
        """Write the highest (``max``) or lowest (``min``) of the instances in `expr`."""
        everyone = [SERVICE, NAMESPACE] if family.by_namespace else [SERVICE]
        return aggregated(how, everyone if self.service is None else [], expr)


def _for_everyone(family: Family, raw: str, how: str, extra: Sequence[str]) -> str:
    subject = family.subject
    space = [subject.namespace] if family.by_namespace else []
    if subject.sources == _PLAIN and space in ([], [NAMESPACE]):
        return aggregated(how, [SERVICE, *space, *extra], raw)
    labels = [label for source in subject.sources for label in _read_by(source)]
    # an average of averages is none
    inner = raw if how == "avg" else aggregated(how, _distinct([*labels, *space, *extra]), raw)
    clash = SERVICE in (family.labels if how == "avg" else labels)
    owner = _OWNER if clash else SERVICE
    expr = aggregated(how, _distinct([owner, *space, *extra]), _named(inner, owner, subject))
    if clash:
        expr = relabelled(expr, SERVICE, _OWNER)
    return relabelled(expr, NAMESPACE, *space) if space not in ([], [NAMESPACE]) else expr


def _named(expr: str, owner: str, subject: Subject) -> str:
    """Write the chain that names the owner: what is most preferred comes last and overrides.

    Where a source is for some jobs, what its pattern does not meet there loses its name again.
    """
    for source in reversed(subject.sources):
        if source.jobs:
            expr = f'label_join({expr}, "{_TARGET}", ";", "{JOB}", "{source.label}")'
            pattern = f"(?:{source.jobs});(?:{source.pattern}|.*)"
            expr = relabelled(expr, owner, _TARGET, pattern)
        else:
            expr = relabelled(expr, owner, source.label, source.pattern)
    return expr


def _read_by(source: Source) -> tuple[str, ...]:
    return (JOB, source.label) if source.jobs else (source.label,)


def _matchers_of(family: Family, owner: Owner) -> list[list[Matcher]]:
    """Return the lists of matchers that together choose the owner's series, each once."""
    subject = family.subject
    places = sorted({origin.source for origin in owner.origins})
    space = []
    if family.by_namespace and owner.namespace is not None:
        space = [Matcher(subject.namespace, owner.namespace)]
    return [
        [
            *_chosen(family, owner, place),
            *(_passed_over(source) for source in subject.sources[:place]),
            *space,
        ]
        for place in places
    ]


def _passed_over(source: Source) -> Matcher:
    """Return what a series meets in which a more preferred label does not decide."""
    if source.jobs:
        return Matcher(JOB, source.jobs, "!~")
    if source.pattern == WHOLE:
        return Matcher(source.label, "")
    return Matcher(source.label, source.pattern, "!~")


def _chosen(family: Family, owner: Owner, place: int) -> list[Matcher]:
    """Return the matchers on the label that decides, and on the job if it is for some alone.

    A pattern with the service in the place of its group is short to read, but may be met by the
    instances of another service, too; then the values are listed.
    """
    source = family.subject.sources[place]
    if source.pattern == WHOLE:
        return [Matcher(source.label, owner.service)]
    pattern = with_group_as(source.pattern, owner.service)
    others = (value for value in family.values_of(place) if owner.service in value)
    own = {origin.value for origin in owner.origins if origin.source == place}
    if any(compile_re2(pattern).fullmatch(value) for value in others if value not in own):
        pattern = "|".join(escaped(value) for value in sorted(own))
    jobs = [Matcher(JOB, source.jobs, "=~")] if source.jobs else []
    return [Matcher(source.label, pattern, "=~"), *jobs]


def _distinct(labels: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(labels))
