"""What is read from a workload's documents: pods, readiness, limits, and quantities written back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.workloads import (
    bytes_text,
    cores_text,
    cpu_limit,
    is_ready,
    live_pods,
    memory_limit,
    pod_ref,
    settled,
    uid_of,
)
from tests.memory_cluster import MemoryCluster, application, deployment, pod

CART = ObjectRef("Deployment", "shop", "cart")


def names(pods):
    return [one["metadata"]["name"] for one in pods]


class TestLivePods:
    def live(self, *pods, workload=None):
        workload = workload or deployment("shop", "cart")
        return names(live_pods(MemoryCluster(workload, *pods), CART, workload))

    def test_are_those_that_the_workload_selects(self):
        found = self.live(pod("shop", "cart", 0), pod("shop", "store", 0), pod("other", "cart", 1))
        assert found == ["cart-0"]

    def test_one_that_is_not_ready_lives(self):
        assert self.live(pod("shop", "cart", 0, ready=False)) == ["cart-0"]

    def test_one_that_does_not_run_is_none(self):
        assert self.live(pod("shop", "cart", 0, running=False)) == []

    def test_one_that_is_on_its_way_out_is_none(self):
        leaving = pod("shop", "cart", 0)
        leaving["metadata"]["deletionTimestamp"] = "2026-01-05T12:00:00Z"
        assert self.live(leaving) == []

    @pytest.mark.parametrize(
        ("owner", "revision", "lives"),
        [
            ({"kind": "ReplicaSet", "name": "cart-5d"}, "5d", True),
            ({"kind": "ReplicaSet", "name": "cart-5d"}, None, True),
            ({"kind": "ReplicaSet", "name": "cart-v2-5d"}, "5d", False),
            ({"kind": "ReplicaSet", "name": "canary-5d"}, None, False),
            ({"kind": "ReplicaSet", "name": "cart"}, None, False),
            ({"kind": "StatefulSet", "name": "cart-5d"}, "5d", False),
            ({"kind": "Job", "name": "cart-5d"}, None, False),
        ],
    )
    def test_those_of_another_workload_with_the_same_labels_are_none(self, owner, revision, lives):
        one = pod("shop", "cart", 0)
        one["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        if revision:
            one["metadata"]["labels"]["pod-template-hash"] = revision
        assert self.live(one) == (["cart-0"] if lives else [])

    @pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
    @pytest.mark.parametrize("name", ["cart", "cart-v2"])
    def test_a_set_controls_its_pods_itself(self, kind, name):
        workload, one = deployment("shop", "cart"), pod("shop", "cart", 0)
        owner = {"kind": kind, "name": name, "controller": True}
        one["metadata"]["ownerReferences"] = [{"kind": "Lease"}, owner]
        cluster = MemoryCluster(workload, one)
        found = live_pods(cluster, ObjectRef(kind, "shop", "cart"), workload)
        assert len(found) == (name == "cart")

    @pytest.mark.parametrize("owners", [None, [], [{"kind": "ReplicaSet", "controller": False}]])
    def test_one_that_nothing_would_replace_is_none(self, owners):
        stray = pod("shop", "cart", 0)
        stray["metadata"]["ownerReferences"] = owners
        assert self.live(stray) == []

    @pytest.mark.parametrize(
        "selector",
        [
            {},
            {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
            {
                "matchLabels": {"app": "cart"},
                "matchExpressions": [{"key": "tier", "operator": "Exists"}],
            },
        ],
    )
    def test_a_selector_of_more_than_labels_is_refused(self, selector):
        workload = deployment("shop", "cart")
        workload["spec"]["selector"] = selector
        with pytest.raises(InvalidExperiment, match="Deployment shop/cart does not select"):
            self.live(workload=workload)

    def test_no_expressions_are_no_expressions(self):
        workload = deployment("shop", "cart")
        workload["spec"]["selector"]["matchExpressions"] = []
        assert self.live(pod("shop", "cart", 0), workload=workload) == ["cart-0"]


def test_a_pod_has_an_address_and_an_identity():
    found = pod("shop", "cart", 0)
    assert pod_ref(found) == ObjectRef("Pod", "shop", "cart-0")
    assert uid_of(found) == "uid-cart-0"
    assert uid_of({"metadata": {}}) == ""


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"conditions": [{"type": "Ready", "status": "True"}]}, True),
        ({"conditions": [{"type": "Ready", "status": "False"}]}, False),
        ({"conditions": [{"type": "PodScheduled", "status": "True"}]}, False),
        ({"conditions": []}, False),
        ({}, False),
    ],
)
def test_a_pod_is_ready_by_its_condition(status, ready):
    assert is_ready({"status": status}) is ready


class TestSettled:
    def workload(self, generation=3, **status):
        told = {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "observedGeneration": 3}
        told = {key: value for key, value in (told | status).items() if value is not None}
        return {"metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": told}

    def test_when_all_are_new_and_ready(self):
        assert settled(self.workload())

    @pytest.mark.parametrize(
        "status",
        [
            {"readyReplicas": 1},
            {"readyReplicas": None},
            {"replicas": 3},
            {"updatedReplicas": 1},
            {"observedGeneration": 2},
        ],
    )
    def test_not_before(self, status):
        assert not settled(self.workload(**status))

    def test_no_replicas_are_settled_when_none_are_left(self):
        assert settled({"spec": {"replicas": 0}, "status": {}})
        assert not settled({"spec": {"replicas": 0}, "status": {"replicas": 1}})

    def test_one_that_counts_no_updates_settles_all_the_same(self):
        assert settled(self.workload(updatedReplicas=None))


def limited(*limits):
    containers = [
        {"name": f"c{number}", "resources": {"limits": one}} for number, one in enumerate(limits)
    ]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


class TestLimits:
    @pytest.mark.parametrize(("text", "cores"), [("2", 2), ("1.5", 1.5), ("250m", 0.25), (2, 2)])
    def test_of_cpu_are_cores(self, text, cores):
        assert cpu_limit(limited({"cpu": text})) == cores

    def test_of_several_containers_are_added_up(self):
        assert cpu_limit(limited({"cpu": "500m"}, {"cpu": "1"})) == 1.5
        assert memory_limit(limited({"memory": "1Ki"}, {"memory": "1k"})) == 2024

    @pytest.mark.parametrize("text", ["0", "-1", "500M", "1e3", "", "half", "0m"])
    def test_of_cpu_that_are_none_are_refused_with_the_container(self, text):
        with pytest.raises(InvalidExperiment, match="'c0' has the CPU limit"):
            cpu_limit(limited({"cpu": text}))

    @pytest.mark.parametrize("containers", [None, [], "app"])
    def test_without_containers_there_are_none(self, containers):
        with pytest.raises(InvalidExperiment, match="no list of containers"):
            cpu_limit({"spec": {"template": {"spec": {"containers": containers}}}})

    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("1024", 1024),
            ("1k", 1e3),
            ("2M", 2e6),
            ("1G", 1e9),
            ("64Mi", 64 * 2**20),
            ("0.5Gi", 2**29),
            (134217728, 2**27),
        ],
    )
    def test_of_memory_are_bytes(self, text, amount):
        assert memory_limit(limited({"memory": text})) == amount

    def test_memory_without_a_limit_is_without_end(self):
        assert memory_limit(limited({"memory": "1G"}, {})) == math.inf

    @pytest.mark.parametrize("text", ["0", "0Mi", "-1Mi", "1mi", "1e6", "much", ""])
    def test_of_memory_that_are_none_are_refused(self, text):
        with pytest.raises(InvalidExperiment, match="'c0' has the memory limit"):
            memory_limit(limited({"memory": text}))


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 200_000))
def test_cores_are_read_back_as_written(thousandths):
    assert cpu_limit(limited({"cpu": cores_text(thousandths)})) * 1000 == pytest.approx(thousandths)


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 2**44))
def test_bytes_are_read_back_to_a_kibibyte(amount):
    found = memory_limit(limited({"memory": bytes_text(amount)}))
    assert found == max(1, amount // 1024) * 1024


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 5), st.integers(0, 5))
def test_as_many_are_ready_as_say_so(replicas, ready):
    ready = min(ready, replicas)
    workload, _, *pods = application("shop", "cart", replicas, ready)
    found = live_pods(MemoryCluster(workload, *pods), CART, workload)
    assert (len(found), sum(map(is_ready, found))) == (replicas, ready)
