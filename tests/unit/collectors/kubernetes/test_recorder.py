"""Snapshots of a cluster, and the frame that successive ones make."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.collectors.kubernetes import KubernetesCollector, changes, frame_of
from aiops.types import Event, MetricId, NotEnoughData, Unreachable, check_metrics
from tests.kubernetes_documents import Lists, obj, pod

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NODE = obj("Node", "node-1", namespace="")
PATH = "/api/v1/nodes/node-1/proxy/metrics/cadvisor"
EVERY_S, CORES = 10, 0.5


def cadvisor(now_s, pods):
    """Return what cAdvisor tells of `pods`, name → second of birth, each busy with half a core."""
    lines = []
    for name, born_s in pods.items():
        labels = f'{{container="",namespace="shop",pod="{name}"}}'
        time = int(NOON.timestamp() * 1000) + 1000 * now_s
        used = CORES * (now_s - born_s)
        lines += [f"container_cpu_usage_seconds_total{labels} {used} {time}",
                  f"container_memory_working_set_bytes{labels} 1000 {time}"]  # fmt: skip
    return "\n".join(lines)


def deployment(wanted=2, ready=2):
    return obj("Deployment", "cart", spec={"replicas": wanted}, status={"readyReplicas": ready})


def cart_pods(pods, **more):
    owned = obj("ReplicaSet", "cart-1", owner=("Deployment", "cart"))
    made = [
        pod(name, ("ReplicaSet", "cart-1"), **more, status={"startTime": stamp(born_s)})
        for name, born_s in pods.items()
    ]
    return [owned, *made]


def stamp(second):
    return (NOON + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def snapshot(now_s, pods, *documents, nodes=True, **more):
    client = Lists(NODE, *(documents or [deployment()]), *cart_pods(pods, **more),
                   raw={PATH: cadvisor(now_s, pods)})  # fmt: skip
    now = NOON + timedelta(seconds=now_s)
    return KubernetesCollector(client, nodes=nodes, now=lambda: now).snapshot()


def rolled():
    """Return snapshots of two pods of which each is replaced once, one after the other."""
    for now_s in range(0, 601, EVERY_S):
        pods = {"cart-1-a": -1000, "cart-1-b": -1000}
        if now_s >= 300:
            pods = {"cart-1-c": 295, "cart-1-b": -1000}
        if now_s >= 400:
            pods = {"cart-1-c": 295, "cart-1-d": 395}
        yield snapshot(now_s, pods)


def test_a_row_counts_pods_and_replicas_and_sums_what_is_measured():
    found = snapshot(0, {"cart-1-a": -100, "cart-1-b": -20}, restarts=2).row
    assert found == {
        MetricId("cart", metric): value
        for metric, value in {
            "pods_running": 2.0, "pods_pending": 0.0, "pods_failed": 0.0,
            "replicas_wanted": 2.0, "replicas_ready": 2.0, "restarts": 4.0,
            "container_cpu_usage_seconds_total": 60.0,
            "container_memory_working_set_bytes": 2000.0,
        }.items()
    }  # fmt: skip


def test_a_service_without_a_pod_is_there_with_zeros():
    found = snapshot(0, {}, deployment(2, 0)).row
    assert found[MetricId("cart", "pods_running")] == 0.0
    assert found[MetricId("cart", "replicas_wanted")] == 2.0


def test_pods_are_counted_by_phase():
    found = snapshot(0, {"cart-1-a": 0}, phase="Pending").counts
    assert found[MetricId("cart", "pods_pending")] == 1.0
    assert found[MetricId("cart", "pods_running")] == 0.0


def test_a_daemon_set_wants_a_pod_on_each_node():
    status = {"desiredNumberScheduled": 3, "numberReady": 1}
    found = snapshot(0, {}, obj("DaemonSet", "agent", status=status)).counts
    assert found[MetricId("agent", "replicas_wanted")] == 3.0
    assert found[MetricId("agent", "replicas_ready")] == 1.0


def test_a_node_that_does_not_answer_is_told():
    client = Lists(NODE, deployment(), raw={PATH: Unreachable("no answer")})
    found = KubernetesCollector(client, now=lambda: NOON).snapshot()
    assert found.unread == ("node node-1: no answer",)
    assert MetricId("cart", "replicas_ready") in found.counts


def test_without_nodes_nothing_is_asked_of_them():
    assert {one.labels["__name__"] for one in snapshot(0, {"x": 0}, nodes=False).series} == {
        "restarts"
    }


def test_rolling_the_pods_moves_no_sum():
    frame = frame_of(list(rolled()), EVERY_S, window_s=60.0)
    check_metrics(frame)
    cpu = frame["cart", "cpu"].iloc[6:]
    assert cpu.between(0.85 * 2 * CORES, 1.15 * 2 * CORES).all()
    assert frame["cart", "cpu_spread"].iloc[6:].max() == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_array_equal(frame["cart", "memory"], 2000.0)
    np.testing.assert_array_equal(frame["cart", "replicas_ready"], 2.0)


def test_a_restart_is_a_rate():
    snapshots = [snapshot(now, {"a": -99}, restarts=now // 30) for now in range(0, 121, EVERY_S)]
    frame = frame_of(snapshots, EVERY_S)
    assert frame["cart", "restarts_rate"].iloc[-1] == pytest.approx(1 / 30, rel=0.25)


def test_changes_between_snapshots_are_told():
    before = snapshot(0, {"cart-1-a": -100, "cart-1-b": -100})
    after = snapshot(
        10, {"cart-1-b": -100, "cart-1-c": 5}, deployment(3), restarts=1, image="shop:2"
    )
    ten = NOON + timedelta(seconds=10)
    assert set(changes([before, after])) == {
        Event(NOON + timedelta(seconds=5), "pod-start", "cart", "Pod cart-1-c was made"),
        Event(ten, "pod-stop", "cart", "Pod cart-1-a was deleted"),
        Event(ten, "restart", "cart", "Pod cart-1-b restarted: 1"),
        Event(ten, "scale", "cart", "2 → 3 replicas"),
        Event(ten, "rollout", "cart", "new image shop:2"),
    }
    assert changes([before]) == changes([after, after]) == ()


def test_no_snapshot_makes_no_frame():
    with pytest.raises(NotEnoughData, match="needs snapshots"):
        frame_of([], 10.0)
