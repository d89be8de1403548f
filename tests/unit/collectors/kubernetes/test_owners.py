"""Whose pod it is, by ownership alone."""

from hypothesis import given
from hypothesis import strategies as st

from aiops.collectors.kubernetes.happenings import read_happening
from aiops.collectors.kubernetes.owners import Owners
from aiops.collectors.kubernetes.state import Ref
from tests.kubernetes_documents import event, obj, pod

TIME = "2026-11-22T12:00:00Z"
TREE = [
    obj("Deployment", "cart"),
    obj("ReplicaSet", "cart-5d9", owner=("Deployment", "cart")),
    pod("cart-5d9-x", ("ReplicaSet", "cart-5d9")),
    obj("StatefulSet", "db"),
    pod("db-0", ("StatefulSet", "db")),
    obj("CronJob", "nightly"),
    obj("Job", "nightly-27", owner=("CronJob", "nightly")),
    pod("nightly-27-q", ("Job", "nightly-27")),
    pod("kube-proxy-node-1", ("Node", "node-1"), labels={"k8s-app": "kube-proxy"}),
    pod("loner", labels={"app": "shell"}),
    pod("nameless"),
    obj("Node", "node-1", namespace=""),
]
SERVICES = {
    "cart-5d9-x": "cart", "db-0": "db", "nightly-27-q": "nightly",
    "kube-proxy-node-1": "kube-proxy", "loner": "shell", "nameless": "nameless", "unheard": None,
}  # fmt: skip


def service(owners, name, kind="Pod", namespace="shop"):
    return owners.service(Ref(kind, namespace, name))


@given(st.permutations(TREE))
def test_a_pod_belongs_to_what_stands_at_the_top_whatever_the_order(documents):
    owners = Owners(documents)
    assert {name: service(owners, name) for name in SERVICES} == SERVICES
    assert service(owners, "cart-5d9", "ReplicaSet") == "cart"
    assert service(owners, "node-1", "Node", "") is None


def test_a_pod_that_is_gone_is_known_by_the_event_of_its_making_or_its_end():
    told = [
        event("SuccessfulCreate", "Created pod: cart-5d9-y", ("ReplicaSet", "cart-5d9"), TIME),
        event("SuccessfulDelete", "Deleted pod: cart-5d9-z", ("ReplicaSet", "cart-5d9"), TIME),
        event("SuccessfulCreate", "create Pod db-1 in StatefulSet db successful",
              ("StatefulSet", "db"), TIME),
    ]  # fmt: skip
    owners = Owners(TREE, [read_happening(one) for one in told])
    assert [service(owners, name) for name in ("cart-5d9-y", "cart-5d9-z", "db-1")] == [
        "cart", "cart", "db",
    ]  # fmt: skip


def test_the_same_name_in_two_namespaces_is_told_apart():
    owners = Owners([*TREE, obj("Deployment", "cart", namespace="staging")])
    assert service(owners, "cart-5d9-x") == "cart.shop"
    assert service(owners, "cart", "Deployment", "staging") == "cart.staging"
    assert service(owners, "db-0") == "db"


def test_owners_in_a_ring_end():
    ring = [obj("Odd", "a", owner=("Odd", "b")), obj("Odd", "b", owner=("Odd", "a"))]
    assert service(Owners(ring), "a", "Odd") in {"a", "b"}
