"""Small Kubernetes documents, as an API server would list them, and a client that lists them."""

from aiops.clients.kubernetes import NotFound


def obj(kind, name, *, owner=None, namespace="shop", created=None, labels=None, **parts):
    """Return a document; `owner` is (kind, name)."""
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    if created:
        metadata["creationTimestamp"] = created
    metadata |= parts.pop("metadata", {})
    return {"kind": kind, "metadata": metadata, **parts}


def container(name="app", image="shop:1", env=None, **more):
    env = [{"name": key, "value": value} for key, value in (env or {}).items()]
    return {"name": name, "image": image, "env": env, **more}


def template(*containers, annotations=None, **spec):
    metadata = {"annotations": annotations or {}}
    return {
        "metadata": metadata,
        "spec": {"containers": list(containers or (container(),)), **spec},
    }


def pod(name, owner=None, *, phase="Running", restarts=0, last=None, image="shop:1", **more):
    """Return a pod with one container; `last` is how that ended before."""
    told = {
        "name": "app",
        "restartCount": restarts,
        "lastState": {"terminated": last} if last else {},
    }
    status = {"phase": phase, "containerStatuses": [told]}
    status |= more.pop("status", {})
    spec = {"containers": [container(image=image)]}
    return obj("Pod", name, owner=owner, spec=spec, status=status, **more)


def replica_set(name, deployment, revision, created, pod_template=None, *, replicas=1, earlier=""):
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    if earlier:
        annotations["deployment.kubernetes.io/revision-history"] = earlier
    return obj(
        "ReplicaSet", name, owner=("Deployment", deployment), created=created,
        metadata={"annotations": annotations},
        spec={"replicas": replicas, "template": pod_template or template()},
    )  # fmt: skip


def event(reason, message, about, time, *, last=None, count=1, kind="Normal", namespace="shop"):
    """Return an event in the shape of ``v1``; `about` is (kind, name)."""
    involved = {"kind": about[0], "name": about[1], "namespace": namespace}
    return obj(
        "Event", f"{about[1]}.{reason}.{time}", reason=reason, message=message, type=kind,
        involvedObject=involved, firstTimestamp=time, lastTimestamp=last or time, count=count,
        eventTime=None,
    )  # fmt: skip


class Lists:
    """A client that lists documents, and answers raw questions from a table of path → text."""

    def __init__(self, *documents, raw=None):
        self.documents = list(documents)
        self.texts = raw or {}

    def list(self, kind, namespace, labels=None):
        return [
            one
            for one in self.documents
            if one["kind"] == kind and namespace in {None, one["metadata"].get("namespace")}
        ]

    def raw(self, path):
        text = self.texts.get(path, NotFound(f"get {path}: there is none"))
        if isinstance(text, Exception):
            raise text
        return text
