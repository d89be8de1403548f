"""A cluster in memory that keeps a record of every change, for tests of what must not be touched."""

import copy
from datetime import UTC, datetime

from aiops.types import Denied
from chaos.cluster import NoSuchObject, ObjectRef
from chaos.patch import apply, lookup


class MemoryCluster:
    """The port `chaos.cluster.Cluster` over plain documents, with nothing that reacts to changes.

    Attributes
    ----------
    mutations : list of (str, ObjectRef)
        What was done to what, in order; dry runs are in `rehearsed`.
    unreadable : set of str
        Kinds that may not be read.
    admit : callable
        Alters a document as it is admitted, as a webhook would.
    """

    def __init__(self, *documents):
        self.objects = {ref_of(document): copy.deepcopy(document) for document in documents}
        self.processes = set()
        self.mutations = []
        self.rehearsed = []
        self.unreadable = set()
        self.admit = lambda document: document
        self.now = datetime(2026, 1, 5, 12, tzinfo=UTC)
        self.identity = "uid-kube-system"

    def get(self, ref):
        self._refuse_unreadable(ref.kind)
        if ref not in self.objects:
            raise NoSuchObject(f"there is no {ref}")
        return copy.deepcopy(self.objects[ref])

    def list(self, kind, namespace, labels=()):
        self._refuse_unreadable(kind)
        found = [self.objects[ref] for ref in sorted(self.objects)]
        return [
            copy.deepcopy(document)
            for document in found
            if (document["kind"], document["metadata"].get("namespace")) == (kind, namespace)
            and dict(labels).items() <= document["metadata"].get("labels", {}).items()
        ]

    def patch(self, ref, ops, *, dry_run=False):
        after = self.admit(apply(self.get(ref), ops))
        self._note("patch", ref, dry_run=dry_run)
        if not dry_run:
            self.objects[ref] = after
        return copy.deepcopy(after)

    def delete(self, ref, *, uid, grace_s=None, dry_run=False):
        if lookup(self.get(ref), "/metadata/uid") != uid:
            raise NoSuchObject(f"{ref} is another one")
        self._note("delete", ref, dry_run=dry_run)
        if not dry_run:
            del self.objects[ref]

    def launch(self, pod, process, token):
        self.get(pod)
        self._note("launch", pod)
        self.processes.add((pod, token))

    def running(self, pod, token):
        return (pod, token) in self.processes

    def stop(self, pod, token):
        self._note("stop", pod)
        self.processes.discard((pod, token))

    def _note(self, what, ref, *, dry_run=False):
        (self.rehearsed if dry_run else self.mutations).append((what, ref))

    def _refuse_unreadable(self, kind):
        if kind in self.unreadable:
            raise Denied(f"may not read {kind}")


def ref_of(document):
    meta = document["metadata"]
    return ObjectRef(document["kind"], meta.get("namespace", ""), meta["name"])


def namespace(name, labels=()):
    return {"kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def opted_in(name, labels=()):
    return namespace(name, {"chaos.aiops/enabled": "true", **dict(labels)})


def deployment(space, name, replicas=3):
    container = {
        "name": "app",
        "image": f"registry.example/{name}:1.0",
        "env": [{"name": "GREETING", "value": "hello"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
        "resources": {"limits": {"cpu": "500m", "memory": "128Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(space, name, f"uid-{name}"),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
        },
    }


def pod(space, app, number, *, ready=True, running=True):
    name = f"{app}-{number}"
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _meta(space, name, f"uid-{name}"),
        "spec": {"containers": [{"name": "app", "image": f"registry.example/{app}:1.0"}]},
        "status": {
            "phase": "Running" if running else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }
    document["metadata"]["labels"] = {"app": app}
    document["metadata"]["ownerReferences"] = [
        {"kind": "ReplicaSet", "name": f"{app}-5d", "controller": True}
    ]
    return document


def service(space, name):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(space, name, f"uid-svc-{name}"),
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def application(space, name, replicas=3, ready=None):
    """Return a Deployment with its Service and its pods, the first `ready` of them ready."""
    ready = replicas if ready is None else ready
    pods = [pod(space, name, number, ready=number < ready) for number in range(replicas)]
    return [deployment(space, name, replicas), service(space, name), *pods]


def _meta(space, name, uid):
    meta = {"name": name, "namespace": space, "uid": uid, "resourceVersion": "1"}
    return {**meta, "labels": {"app": name}}
