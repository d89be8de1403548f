"""The pods of a simulated cluster as documents: read, patched, deleted, given processes.

A pod lives in `chaos.simulation.pods`; here it is shown in the shape in which Kubernetes serves it, with the
few fields that a fault reads or may change in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.cluster import NoSuchObject, ObjectRef, no_such_object
from chaos.patch import apply, lookup, same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.cluster import Process
    from chaos.simulation.pods import Pod, Workload

IMAGE = "/spec/containers/0/image"
ANNOTATIONS = "/metadata/annotations"


class PodShelf:
    """The pods of all `workloads`, by address."""

    def __init__(self, workloads: Mapping[str, Workload]) -> None:
        self._workloads = workloads

    def refs(self) -> list[ObjectRef]:
        """Return the addresses of all pods, in order."""
        return sorted(
            _ref(workload, pod) for workload in self._workloads.values() for pod in workload.pods
        )

    def get(self, ref: ObjectRef) -> dict[str, Any]:
        """Return a pod as a document; raise `NoSuchObject` if there is none."""
        return _document(*self._find(ref))

    def replace(self, ref: ObjectRef, document: dict[str, Any]) -> None:
        """Take over the annotations and the image of `document`.

        Raises
        ------
        InvalidExperiment
            If anything else differs: a pod that runs can hardly be changed.
        """
        workload, pod = self._find(ref)
        annotations, image = lookup(document, ANNOTATIONS), lookup(document, IMAGE)
        same_but = [
            {"op": "replace", "path": ANNOTATIONS, "value": annotations},
            {"op": "replace", "path": IMAGE, "value": image},
        ]
        if not same(apply(_document(workload, pod), same_but), document):
            raise InvalidExperiment(
                f"{ref}: of a running pod only annotations and image can change"
            )
        pod.annotations = annotations
        if image != (pod.image or pod.template.image):
            workload.give_image(pod, image)

    def delete(self, ref: ObjectRef, uid: str) -> None:
        """Take a pod away, if it is still the one with this uid."""
        workload, pod = self._find(ref)
        if uid != _uid(ref):
            raise NoSuchObject(f"{ref} has the uid {_uid(ref)}, not {uid}")
        workload.remove(pod)

    def launch(self, ref: ObjectRef, process: Process, token: str) -> None:
        """Start a process in a pod."""
        workload, pod = self._find(ref)
        pod.processes[token] = process
        workload.settled = False

    def running(self, ref: ObjectRef, token: str) -> bool:
        """Say whether a process runs in a pod."""
        try:
            return token in self._find(ref)[1].processes
        except NoSuchObject:
            return False

    def stop(self, ref: ObjectRef, token: str) -> None:
        """End a process in a pod, if pod and process are there."""
        try:
            workload, pod = self._find(ref)
        except NoSuchObject:
            return
        workload.stop(pod, token)

    def _find(self, ref: ObjectRef) -> tuple[Workload, Pod]:
        for workload in self._workloads.values():
            for pod in workload.pods:
                if _ref(workload, pod) == ref:
                    return workload, pod
        raise no_such_object(ref, self.refs())


def _ref(workload: Workload, pod: Pod) -> ObjectRef:
    service = workload.service
    return ObjectRef("Pod", service.namespace, f"{service.name}-{pod.number}")


def _uid(ref: ObjectRef) -> str:
    """Return the uid of a pod: no other ever bears its name here."""
    return f"uid-of-{ref.name}"


def _document(workload: Workload, pod: Pod) -> dict[str, Any]:
    ref, name = _ref(workload, pod), workload.service.name
    ready = "True" if workload.is_ready(pod) else "False"
    image = pod.image or pod.template.image
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "uid": _uid(ref),
            "labels": {"app": name},
            "annotations": dict(pod.annotations),
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{name}-rs", "controller": True}],
        },
        "spec": {"containers": [{"name": name, "image": image}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    }
