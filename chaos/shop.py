"""The simulated shop: five services, who calls whom, and their Deployments. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.cluster import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "shop"


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
        Memory of one pod, bytes.
    calls : mapping of str to float
        Callee → calls made for one request.
    """

    name: str
    replicas: int
    cpu: str
    service_time_s: float
    memory: float
    calls: Mapping[str, float] = field(default_factory=dict)

    @property
    def ref(self) -> ObjectRef:
        """The address of its Deployment."""
        return ObjectRef("Deployment", NAMESPACE, self.name)


SHOP = (
    Service("web", 2, "2", 0.020, 180e6, {"cart": 0.5, "catalog": 0.8, "payment": 0.1}),
    Service("cart", 3, "1", 0.030, 250e6, {"store": 1.5}),
    Service("catalog", 3, "1", 0.015, 320e6, {"store": 0.5}),
    Service("payment", 2, "1", 0.060, 210e6),
    Service("store", 2, "1500m", 0.012, 900e6),
)
"""The services, callers before callees; requests from outside reach the first one."""


def deployment(service: Service) -> dict[str, Any]:
    """Return the Deployment of `service`, in the shape in which Kubernetes serves it."""
    labels = {"app": service.name}
    container = {
        "name": service.name,
        "image": f"{NAMESPACE}/{service.name}:1.0",
        "resources": {"limits": {"cpu": service.cpu}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": service.name,
            "namespace": NAMESPACE,
            "labels": dict(labels),
            "annotations": {},
        },
        "spec": {
            "replicas": service.replicas,
            "selector": {"matchLabels": dict(labels)},
            "template": {
                "metadata": {"labels": dict(labels), "annotations": {}},
                "spec": {"containers": [container]},
            },
        },
        "status": {"replicas": service.replicas, "readyReplicas": service.replicas},
    }
