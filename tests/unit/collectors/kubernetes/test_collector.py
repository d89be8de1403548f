"""What happened in a cluster, from documents as an API server lists them."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.clients.kubernetes import KubernetesClient
from aiops.collectors.kubernetes import KubernetesCollector
from aiops.collectors.port import EventsSource
from aiops.types import Denied, Event, InvalidInput
from tests.fake_api_objects import NEW_KINDS, Kind
from tests.fake_api_server import FakeApiServer
from tests.kubernetes_documents import (
    Lists,
    container,
    event,
    obj,
    pod,
    replica_set,
    template,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CART = [obj("Deployment", "cart"), replica_set("cart-1", "cart", 1, "2026-11-01T00:00:00Z")]


def text(minute, second=0):
    return f"2026-11-22T12:{minute:02d}:{second:02d}Z"


def at(minute, second=0):
    return NOON + timedelta(minutes=minute, seconds=second)


def told(*documents, nodes=False, namespaces=()):
    collector = KubernetesCollector(Lists(*documents), namespaces, nodes=nodes)
    return collector.events(NOON, NOON + timedelta(hours=1))


def test_a_rollout_is_told_with_what_is_new():
    second = replica_set("cart-2", "cart", 2, text(5), template(container(image="shop:2")))
    assert told(*CART, second) == (
        Event(at(5), "rollout", "cart",
              "Deployment cart revision 2: image of app shop:1 → shop:2"),
    )  # fmt: skip


def test_a_rollback_is_told_at_the_time_of_its_scaling():
    progress = {"type": "Progressing", "lastUpdateTime": text(20, 30)}
    deployment = obj("Deployment", "cart", status={"conditions": [progress]})
    back = replica_set("cart-1", "cart", 3, "2026-11-01T00:00:00Z", earlier="1")
    bad = replica_set("cart-2", "cart", 2, text(5), template(container(image="bad")), replicas=0)
    scaled = event("ScalingReplicaSet", "Scaled up replica set cart-1 to 1", ("Deployment", "cart"),
                   text(20))  # fmt: skip
    rollouts = [one for one in told(deployment, back, bad, scaled) if one.kind == "rollout"]
    assert [(one.time, one.text) for one in rollouts] == [
        (at(5), "Deployment cart revision 2: image of app shop:1 → bad"),
        (at(20), "Deployment cart revision 3: image of app bad → shop:1"),
    ]


def test_a_stateful_set_rolls_out_too():
    def revision(number, created, image):
        data = {"spec": {"template": template(container(image=image))}}
        return obj("ControllerRevision", f"db-{number}", owner=("StatefulSet", "db"),
                   created=created, revision=number, data=data)  # fmt: skip

    found = told(
        obj("StatefulSet", "db"),
        revision(1, "2026-11-01T00:00:00Z", "pg:1"),
        revision(2, text(7), "pg:2"),
    )
    assert found == (
        Event(at(7), "rollout", "db", "StatefulSet db revision 2: image of app pg:1 → pg:2"),
    )


def test_births_and_deaths_are_told_once_whoever_tells_of_them():
    owner = ("ReplicaSet", "cart-1")
    going = pod("cart-1-b", owner, created="2026-11-01T00:00:00Z")
    going["metadata"] |= {"deletionTimestamp": text(9, 30), "deletionGracePeriodSeconds": 30}
    found = told(
        *CART,
        pod("cart-1-c", owner, created=text(9, 1)),
        going,
        event("SuccessfulCreate", "Created pod: cart-1-c", owner, text(9, 1)),
        event("SuccessfulDelete", "Deleted pod: cart-1-a", owner, text(8)),
        event("Killing", "Stopping container app", ("Pod", "cart-1-a"), text(8, 1)),
        event("Killing", "Container app failed liveness probe, will be restarted",
              ("Pod", "cart-1-c"), text(12)),
        event("Started", "Started container app", ("Pod", "cart-1-c"), text(9, 2)),
    )  # fmt: skip
    assert found == (
        Event(at(8), "pod-stop", "cart", "Pod cart-1-a was deleted"),
        Event(at(9), "pod-stop", "cart", "Pod cart-1-b was deleted"),
        Event(at(9, 1), "pod-start", "cart", "Pod cart-1-c was made"),
    )


def test_a_restart_says_how_the_container_ended():
    last = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": text(3)}
    found = told(*CART, pod("cart-1-a", ("ReplicaSet", "cart-1"), restarts=4, last=last))
    assert found == (
        Event(at(3), "restart", "cart",
              "Pod cart-1-a container app: OOMKilled, exit code 137, restarted 4 times"),
    )  # fmt: skip


def test_both_shapes_of_events_are_read_and_repeats_say_how_often():
    old = event("Unhealthy", "Readiness probe failed", ("Pod", "cart-1-a"), text(1), last=text(6),
                count=9, kind="Warning")  # fmt: skip
    new = obj(
        "Event", "x", reason="FailedScheduling", note="0/1 nodes", type="Warning",
        regarding={"kind": "Pod", "namespace": "shop", "name": "cart-1-a"},
        eventTime="2026-11-22T12:02:00.250000Z",
        series={"count": 3, "lastObservedTime": "2026-11-22T12:04:00.500000Z"},
    )  # fmt: skip
    found = told(*CART, pod("cart-1-a", ("ReplicaSet", "cart-1")), old, new)
    assert {(one.kind, one.service) for one in found} == {("warning", "cart")}
    assert [(one.time, one.text) for one in found] == [
        (at(1), "Pod cart-1-a: Unhealthy: Readiness probe failed"),
        (at(2) + timedelta(milliseconds=250), "Pod cart-1-a: FailedScheduling: 0/1 nodes"),
        (
            at(4) + timedelta(milliseconds=500),
            "Pod cart-1-a: FailedScheduling: 0/1 nodes (3 times since 2026-11-22 12:02:00 UTC)",
        ),
        (
            at(6),
            "Pod cart-1-a: Unhealthy: Readiness probe failed (9 times since 2026-11-22 12:01:00 UTC)",
        ),
    ]


def test_a_message_tells_no_secret():
    leak = event("Failed", "login with password=hunter2 failed", ("Deployment", "cart"), text(1))
    assert [one.text for one in told(*CART, leak)] == [
        "Deployment cart: Failed: login with password=*** failed"
    ]


def test_conditions_of_nodes_are_told_if_they_may_be_read():
    condition = {"type": "Ready", "status": "False", "reason": "KubeletDown",
                 "lastTransitionTime": text(2)}  # fmt: skip
    node = obj("Node", "node-1", namespace="", status={"conditions": [condition]})
    assert told(node, nodes=True) == (
        Event(at(2), "node", None, "Node node-1: Ready became False (KubeletDown)"),
    )
    assert told(node, nodes=False) == ()


def test_a_window_holds_its_start_and_not_its_end():
    one = event("Odd", "x", ("Deployment", "cart"), text(0))
    other = event("Odd", "y", ("Deployment", "cart"), "2026-11-22T13:00:00Z")
    assert [found.time for found in told(one, other)] == [NOON]


def test_other_namespaces_are_left_alone():
    other = obj("Deployment", "web", namespace="other")
    scaled = event("ScalingReplicaSet", "x", ("Deployment", "cart"), text(1))
    assert [one.service for one in told(*CART, other, scaled, namespaces=["shop"])] == ["cart"]
    assert told(*CART, other, scaled, namespaces=["other"]) == ()


def test_it_is_a_source_of_events_and_checks_the_window():
    collector = KubernetesCollector(Lists())
    assert isinstance(collector, EventsSource)
    with pytest.raises(InvalidInput, match="before its start"):
        collector.events(NOON, NOON - timedelta(seconds=1))


@pytest.mark.parametrize("resource", ["pods", "replicasets", "events", "nodes"])
def test_a_right_that_is_missing_is_named(tmp_path, resource):
    kinds = (*NEW_KINDS, Kind("v1", "Event", "events"),
             Kind("apps/v1", "ControllerRevision", "controllerrevisions"))  # fmt: skip
    with FakeApiServer(kinds=kinds) as server:
        server.deny("list", resource)
        client = KubernetesClient.connect(server.kubeconfig(tmp_path / "config"), server.context)
        with pytest.raises(Denied, match=f'cannot list resource "{resource}"'):
            KubernetesCollector(client).events(NOON, at(1))
