"""A small system in a fake API server, and what of it must be as before."""

import copy
import json

from chaos.cluster import ObjectRef
from chaos.patch import MISSING, apply, lookup, put

NAMESPACE = "shop"
_VOLATILE = ("resourceVersion", "generation", "managedFields", "uid", "creationTimestamp")


def build(server, draw):
    """Fill the server with the system of a draw and return the target of its fault."""
    server.add(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": {"chaos.aiops/enabled": "true"}},
        }
    )
    for number in range(draw.services):
        _add_service(server, f"service-{number}", draw)
    kind = "Service" if draw.fault == "svc.selector" else "Deployment"
    return ObjectRef(kind, NAMESPACE, f"service-{draw.seed % draw.services}")


def _add_service(server, name, draw):
    labels = {"app": name}
    pod_spec = {
        "containers": [
            {
                "name": "app",
                "image": "example/app:1",
                "env": [{"name": "GREETING", "value": "hello"}, {"name": "MODE", "value": "1"}],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
                "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
            }
        ]
    }
    annotations = {} if draw.bare else {"annotations": {"team": "shop", "note/a": "1~0"}}
    server.add(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels} | annotations,
            "spec": {
                "replicas": draw.replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod_spec},
            },
        }
    )
    server.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE} | copy.deepcopy(annotations),
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        }
    )
    owner = {"kind": "ReplicaSet", "name": f"{name}-5d", "controller": True, "uid": f"rs-{name}"}
    for _ in range(draw.replicas):
        server.add(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "generateName": f"{name}-5d-",
                    "namespace": NAMESPACE,
                    "labels": labels,
                    "ownerReferences": [owner],
                },
                "spec": copy.deepcopy(pod_spec),
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
            }
        )


def snapshot(server):
    """Return object → document, without what a server counts; pods are told by their owner.

    A pod that was replaced is as good as the one before, and no annotations are as good as an
    empty object of them, as which a real server does not keep them.
    """
    found = {}
    for kind in ("Namespace", "Deployment", "Service", "Pod"):
        served = server.api.kind(kind)
        for document in server.api.objects.all(served, None, {}):
            metadata = document["metadata"]
            name = metadata["name"] if kind != "Pod" else metadata["ownerReferences"][0]["name"]
            found.setdefault(f"{kind} {name}", []).append(essence(document, keep=kind != "Pod"))
    return {name: sorted(documents, key=json.dumps) for name, documents in found.items()}


def essence(document, *, keep=True):
    """Return a document without status and counters; without its name too unless `keep`."""
    dropped = _VOLATILE if keep else (*_VOLATILE, "name", "generateName")
    metadata = {key: value for key, value in document["metadata"].items() if key not in dropped}
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)
    return {"metadata": metadata, "spec": document.get("spec")}


def differences(before, after):
    """Return the names of objects that are not as before, each with both documents."""
    return [
        f"{name}: {json.dumps(before.get(name))} became {json.dumps(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def set_value(document, pointer, value):
    """Return the document with `value` at a pointer."""
    return apply(document, put(document, pointer, value))


def value_at(document, pointer):
    """Return what is at a pointer; None where it leads nowhere."""
    found = lookup(document, pointer)
    return None if found is MISSING else found
