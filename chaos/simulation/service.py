"""One simulated service as it is meant to be, and the objects that declare it to the cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.cluster import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping

READY_PATH = "/ready"
"""Where a pod answers its readiness probe."""

SETTING = "UPSTREAM_PROFILE"
"""The environment variable without which a service cannot answer all of its requests."""

SETTING_VALUE = "standard"

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """How a HorizontalPodAutoscaler may change the replicas: `target` is CPU used over its limit."""

    least: int
    most: int
    target: float


@dataclass(frozen=True, slots=True)
class Service:
    """One service as it is meant to be.

    Attributes
    ----------
    name : str
        Also the name of its Deployment.
    replicas : int
        Pods.
    cpu : str
        CPU limit of a pod, as Kubernetes writes it.
    service_time_s : float
        Work of one request on one undisturbed core, s.
    memory : float
        Memory of one pod, bytes; its limit is twice that.
    calls : mapping of str to float
        Callee → calls made for one request.
    namespace : str
        Where its objects are.
    autoscaling : Autoscaling or None
        None where the replicas stay as they are.
    startup_s : float
        From the start of a pod until it is ready, s.
    cold : float
        Share by which the requests of a pod that has just started cost more.
    needs_setting : float
        Share of the requests that fail when `SETTING` is wrong.
    work_sd, work_tau_s : float
        Its service time wanders: standard deviation of the logarithm, and how long a deviation
        lasts, s.
    jitter : float
        The 95th percentile of its latency scatters beyond what counts explain: standard deviation
        of the logarithm, anew in each sample.
    garbage, garbage_period_s : float
        Its memory is a sawtooth: the share by which it grows between two collections, and the
        time between them, s.
    """

    name: str
    replicas: int
    cpu: str
    service_time_s: float
    memory: float
    calls: Mapping[str, float] = field(default_factory=dict)
    namespace: str = "shop"
    autoscaling: Autoscaling | None = None
    startup_s: float = 0.0
    cold: float = 0.0
    needs_setting: float = 0.5
    work_sd: float = 0.0
    work_tau_s: float = 60.0
    jitter: float = 0.0
    garbage: float = 0.0
    garbage_period_s: float = 60.0

    @property
    def ref(self) -> ObjectRef:
        """The address of its Deployment."""
        return ObjectRef("Deployment", self.namespace, self.name)

    @property
    def service_ref(self) -> ObjectRef:
        """The address of its Service."""
        return ObjectRef("Service", self.namespace, self.name)

    @property
    def autoscaler_ref(self) -> ObjectRef:
        """The address of its HorizontalPodAutoscaler."""
        return ObjectRef("HorizontalPodAutoscaler", self.namespace, self.name)


def deployment(service: Service) -> dict[str, Any]:
    """Return the Deployment of `service`, in the shape in which Kubernetes serves it."""
    labels = {"app": service.name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": service.name,
            "namespace": service.namespace,
            "labels": dict(labels),
            "annotations": {},
        },
        "spec": {
            "replicas": service.replicas,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "25%"},
            },
            "selector": {"matchLabels": dict(labels)},
            "template": {
                "metadata": {"labels": dict(labels), "annotations": {}},
                "spec": {"containers": [_container(service)]},
            },
        },
        "status": dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), service.replicas),
    }


def service_object(service: Service) -> dict[str, Any]:
    """Return the Service of `service`, which selects all of its pods."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name, "namespace": service.namespace, "annotations": {}},
        "spec": {"selector": {"app": service.name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def _container(service: Service) -> dict[str, Any]:
    memory = f"{math.ceil(2 * service.memory / MEBIBYTE)}Mi"
    return {
        "name": service.name,
        "image": f"{service.namespace}/{service.name}:1.0",
        "env": [{"name": SETTING, "value": SETTING_VALUE}],
        "readinessProbe": {"httpGet": {"path": READY_PATH, "port": 8080}},
        "resources": {"limits": {"cpu": service.cpu, "memory": memory}},
    }


def autoscaler(service: Service, scaling: Autoscaling) -> dict[str, Any]:
    """Return the HorizontalPodAutoscaler of `service`, in the shape of autoscaling/v2."""
    target = {"type": "Utilization", "averageUtilization": round(100 * scaling.target)}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": service.name, "namespace": service.namespace, "annotations": {}},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": service.name,
            },
            "minReplicas": scaling.least,
            "maxReplicas": scaling.most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }
