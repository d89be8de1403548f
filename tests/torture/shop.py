"""One small service on a real cluster, and what of it must be as before."""

import json
import time

from chaos.cluster import ObjectRef
from chaos.live import LiveCluster
from chaos.patience import Patience
from chaos.workloads import live_pods, pod_ref, settled
from tests.torture.world import essence

_REVISION = "deployment.kubernetes.io/revision"
_PATIENCE_S = 120.0


class Shop:
    """One Deployment behind one Service, in a namespace of its own."""

    def __init__(self, client, namespace, image):
        self.cluster, self.client, self.namespace = LiveCluster(client), client, namespace
        self.deployment = ObjectRef("Deployment", namespace, "web")
        self.service = ObjectRef("Service", namespace, "web")
        for document in _manifests(namespace, image):
            client.create(document)

    def remove(self):
        self.client.delete("Namespace", None, self.namespace)

    def pods(self):
        return live_pods(self.cluster, self.deployment, self.cluster.get(self.deployment))

    def settle(self):
        """Wait until all pods are as they should be."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            workload = self.cluster.get(self.deployment)
            pods = self.cluster.list("Pod", self.namespace)
            if settled(workload) and len(pods) == len(self.pods()) == workload["spec"]["replicas"]:
                return
            time.sleep(0.3)
        raise TimeoutError(f"{self.deployment} did not settle within {_PATIENCE_S:.0f} s")

    def state(self):
        """Return what must be as before: all specs, labels and annotations, and the pods'."""
        documents = [self.cluster.get(self.deployment), self.cluster.get(self.service)]
        found = {document["kind"]: essence(document) for document in documents}
        found["Deployment"]["metadata"].get("annotations", {}).pop(_REVISION, None)
        for pod in self.pods():
            kept = essence(pod, keep=False)
            kept["spec"] = [one["image"] for one in pod["spec"]["containers"]]
            found.setdefault("Pod", []).append(kept)
        return json.dumps(found, sort_keys=True)

    def processes(self, run):
        """Return the pods in which a process of the run is still there.

        A container that has just ended answers with an error until its pod says so.
        """
        return Patience(_PATIENCE_S).persist(lambda: self._processes(run))

    def _processes(self, run):
        refs = map(pod_ref, self.pods())
        return [ref.name for ref in refs if self.cluster.running(ref, run)]


def _manifests(namespace, image):
    labels = {"app": "web"}
    container = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "http.server", "8080"],
        "env": [{"name": "GREETING", "value": "hello"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "resources": {
            "limits": {"cpu": "300m", "memory": "128Mi"},
            "requests": {"cpu": "10m", "memory": "16Mi"},
        },
    }
    metadata = {"name": "web", "namespace": namespace}
    return (
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"chaos.aiops/enabled": "true"}},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    )
