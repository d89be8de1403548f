"""The Kubernetes collector against a real cluster: a roll, a deleted pod, one killed for memory.

Where they run, `tests.cluster.place` says. All is in one namespace, which is deleted at the end.
"""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from aiops.clients.kubernetes import NotFound, Rejected
from aiops.collectors.kubernetes import KubernetesCollector, changes, frame_of
from aiops.errors import Unreachable
from aiops.types import MetricId
from tests.cluster.place import IMAGE, on_a_cluster

pytestmark = [pytest.mark.timeout(180), on_a_cluster]

NAMESPACE = f"collect-{os.getpid()}"
WINDOW_S = 26.0
READY = MetricId("burner", "replicas_ready")
SHARE = 0.05  # of a core, of each pod
BURN = f"""
import time
began = time.monotonic()
while True:
    if time.process_time() > {SHARE} * (time.monotonic() - began):
        time.sleep(0.01)
"""
HOARD = "import time; time.sleep(2); hoard = bytearray(512 << 20); time.sleep(600)"
SECRET = "hunter2-hunter2"  # noqa: S105  it opens nothing


def deployment(name, program, replicas, env=(), memory="64Mi"):
    container = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", program],
        "env": [{"name": key, "value": value} for key, value in env],
        "resources": {"limits": {"memory": memory}},
    }
    labels = {"app": f"label-of-{name}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
        },
    }


def until(holds, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.5)
    return found


class Watch:
    """Snapshots of the namespace every few seconds."""

    def __init__(self, collector):
        self.collector = collector
        self.snapshots = []

    def look(self):
        self.snapshots.append(self.collector.snapshot())
        return {
            key.metric: value
            for key, value in self.snapshots[-1].counts.items()
            if key.service == "burner"
        }

    def settled(self, pods):
        """Say whether `pods` run and no more, by one more look."""
        counts = self.look()
        return counts["replicas_ready"] == counts["pods_running"] == pods

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(2)

    def cpu(self):
        """Return the most cores that the workload has used so far; 0 while that is not known."""
        frame = frame_of(self.snapshots, 2.0, window_s=WINDOW_S)
        return frame["burner", "cpu"].max() if ("burner", "cpu") in frame else 0.0


@pytest.fixture(scope="module")
def story(client):
    """What was seen while the namespace lived through its troubles."""
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    began = datetime.now(UTC) - timedelta(seconds=1)
    watch = Watch(KubernetesCollector(client, [NAMESPACE]))
    burner = deployment("burner", BURN, 3, [("MODE", "slow"), ("API_TOKEN", "old")])
    try:
        until(lambda: made(client, burner))
        client.create(deployment("hoarder", HOARD, 1, memory="24Mi"))
        until(lambda: watch.settled(3))
        watch.go_on(10)
        until(lambda: watch.settled(3) and watch.cpu() > 0.8 * 3 * SHARE, 90)
        changed = [{"name": "MODE", "value": "fast"}, {"name": "API_TOKEN", "value": SECRET}]
        path = "/spec/template/spec/containers/0/env"
        operation = {"op": "replace", "path": path, "value": changed}
        client.patch("Deployment", NAMESPACE, "burner", [operation])
        until(lambda: rolled(client) and watch.settled(3))
        victim = next(
            ref for ref, pod in watch.snapshots[-1].pods.items() if pod.service == "burner"
        )
        client.delete("Pod", NAMESPACE, victim.name)
        until(lambda: victim not in watch.collector.snapshot().pods and watch.settled(3))
        # the kubelet tells what it has done some time after it has done it
        events = until(lambda: told_of(watch.collector, began, f"{victim} was deleted"))
        yield watch.snapshots, events, victim
    finally:
        with suppress(NotFound):
            client.delete("Namespace", None, NAMESPACE)


def told_of(collector, began, text):
    """Return all events if one of them says `text`."""
    events = collector.events(began, datetime.now(UTC) + timedelta(seconds=1))
    return events if any(event.text == text for event in events) else None


def made(client, document):
    """Create it as soon as the namespace has what a pod needs."""
    with suppress(Rejected, Unreachable, NotFound):
        return client.create(document)


def rolled(client):
    there = client.get("Deployment", NAMESPACE, "burner")
    seen = there["status"].get("observedGeneration") == there["metadata"]["generation"]
    counts = {there["status"].get(key) for key in ("replicas", "updatedReplicas", "readyReplicas")}
    return seen and counts == {3}


def texts(events, kind, service):
    return [event.text for event in events if (event.kind, event.service) == (kind, service)]


def test_a_rollout_is_told_with_what_it_changed_and_no_secret(story):
    _, events, _ = story
    first, second = texts(events, "rollout", "burner")
    assert IMAGE in first
    assert "env MODE of app slow → fast" in second
    assert "env API_TOKEN of app … → …" in second
    assert not any(SECRET in event.text for event in events)


def test_every_pod_that_came_and_went_belongs_to_its_deployment(story):
    snapshots, events, victim = story
    gone = texts(events, "pod-stop", "burner")
    assert f"{victim} was deleted" in gone
    assert len(gone) == 4  # three rolled, one deleted
    assert len(texts(events, "pod-start", "burner")) == 7
    assert {pod.service for one in snapshots for pod in one.pods.values()} == {"burner", "hoarder"}


def test_a_container_that_took_too_much_memory_is_told(story):
    snapshots, events, _ = story
    ends = [*texts(events, "restart", "hoarder"), *texts(events, "exit", "hoarder")]
    assert any("OOMKilled, exit code 137" in text for text in ends)
    assert any(event.kind == "restart" for event in changes(snapshots))


def test_the_cpu_of_the_workload_is_what_its_pods_burn(story):
    snapshots, _, _ = story
    assert not any(one.unread for one in snapshots)
    frame = frame_of(snapshots, 2.0, window_s=WINDOW_S)
    cpu = frame["burner", "cpu"]
    assert 0.8 * 3 * SHARE < cpu.max() < 1.4 * 3 * SHARE
    assert 0 < frame["burner", "memory"].max() < 5 * (64 << 20)
