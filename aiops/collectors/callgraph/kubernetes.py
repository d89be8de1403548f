"""Calls that a cluster's own objects name: who is configured to reach which Service.

A workload calls a Service whose host name stands in its variables, its arguments or a ConfigMap
that it reads (what counts as naming is `aiops.collectors.callgraph.hosts`' business); an Ingress
calls the Services that it routes to. Only the edge and the place are kept, never a value; Secrets
are never read.

Limits: what is configured need not be called, and what a program puts together by itself, or reads
from a Secret or a file of its image, is not seen. A ConfigMap that several workloads read and that
names one of them describes the system, not the calls of its readers: it gives no edges, and a note.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aiops.collectors.callgraph.configuration import mounts, settings
from aiops.collectors.callgraph.graph import CallGraph, Edge, known_as, merged
from aiops.collectors.callgraph.hosts import Hosts
from aiops.collectors.callgraph.workloads import (
    Service,
    Workload,
    list_all,
    read_services,
    read_workloads,
)
from aiops.errors import Denied, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aiops.clients.kubernetes import KubernetesClient
    from aiops.collectors.callgraph.configuration import Mount
    from aiops.collectors.callgraph.hosts import Name
    from aiops.collectors.kubernetes.state import Ref

INGRESS = "ingress"
"""The caller of what is reached from outside the cluster."""

Mention = tuple[Workload, str, "frozenset[Name]"]
"""Who names which Services, and where."""


def from_kubernetes(
    client: KubernetesClient, namespaces: Sequence[str] = (), *, services: Collection[str] = ()
) -> CallGraph:
    """Return the calls that the objects of a cluster name.

    Parameters
    ----------
    namespaces : sequence of str
        Where to look; in the whole cluster when left out.
    services : collection of str
        The services that have metrics. A workload goes by the first of these that is one of them:
        its own name, that of a Service that leads to it, a label such as ``app``.

    Raises
    ------
    Denied
        If Services, pods or what owns them may not be listed. ConfigMaps and Ingresses that may
        not be are a note.
    Unreachable, InvalidInput
        As the client raises them.
    """
    system = _System(
        tuple(read_workloads(client, namespaces)),
        tuple(read_services(client, namespaces)),
        frozenset(services),
    )
    notes: list[str] = []
    config_maps = {
        _place(document): document.get("data") or {}
        for document in _optional(client, "ConfigMap", namespaces, notes)
    }
    ingresses = list(_optional(client, "Ingress", namespaces, notes))
    edges = [*system.own_settings(), *system.config_maps(config_maps, notes)]
    edges += [edge for ingress in ingresses for edge in system.routes(ingress)]
    return merged(CallGraph(tuple(edges), tuple(notes)))


@dataclass(frozen=True)
class _System:
    """What runs, what leads to it, and the names that it has in the metrics."""

    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    measured: frozenset[str]

    @cached_property
    def hosts(self) -> Hosts:
        return Hosts({service.name: service.ports for service in self.services})

    @cached_property
    def names(self) -> Mapping[Ref, str]:
        """Each workload → the name by which the metrics know it."""
        leading: dict[Ref, list[str]] = defaultdict(list)
        for service, workload in self.leads:
            leading[workload.ref].append(service.name[1])
        return {one.ref: self._name(one, leading[one.ref]) for one in self.workloads}

    @cached_property
    def callees(self) -> Mapping[Name, frozenset[str]]:
        """Each Service → the names of what it leads to; its own where no pods are behind it."""
        behind: dict[Name, set[str]] = defaultdict(set)
        for service, workload in self.leads:
            behind[service.name].add(self.names[workload.ref])
        return {
            one.name: frozenset(behind[one.name] or {self._named(one)}) for one in self.services
        }

    @cached_property
    def leads(self) -> tuple[tuple[Service, Workload], ...]:
        """Each Service with each workload to whose pods it leads."""
        here: dict[str, list[Workload]] = defaultdict(list)
        for workload in self.workloads:
            here[workload.namespace].append(workload)
        return tuple(
            (service, workload)
            for service in self.services
            for workload in here[service.name[0]]
            if service.selects(workload)
        )

    def own_settings(self) -> Iterator[Edge]:
        """Yield the calls that variables and arguments name."""
        hosts = self.hosts
        for workload in self.workloads:
            for one in settings(workload.spec):
                named = hosts.setting(one.key, one.value, workload.namespace)
                yield from self._calls(workload, named, f"{one.where} of {workload}")

    def config_maps(
        self, documents: Mapping[Name, Mapping[str, str]], notes: list[str]
    ) -> Iterator[Edge]:
        """Yield the calls that ConfigMaps name, but for those that describe the system."""
        readers: dict[Name, list[tuple[Workload, Mount]]] = defaultdict(list)
        for workload in self.workloads:
            for mount in mounts(workload.spec):
                readers[workload.namespace, mount.config_map].append((workload, mount))
        for name in sorted(readers.keys() & documents.keys()):
            mentions = list(self._mentions(name, documents[name], readers[name]))
            if self._describes(mentions):
                notes.append(
                    f"ConfigMap {'/'.join(name)} was left out: several workloads read it, and it "
                    "names one of them"
                )
                continue
            for workload, where, named in mentions:
                yield from self._calls(workload, named, where)

    def routes(self, ingress: Mapping[str, Any]) -> Iterator[Edge]:
        """Yield the calls of an Ingress."""
        namespace, name = _place(ingress)
        for backend in _backends(ingress.get("spec") or {}):
            for callee in self.callees.get((namespace, backend), ()):
                yield Edge(INGRESS, callee, f"kubernetes: Ingress {namespace}/{name}")

    def _mentions(
        self, name: Name, data: Mapping[str, str], readers: Sequence[tuple[Workload, Mount]]
    ) -> Iterator[Mention]:
        hosts, namespace = self.hosts, name[0]
        for key, text in data.items():
            named = hosts.config(key, text, namespace)
            where = f"ConfigMap {'/'.join(name)}, key {key}"
            for workload, mount in readers:
                if named and key in mount.chosen(data):
                    yield workload, where, named

    def _describes(self, mentions: Sequence[Mention]) -> bool:
        """Say whether what several read names one of them."""
        readers = {self.names[workload.ref] for workload, _, _ in mentions}
        named = {
            callee for *_, names in mentions for name in names for callee in self.callees[name]
        }
        return len(readers) > 1 and bool(readers & named)

    def _calls(self, workload: Workload, named: frozenset[Name], where: str) -> Iterator[Edge]:
        caller = self.names[workload.ref]
        for callee in sorted({callee for name in named for callee in self.callees[name]}):
            if callee != caller:
                yield Edge(caller, callee, f"kubernetes: {where}")

    def _named(self, service: Service) -> str:
        namespace, name = service.name
        return known_as([name], namespace, self.measured)

    def _name(self, workload: Workload, leading: Sequence[str]) -> str:
        own, *labels = workload.aliases
        return known_as((own, *sorted(leading), *labels), workload.namespace, self.measured)


def _optional(
    client: KubernetesClient, kind: str, namespaces: Sequence[str], notes: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield what may be listed; what may not, or is not served, becomes a note."""
    try:
        yield from list_all(client, kind, namespaces)
    except (Denied, InvalidInput) as error:
        notes.append(f"no {kind} was read: {error}")


def _backends(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the Services that an Ingress routes to, as versions v1 and v1beta1 write them."""
    paths = [
        path
        for rule in spec.get("rules") or ()
        for path in (rule.get("http") or {}).get("paths") or ()
    ]
    backends = [path.get("backend") or {} for path in paths]
    backends += [spec.get("defaultBackend") or {}, spec.get("backend") or {}]
    for backend in backends:
        if name := (backend.get("service") or {}).get("name") or backend.get("serviceName"):
            yield name


def _place(document: Mapping[str, Any]) -> Name:
    return document["metadata"]["namespace"], document["metadata"]["name"]
