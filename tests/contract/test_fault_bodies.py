"""What holds for every fault on Kubernetes: its rights, and objects that stay valid under it.

The objects are as an API server of our own day would give them, each with far more in it than any
fault looks at; they are validated strictly against the oldest and the newest schema at hand.
"""

import copy
from functools import cache

import kubernetes_validate
import pytest

from chaos import FAULTS, ObjectRef, make_fault
from chaos.deeds import PatchDeed
from chaos.marks import put_mark, write_mark
from chaos.patch import apply
from chaos.rbac import rights_of
from chaos.safety import dry_run
from tests.memory_cluster import MemoryCluster

VERSIONS = ("1.25", kubernetes_validate.latest_version())

LABELS = {"app": "cart", "app.kubernetes.io/part-of": "shop"}
BORN = "2026-11-01T08:30:00Z"


def metadata(name, uid, **more):
    return {
        "name": name,
        "namespace": "shop",
        "uid": f"5c1c9b52-0000-4000-8000-{uid:012d}",
        "resourceVersion": "48213",
        "generation": 3,
        "creationTimestamp": BORN,
        "labels": dict(LABELS),
        "annotations": {"team": "checkout", "deployment.kubernetes.io/revision": "3"},
        "managedFields": [
            {
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {}},
                "manager": "kubectl",
                "operation": "Update",
                "time": BORN,
            }
        ],
        **more,
    }


CONTAINER = {
    "name": "app",
    "image": "registry.example/shop/cart:1.4.2",
    "imagePullPolicy": "IfNotPresent",
    "command": ["python", "-m", "shop"],
    "args": ["--port", "8080"],
    "env": [
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "cart", "key": "db"}}},
        {"name": "API_TOKEN", "value": "not-for-the-journal"},
        {"name": "GREETING", "value": "hello"},
    ],
    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
    "resources": {
        "limits": {"cpu": "500m", "memory": "128Mi"},
        "requests": {"cpu": "50m", "memory": "64Mi"},
    },
    "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 10},
    "readinessProbe": {
        "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
        "failureThreshold": 3,
        "periodSeconds": 5,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    },
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  a path in a pod
}

POD_SPEC = {
    "containers": [CONTAINER],
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {"runAsNonRoot": True},
    "serviceAccountName": "cart",
    "terminationGracePeriodSeconds": 30,
    "tolerations": [
        {
            "key": "node.kubernetes.io/not-ready",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": metadata("cart", 1),
    "spec": {
        "replicas": 3,
        "minReadySeconds": 5,
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": {"app": "cart"}},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
        },
        "template": {
            "metadata": {"creationTimestamp": None, "labels": dict(LABELS)},
            "spec": POD_SPEC,
        },
    },
    "status": {
        "availableReplicas": 3,
        "observedGeneration": 3,
        "readyReplicas": 3,
        "replicas": 3,
        "updatedReplicas": 3,
        "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicas"}],
    },
}

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": metadata("cart", 2),
    "spec": {
        "clusterIP": "10.96.14.7",
        "clusterIPs": ["10.96.14.7"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
        "selector": {"app": "cart"},
        "sessionAffinity": "None",
        "type": "ClusterIP",
    },
    "status": {"loadBalancer": {}},
}

OWNER = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "cart-7d9c5b",
    "uid": "5c1c9b52-0000-4000-8000-000000000009",
    "controller": True,
    "blockOwnerDeletion": True,
}


def pod(number):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(f"cart-7d9c5b-{number}", 10 + number, ownerReferences=[OWNER]),
        "spec": {**copy.deepcopy(POD_SPEC), "nodeName": "node-1", "enableServiceLinks": True},
        "status": {
            "phase": "Running",
            "podIP": f"10.244.0.{number}",
            "qosClass": "Burstable",
            "startTime": BORN,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": BORN}],
            "containerStatuses": [
                {
                    "name": "app",
                    "image": CONTAINER["image"],
                    "imageID": "",
                    "ready": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": BORN}},
                }
            ],
        },
    }


@cache
def cluster():
    return MemoryCluster(DEPLOYMENT, SERVICE, pod(1))


def plan(kind):
    return kind.plan(cluster(), ObjectRef(kind.target_kind, "shop", "cart"), seed=7)


def bodies(plan):
    """Return each object of a plan as the server would hold it while the fault is in place."""
    for deed in plan.deeds:
        before = cluster().get(deed.target)
        mark = put_mark(before, "r1", write_mark(plan.fault, deed.to_json(), BORN))
        yield apply(before, (*mark, *(deed.ops if isinstance(deed, PatchDeed) else ())))


every_fault = pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS)
forced = [
    make_fault(kind.id, {"force": True}) for kind in FAULTS.values() if hasattr(kind, "force")
]
every_version = pytest.mark.parametrize("version", VERSIONS)


@every_version
@pytest.mark.parametrize("document", [DEPLOYMENT, SERVICE, pod(1)], ids=lambda one: one["kind"])
def test_the_objects_are_valid_before(document, version):
    assert kubernetes_validate.validate(document, version, strict=True) == _minor(version)


@every_version
@pytest.mark.parametrize("kind", [*FAULTS.values(), *forced], ids=lambda kind: kind.id)
def test_the_objects_are_valid_while_the_fault_is_in_place(kind, version):
    for body in bodies(plan(kind)):
        kubernetes_validate.validate(body, version, strict=True)


@every_version
def test_a_body_that_is_not_valid_would_be_found(version):
    document = copy.deepcopy(DEPLOYMENT)
    document["spec"]["strategy"]["rollingUpdates"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, version, strict=True)


@every_fault
def test_a_fault_needs_exactly_the_rights_that_it_names(kind):
    needed = {f"{right.verb} {right.resource}" for right in rights_of((plan(kind),))}
    assert set(kind.rbac) == needed


@every_fault
def test_every_deed_can_be_rehearsed(kind):
    assert dry_run(plan(kind), cluster()) == ()
    assert cluster().mutations == []


@every_fault
def test_no_secret_travels_in_a_mark(kind):
    texts = (body["metadata"].get("annotations", {}) for body in bodies(plan(kind)))
    assert not any("not-for-the-journal" in str(text) for text in texts)


def _minor(version):
    return ".".join(version.split(".")[:2])
