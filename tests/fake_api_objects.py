"""The objects of the fake API server: what an API server keeps, and what it refuses.

It has no schemas and no controllers but two tiny ones: a Deployment's status follows its replicas
at once, and a deleted pod of a ReplicaSet is replaced at once. `tests.fake_api_server` puts it on
a port.
"""

import copy
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.patch import MISSING, PatchConflict, lookup
from chaos.patch import apply as apply_patch


@dataclass(frozen=True)
class Kind:
    """One kind in one version that is served; `plural` and its group say where objects are kept."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self):
        return self.api_version.rpartition("/")[0]


_SAME_IN_BOTH = (
    Kind("v1", "Namespace", "namespaces", namespaced=False),
    Kind("v1", "Node", "nodes", namespaced=False),
    Kind("v1", "Pod", "pods"),
    Kind("v1", "Service", "services"),
    Kind("v1", "ConfigMap", "configmaps"),
    Kind("v1", "Secret", "secrets"),
    Kind("v1", "ServiceAccount", "serviceaccounts"),
    Kind("v1", "Endpoints", "endpoints"),
    Kind("apps/v1", "Deployment", "deployments"),
    Kind("apps/v1", "ReplicaSet", "replicasets"),
    Kind("apps/v1", "StatefulSet", "statefulsets"),
    Kind("apps/v1", "DaemonSet", "daemonsets"),
    Kind("batch/v1", "Job", "jobs"),
    Kind("rbac.authorization.k8s.io/v1", "Role", "roles"),
    Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    Kind("coordination.k8s.io/v1", "Lease", "leases"),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind(
        "authorization.k8s.io/v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        namespaced=False,
    ),
)
NEW_KINDS = (
    *_SAME_IN_BOTH,
    Kind("batch/v1", "CronJob", "cronjobs"),
    Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
)
"""What a server of today has."""
OLD_KINDS = (
    *_SAME_IN_BOTH,
    Kind("batch/v1beta1", "CronJob", "cronjobs"),
    Kind("policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("discovery.k8s.io/v1beta1", "EndpointSlice", "endpointslices"),
)
"""What Kubernetes 1.20 has."""


class Refusal(Exception):
    """An answer that is no object: an HTTP status, a reason and a message."""

    def __init__(self, code, reason, message, details=None):
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }


def not_found(kind, name):
    return Refusal(404, "NotFound", f'{kind.plural} "{name}" not found', {"kind": kind.plural})


def _patch_does_not_fit():
    # Real servers say no more than this, of a failed test and of a bad pointer alike.
    said = "the server rejected our request due to an error in our request"
    return Refusal(422, "Invalid", said)


def _invalid(kind, name, field, said):
    cause = {"reason": "FieldValueInvalid", "message": said, "field": field}
    details = {"name": name, "kind": kind.kind, "causes": [cause]}
    return Refusal(422, "Invalid", f'{kind.kind} "{name}" is invalid: {field}: {said}', details)


def _conflict(kind, name, said):
    message = f'Operation cannot be fulfilled on {kind.plural} "{name}": {said}'
    return Refusal(409, "Conflict", message, {"kind": kind.plural})


class Objects:
    """Every object of one cluster. Documents that come out are copies."""

    def __init__(self):
        self._stored = {}
        self._revisions = itertools.count(1)
        self._serial = itertools.count(1)

    def get(self, kind, namespace, name):
        found = self._stored.get(self._key(kind, namespace, name))
        if found is None:
            raise not_found(kind, name)
        return copy.deepcopy(found) | {"apiVersion": kind.api_version, "kind": kind.kind}

    def all(self, kind, namespace, labels):
        """Return the objects that carry `labels`, ordered as a real server does, by key."""
        return [
            {key: copy.deepcopy(value) for key, value in stored.items() if key not in _NOT_IN_LISTS}
            for (group, plural, where, _), stored in sorted(self._stored.items())
            if (group, plural) == (kind.group, kind.plural)
            and namespace in {None, where}
            and labels.items() <= (stored["metadata"].get("labels") or {}).items()
        ]

    def create(self, kind, namespace, document, *, dry_run=False):
        metadata = document.get("metadata") or {}
        name = metadata.get("name") or f"{metadata.get('generateName', '')}{next(self._serial):05d}"
        if namespace and ("", "namespaces", "", namespace) not in self._stored:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        if self._key(kind, namespace, name) in self._stored:
            raise Refusal(409, "AlreadyExists", f'{kind.plural} "{name}" already exists')
        made = copy.deepcopy(document)
        made["metadata"] = metadata | {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            "uid": f"00000000-0000-4000-8000-{next(self._serial):012d}",
            "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "generation": 1,
        }
        return self._store(kind, namespace, name, made, dry_run=dry_run)

    def patch(self, kind, namespace, name, ops, *, subresource=None, dry_run=False):
        before = self.get(kind, namespace, name)
        try:
            after = apply_patch(before, ops)
        except PatchConflict as error:
            raise _patch_does_not_fit() from error
        return self._change(kind, before, after, subresource=subresource, dry_run=dry_run)

    def replace(self, kind, namespace, name, document, *, dry_run=False):
        before = self.get(kind, namespace, name)
        after = copy.deepcopy(document)
        unsaid = {key: before["metadata"][key] for key in _KEPT if key in before["metadata"]}
        after["metadata"] = unsaid | (document.get("metadata") or {})
        return self._change(kind, before, after, dry_run=dry_run)

    def delete(self, kind, namespace, name, *, uid=None, dry_run=False):
        present = self.get(kind, namespace, name)
        has = present["metadata"]["uid"]
        if uid not in {None, has}:
            said = f"the UID in the precondition ({uid}) does not match the UID in record ({has})"
            raise _conflict(kind, name, said)
        if not dry_run:
            del self._stored[self._key(kind, namespace, name)]
            self._replace_pod(kind, present)
        return present

    def _change(self, kind, before, after, *, subresource=None, dry_run=False):
        """Store `after` over `before` as a server does: identity stays, generations count."""
        namespace, name = before["metadata"].get("namespace"), before["metadata"]["name"]
        metadata = after.get("metadata")
        if not isinstance(metadata, dict):
            raise _invalid(kind, name, "metadata", "Invalid value: must be an object")
        if metadata.get("resourceVersion") != before["metadata"]["resourceVersion"]:
            raise _conflict(kind, name, "the object has been modified")
        for field in ("name", "namespace", "uid"):
            if metadata.get(field) != before["metadata"].get(field):
                raise _invalid(kind, name, f"metadata.{field}", "field is immutable")
        if subresource == "status":
            after = before | {"status": after.get("status")}
        if after == before:
            return before
        if after.get("spec") != before.get("spec"):
            metadata["generation"] = before["metadata"]["generation"] + 1
        return self._store(kind, namespace, name, after, dry_run=dry_run)

    def _store(self, kind, namespace, name, document, *, dry_run):
        replicas = lookup(document, "/spec/replicas")
        if replicas is not MISSING and (not isinstance(replicas, int) or replicas < 0):
            raise _invalid(kind, name, "spec.replicas", "must be greater than or equal to 0")
        document = document | {"apiVersion": kind.api_version, "kind": kind.kind}
        if kind.kind == "Deployment":
            document["status"] = _rolled_out(document)
        document["metadata"]["resourceVersion"] = str(next(self._revisions))
        if not dry_run:
            self._stored[self._key(kind, namespace, name)] = document
        return copy.deepcopy(document)

    def _replace_pod(self, kind, pod):
        owners = pod["metadata"].get("ownerReferences") or ()
        if kind.kind != "Pod" or not any(one["kind"] == "ReplicaSet" for one in owners):
            return
        successor = {key: value for key, value in pod.items() if key != "metadata"}
        successor["metadata"] = {
            "generateName": f"{owners[0]['name']}-",
            "labels": pod["metadata"].get("labels") or {},
            "ownerReferences": owners,
        }
        self.create(kind, pod["metadata"]["namespace"], successor)

    @staticmethod
    def _key(kind, namespace, name):
        return kind.group, kind.plural, namespace or "", name


_KEPT = ("name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion")
_NOT_IN_LISTS = ("apiVersion", "kind")


def _rolled_out(deployment):
    replicas = lookup(deployment, "/spec/replicas")
    count = 1 if replicas is MISSING else replicas
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        **(dict.fromkeys(counts, count) if count else {}),
    }
