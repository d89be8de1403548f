"""Whose a series is: from its labels, and the same rule as PromQL in `aiops.collectors.labels.scope`.

A `Subject` is worked out once for each metric, from the labels that its series have: rules of the
settings, a built-in rule or the chain of label names. What has no name is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from aiops.collectors.labels.promql import meets, parse_matchers
from aiops.collectors.labels.re2 import compile_re2, compile_with_group, escaped
from aiops.collectors.labels.rules import BUILT_IN, HOST, JOB, Rule, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from aiops.clients.prometheus import Matcher
    from aiops.settings import LabelRule, Labels


class Identity(NamedTuple):
    """Whose a series is, in the words of its labels.

    `instance` holds the values of the subject's instance labels, "" for a missing one; `source` is
    the place in the subject's sources of the label that decided, `value` that label's value.
    """

    service: str
    namespace: str
    instance: tuple[str, ...]
    source: int
    value: str


@dataclass(frozen=True, slots=True)
class Subject:
    """How the series of one metric are put down to services.

    Attributes
    ----------
    sources : tuple of Source
        Most preferred first.
    namespace : str
        The label that holds the namespace; "" where the metric has none.
    instances : tuple of str
        The labels that together tell the instances of a service apart.
    where : tuple of Matcher
        Series that do not meet these are nobody's.
    """

    sources: tuple[Source, ...]
    namespace: str = ""
    instances: tuple[str, ...] = ()
    where: tuple[Matcher, ...] = ()

    def identity(self, labels: Mapping[str, str]) -> Identity | None:
        """Say whose the series with these labels is; None if nobody's.

        Examples
        --------
        >>> from aiops.settings import Labels
        >>> pod = {"pod": "cart-7d9f8b6c5d-x7k2p", "container": "cart", "namespace": "shop"}
        >>> subject = subject_of("container_cpu_usage_seconds_total", set(pod), Labels())
        >>> subject.identity(pod).service
        'cart'
        >>> subject.identity(pod | {"container": "POD"})
        """
        if not all(meets(matcher, labels) for matcher in self.where):
            return None
        for place, source in enumerate(self.sources):
            if not source.is_for(labels):
                continue
            value = labels.get(source.label)
            found = compile_re2(source.pattern).fullmatch(value) if value else None
            if value and found:
                return self._identity(labels, found[1] or "", place, value)
            if source.jobs:
                break
        return None

    def _identity(
        self, labels: Mapping[str, str], service: str, place: int, value: str
    ) -> Identity | None:
        """Return the identity; a pattern may find an empty name, which is nobody's."""
        if not service:
            return None
        instance = tuple(labels.get(name, "") for name in self.instances)
        return Identity(service, labels.get(self.namespace, ""), instance, place, value)

    def using(self, places: Collection[int]) -> Subject:
        """Return the subject with only those of its sources that ever decide."""
        return replace(self, sources=tuple(self.sources[place] for place in sorted(places)))


def subject_of(
    metric: str, present: Collection[str], labels: Labels, hosts: Collection[str] = ()
) -> Subject:
    """Work out whose the series of a metric are.

    Parameters
    ----------
    metric : str
        Its name, that of a histogram or summary without ``_bucket``, ``_sum`` and ``_count``.
    present : collection of str
        The names of the labels that its series have.
    labels : Labels
        From the settings.
    hosts : collection of str
        Jobs that scrape exporters of hosts and nothing else. Where only the job would name the
        service, what it scrapes is the host's: whether it answers, what the exporter itself uses.

    Raises
    ------
    InvalidSettings
        If a rule's pattern or matchers cannot be used.
    """
    chain = _chain(labels.service, present, hosts)
    own = tuple(_from_settings(rule) for rule in labels.rules if _met(rule.match, metric))
    built_in = built_in_rule(metric)
    sources = [source for rule in own for source in rule.sources or ()]
    sources += chain if built_in.sources is None else built_in.sources
    where = [matcher for rule in (*own, built_in) for matcher in rule.where]
    known = built_in.namespace
    namespaces = () if known is None else (*known, labels.namespace)
    used = tuple(source for source in dict.fromkeys(sources) if source.label in present)
    return Subject(
        used,
        next((name for name in namespaces if name in present), ""),
        _instances(used, present, labels),
        tuple(matcher for matcher in where if matcher.name in present),
    )


def built_in_rule(metric: str) -> Rule:
    """Return the first built-in rule that a metric's name meets, or one that says nothing."""
    return next((rule for rule in BUILT_IN if _met(rule.match, metric)), Rule("", None))


def _chain(
    names: Collection[str], present: Collection[str], hosts: Collection[str]
) -> Iterator[Source]:
    jobs = "|".join(map(escaped, sorted(hosts)))
    for name in names:
        if name == JOB and jobs and "instance" in present:
            yield Source("instance", HOST, jobs)
        yield Source(name)


def _instances(
    sources: tuple[Source, ...], present: Collection[str], labels: Labels
) -> tuple[str, ...]:
    """Return the label that tells instances apart; a pod that names the service is one itself."""
    pods = [source.label for source in sources[:1] if source.label.endswith(("pod", "pod_name"))]
    return tuple(name for name in (*pods, *labels.instance) if name in present)[:1]


def _from_settings(rule: LabelRule) -> Rule:
    compile_with_group(rule.pattern)
    return Rule(rule.match, (Source(rule.service, rule.pattern),), parse_matchers(rule.where))


def _met(pattern: str, metric: str) -> bool:
    return compile_re2(pattern).fullmatch(metric) is not None
