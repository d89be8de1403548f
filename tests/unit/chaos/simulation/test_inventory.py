"""The pods of the simulated cluster, as Kubernetes would serve them."""

import pytest

from aiops.types import InvalidExperiment
from chaos.cluster import NoSuchObject, ObjectRef, Process
from chaos.simulation.simulator import Simulator
from chaos.workloads import is_ready, live_pods, pod_ref, uid_of

CART = ObjectRef("Deployment", "shop", "cart")
BURN = Process("cpu", 1.0, 600.0)
IMAGE = "/spec/containers/0/image"


@pytest.fixture
def shop():
    simulator = Simulator(7)
    simulator.advance(12)
    return simulator


@pytest.fixture
def first(shop):
    """The address of a pod of the cart."""
    return pod_ref(shop.list("Pod", "shop", {"app": "cart"})[0])


def pods(shop):
    return [pod_ref(pod) for pod in shop.list("Pod", "shop", {"app": "cart"})]


class TestReading:
    def test_each_workload_has_as_many_as_it_asks_for(self, shop):
        found = shop.list("Pod", "shop")
        assert len(found) == 12
        assert [pod_ref(pod) for pod in found] == sorted(map(pod_ref, found))

    def test_they_are_found_by_the_selector_of_their_workload(self, shop):
        found = live_pods(shop, CART, shop.get(CART))
        assert [pod_ref(pod) for pod in found] == pods(shop)
        assert all(map(is_ready, found))

    def test_a_document_looks_as_kubernetes_serves_it(self, shop, first):
        found = shop.get(first)
        assert (found["kind"], found["apiVersion"]) == ("Pod", "v1")
        assert found["metadata"]["labels"] == {"app": "cart"}
        image = shop.get(CART)["spec"]["template"]["spec"]["containers"][0]["image"]
        assert found["spec"]["containers"] == [{"name": "cart", "image": image}]

    def test_what_comes_out_is_a_copy(self, shop, first):
        shop.get(first)["metadata"]["annotations"]["mine"] = "yes"
        assert "mine" not in shop.get(first)["metadata"]["annotations"]

    def test_one_that_is_not_there_is_named_with_its_nearest(self, shop):
        with pytest.raises(NoSuchObject, match="nearest is Pod shop/cart-"):
            shop.get(ObjectRef("Pod", "shop", "cart-99"))


class TestPatching:
    def test_annotations_stay(self, shop, first):
        shop.patch(first, [{"op": "add", "path": "/metadata/annotations/mine", "value": "yes"}])
        shop.advance(3)
        assert shop.get(first)["metadata"]["annotations"] == {"mine": "yes"}

    def test_an_image_that_cannot_run_takes_the_pod_out_of_service_and_back(self, shop, first):
        usual = shop.get(first)["spec"]["containers"][0]["image"]
        shop.patch(first, [{"op": "replace", "path": IMAGE, "value": "registry.invalid/none:0"}])
        shop.advance(12)
        assert not is_ready(shop.get(first))
        assert sum(is_ready(shop.get(ref)) for ref in pods(shop)) == 2
        shop.patch(first, [{"op": "replace", "path": IMAGE, "value": usual}])
        shop.advance(24)
        assert is_ready(shop.get(first))

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("/spec/containers/0/name", "other"),
            ("/metadata/labels/app", "store"),
            ("/status/phase", "Failed"),
            ("/metadata/uid", "mine"),
        ],
    )
    def test_nothing_else_can_change(self, shop, first, path, value):
        before = shop.get(first)
        with pytest.raises(InvalidExperiment, match="only annotations and image can change"):
            shop.patch(first, [{"op": "replace", "path": path, "value": value}])
        assert shop.get(first) == before

    def test_a_dry_run_changes_nothing(self, shop, first):
        before = shop.get(first)
        ops = [{"op": "replace", "path": IMAGE, "value": "registry.invalid/none:0"}]
        shop.patch(first, ops, dry_run=True)
        shop.advance(3)
        assert shop.get(first) == before


class TestDeleting:
    def test_another_one_takes_its_place(self, shop, first):
        shop.delete(first, uid=uid_of(shop.get(first)))
        shop.advance(24)
        assert first not in pods(shop)
        assert len(pods(shop)) == 3

    def test_only_the_one_that_is_meant(self, shop, first):
        with pytest.raises(NoSuchObject, match="not uid-of-another"):
            shop.delete(first, uid="uid-of-another")
        assert first in pods(shop)


class TestProcesses:
    def test_run_until_they_are_stopped(self, shop, first):
        assert not shop.running(first, "t1")
        shop.launch(first, BURN, "t1")
        assert shop.running(first, "t1")
        assert not shop.running(first, "t2")
        shop.stop(first, "t1")
        shop.stop(first, "t1")
        assert not shop.running(first, "t1")

    def test_end_by_themselves(self, shop, first):
        shop.launch(first, Process("cpu", 1.0, 10.0), "t1")
        shop.advance(4)
        assert not shop.running(first, "t1")

    def test_end_with_their_pod(self, shop, first):
        shop.launch(first, BURN, "t1")
        shop.delete(first, uid=uid_of(shop.get(first)))
        assert not shop.running(first, "t1")
        shop.stop(first, "t1")

    def test_cannot_be_started_where_no_pod_is(self, shop):
        with pytest.raises(NoSuchObject):
            shop.launch(ObjectRef("Pod", "shop", "cart-99"), BURN, "t1")
