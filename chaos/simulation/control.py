"""The control plane of a simulated cluster: its objects, and the controllers that follow them."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.cluster import no_such_object
from chaos.patch import apply, lookup, same
from chaos.simulation.autoscaler import PERIOD_S, Recommender, check_autoscaler
from chaos.simulation.inventory import PodShelf
from chaos.simulation.pods import Workload, read_template
from chaos.simulation.service import autoscaler, deployment, service_object

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Mapping

    from chaos.cluster import ObjectRef
    from chaos.patch import Patch
    from chaos.simulation.service import Service


class ControlPlane:
    """Deployments and autoscalers as documents, and the pods that they stand for.

    Parameters
    ----------
    services : iterable of Service
        What runs in the cluster.
    step_s : float
        Seconds of one round.
    record : callable
        Told what a change log would show, as kind, service and text.

    Attributes
    ----------
    workloads : dict of str to Workload
        The pods of each service.
    shelf : PodShelf
        The same pods as documents.
    """

    def __init__(
        self,
        services: Iterable[Service],
        step_s: float,
        record: Callable[[str, str, str], None],
    ) -> None:
        self._step_s = step_s
        self._record = record
        self._objects: dict[ObjectRef, dict[str, Any]] = {}
        self._scalers: dict[str, Recommender] = {}
        self.workloads: dict[str, Workload] = {}
        self.shelf = PodShelf(self.workloads)
        for service in services:
            self._create(service)

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a copy of an object; see `chaos.Cluster`."""
        if ref.kind == "Pod":
            return self.shelf.get(ref)
        if ref not in self._objects:
            raise no_such_object(ref, self._objects)
        return copy.deepcopy(self._objects[ref])

    def list(self, kind: str, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return copies of the objects of a kind, by name; see `chaos.Cluster`."""
        refs = sorted(self._objects) if kind != "Pod" else self.shelf.refs()
        found = [self.get(ref) for ref in refs if (ref.kind, ref.namespace) == (kind, namespace)]
        return [one for one in found if labels.items() <= one["metadata"].get("labels", {}).items()]

    def patch(self, ref: ObjectRef, ops: Patch, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply a JSON Patch atomically and return a copy of the result; see `chaos.Cluster`."""
        before = self.get(ref)
        after: dict[str, Any] = apply(before, ops)
        if dry_run:
            return after
        if ref.kind == "Pod":
            self.shelf.replace(ref, after)
            return after
        if ref.kind == "Deployment":
            self._declare(ref, after)
            self._record_change(ref, before, after)
        elif ref.kind == "Service":
            wanted = lookup(after, "/spec/selector")
            self.workloads[ref.name].selected = wanted == {"app": ref.name}
        else:
            check_autoscaler(after)
        self._objects[ref] = after
        return self.get(ref)

    def replace_pod(self, name: str) -> None:
        """Take the oldest pod of a service away; the next round starts another."""
        self.workloads[name].replace_one()
        self._record("pod_replaced", name, "1 pod evicted")

    def take_notes(self) -> dict[str, builtins.list[str]]:
        """Return service → what happened to its pods since the last call."""
        taken = {name: work.notes for name, work in self.workloads.items() if work.notes}
        for name in taken:
            self.workloads[name].notes = []
        return taken

    def run_round(self, used: Mapping[str, float], passed_s: float) -> None:
        """Let autoscalers look, pods come and go, and every Deployment report its status.

        Parameters
        ----------
        used : mapping of str to float
            Cores that each service used in the step before; NaN where nobody knows.
        passed_s : float
            Seconds since the beginning.
        """
        if passed_s % PERIOD_S < self._step_s:
            for name in self._scalers:
                self._autoscale(name, used[name], passed_s)
        for workload in self.workloads.values():
            if not workload.settled:
                workload.reconcile()
                self._report(workload)

    def _create(self, service: Service) -> None:
        document = self._objects[service.ref] = deployment(service)
        template = read_template(document, service)
        self.workloads[service.name] = Workload(
            service, self._step_s, template, replicas=service.replicas
        )
        self._objects[service.service_ref] = service_object(service)
        if service.autoscaling:
            self._objects[service.autoscaler_ref] = autoscaler(service, service.autoscaling)
            self._scalers[service.name] = Recommender()

    def _declare(self, ref: ObjectRef, document: dict[str, Any]) -> None:
        """Tell the controllers what a Deployment says; refuse what an API server would refuse."""
        replicas = lookup(document, "/spec/replicas")
        if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
            raise InvalidExperiment(
                f"{ref}: spec.replicas is {replicas!r}; give a whole number ≥ 0"
            )
        workload = self.workloads[ref.name]
        workload.declare(
            read_template(document, workload.service),
            replicas,
            recreate=lookup(document, "/spec/strategy/type") == "Recreate",
        )

    def _record_change(self, ref: ObjectRef, before: dict[str, Any], after: dict[str, Any]) -> None:
        old, new = before["spec"], after["spec"]
        if old["replicas"] != new["replicas"]:
            self._record("scale", ref.name, f"{old['replicas']} -> {new['replicas']} replicas")
        if not same(old["template"], new["template"]):
            image = lookup(after, "/spec/template/spec/containers/0/image")
            self._record("rollout", ref.name, f"image {image}")

    def _report(self, workload: Workload) -> None:
        """Write the status of a Deployment."""
        self._objects[workload.service.ref]["status"] = {
            "replicas": len(workload.pods),
            "readyReplicas": workload.ready,
            "updatedReplicas": workload.updated,
        }

    def _autoscale(self, name: str, used: float, passed_s: float) -> None:
        workload = self.workloads[name]
        ref = workload.service.ref
        document = self._objects[ref]
        limit = workload.ready * workload.template.cores
        current = document["spec"]["replicas"]
        wanted = self._scalers[name].desired(
            self._objects[workload.service.autoscaler_ref],
            current,
            used / limit if limit else math.nan,
            passed_s,
        )
        if wanted != current:
            document["spec"]["replicas"] = wanted
            self._declare(ref, document)
            self._record("autoscale", name, f"{current} -> {wanted} replicas")
