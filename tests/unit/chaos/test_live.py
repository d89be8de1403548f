"""The adapter says what the port promises, over a real socket and with real processes."""

import subprocess
import threading
from datetime import UTC, datetime

import pytest

from aiops.clients.kubernetes import Completed, KubernetesClient, NotFound, Rejected
from aiops.types import Denied, InvalidExperiment, Unreachable
from chaos.cluster import NoSuchObject, ObjectRef, Process
from chaos.live import LiveCluster
from chaos.patch import PatchConflict
from tests.fake_api_server import FakeApiServer

CART = ObjectRef("Deployment", "shop", "cart")
POD = ObjectRef("Pod", "shop", "cart-0")
TO_ZERO = [{"op": "replace", "path": "/spec/replicas", "value": 0}]


def deployment(name):
    metadata = {"name": name, "namespace": "shop", "labels": {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": 2},
    }


def pod(**state):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "cart-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "app"}, {"name": "sidecar"}]},
        "status": {
            "containerStatuses": [
                {"name": "sidecar", "state": {"running": {}}},
                {"name": "app", "state": state or {"running": {}}},
            ]
        },
    }


@pytest.fixture
def server():
    """Return an API server with a shop of two services."""
    with FakeApiServer() as fake:
        fake.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for name in ("web", "cart"):
            fake.add(deployment(name))
        yield fake


@pytest.fixture
def cluster(server, tmp_path):
    """Return the shop behind the port."""
    kubeconfig = server.kubeconfig(tmp_path / "kubeconfig")
    return LiveCluster(KubernetesClient.connect(kubeconfig, server.context, timeout_s=5.0))


class Local:
    """A client whose only pod is this machine."""

    def __init__(self, document):
        self.document = document
        self.containers = []
        self.left = []

    def get(self, kind, namespace, name):
        return self.document

    def run(self, namespace, name, container, argv, *, timeout_s):
        self.containers.append(container)
        ended = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=timeout_s)
        return Completed(ended.returncode, ended.stdout, ended.stderr)

    def start(self, namespace, name, container, argv, *, timeout_s):
        self.containers.append(container)
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.left.append(process)
        with process.stdout as printed:
            return printed.readline()


def test_an_object_comes_back_as_it_is(cluster):
    assert cluster.get(CART)["spec"] == {"replicas": 2}


def test_what_does_not_exist_is_named_with_its_nearest_neighbour(cluster):
    with pytest.raises(NoSuchObject, match=r"no Deployment shop/crat; .*nearest is .*shop/cart"):
        cluster.get(ObjectRef("Deployment", "shop", "crat"))


def test_where_nothing_is_there_is_no_neighbour_to_name(cluster):
    with pytest.raises(NoSuchObject, match="no Service shop/cart, nor any other"):
        cluster.get(ObjectRef("Service", "shop", "cart"))


def test_that_neighbours_may_not_be_listed_is_no_second_error(cluster, server):
    server.deny("list", "deployments")
    with pytest.raises(NoSuchObject, match="no Deployment shop/crat"):
        cluster.get(ObjectRef("Deployment", "shop", "crat"))


def test_objects_are_listed_by_name_and_by_label(cluster):
    names = [document["metadata"]["name"] for document in cluster.list("Deployment", "shop")]
    assert names == ["cart", "web"]
    (web,) = cluster.list("Deployment", "shop", {"app": "web"})
    assert web["metadata"]["name"] == "web"


def test_a_patch_returns_the_object_after_it(cluster):
    assert cluster.patch(CART, TO_ZERO)["spec"]["replicas"] == 0
    assert cluster.get(CART)["spec"]["replicas"] == 0


def test_a_dry_run_changes_nothing(cluster, server):
    assert cluster.patch(CART, TO_ZERO, dry_run=True)["spec"]["replicas"] == 0
    assert cluster.get(CART)["spec"]["replicas"] == 2
    assert server.log == []


def test_a_patch_whose_test_fails_is_a_conflict(cluster, server):
    with pytest.raises(PatchConflict, match="Deployment shop/cart"):
        cluster.patch(CART, [{"op": "test", "path": "/spec/replicas", "value": 9}, *TO_ZERO])
    assert server.log == []


def test_a_patch_that_the_server_finds_outdated_is_a_conflict(cluster, server):
    server.trouble = lambda method, path, attempt: 409 if method == "PATCH" else None
    with pytest.raises(PatchConflict):
        cluster.patch(CART, TO_ZERO)


def test_an_illegal_result_is_refused_in_the_words_of_the_server(cluster):
    negative = [{"op": "replace", "path": "/spec/replicas", "value": -1}]
    with pytest.raises(InvalidExperiment, match="greater than or equal to 0"):
        cluster.patch(CART, negative)


@pytest.mark.parametrize("act", ["get", "patch"])
def test_no_answer_and_no_right_are_passed_on(cluster, server, act):
    server.trouble = lambda method, path, attempt: 503 if path.endswith("cart") else None
    call = {"get": lambda: cluster.get(CART), "patch": lambda: cluster.patch(CART, TO_ZERO)}[act]
    with pytest.raises(Unreachable):
        call()
    server.trouble = lambda method, path, attempt: None
    server.deny(act, "deployments")
    with pytest.raises(Denied, match=act):
        call()


def test_only_the_object_with_the_uid_is_deleted(cluster):
    uid = cluster.get(CART)["metadata"]["uid"]
    with pytest.raises(NoSuchObject, match="no longer the one"):
        cluster.delete(CART, uid="another")
    cluster.delete(CART, uid=uid)
    with pytest.raises(NoSuchObject):
        cluster.delete(CART, uid=uid)


def test_the_time_is_in_utc(cluster):
    assert abs((cluster.now - datetime.now(UTC)).total_seconds()) < 5
    assert cluster.now.tzinfo is UTC


def test_it_is_told_from_others_by_the_namespace_that_all_have(cluster, server):
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}
    uid = server.add(made)["metadata"]["uid"]
    assert cluster.identity == uid
    asked = len(server.requests)
    assert cluster.identity == uid
    assert len(server.requests) == asked


def test_without_the_right_to_read_that_its_address_tells(cluster, server):
    server.deny("get", "namespaces")
    assert cluster.identity == server.url


def test_an_identity_that_is_not_answered_is_none(cluster, server):
    server.trouble = lambda method, path, attempt: 503
    with pytest.raises(Unreachable):
        _ = cluster.identity


def test_a_process_starts_in_the_first_container_and_can_be_stopped_twice():
    client = Local(pod())
    cluster, token = LiveCluster(client), f"live-{threading.get_native_id()}"
    assert not cluster.running(POD, token)
    cluster.launch(POD, Process("cpu", 0.1, 30.0), token)
    assert cluster.running(POD, token)
    cluster.stop(POD, token)
    cluster.stop(POD, token)
    assert not cluster.running(POD, token)
    assert [process.wait(5) for process in client.left] == [0]
    assert set(client.containers) == {"app"}


def test_in_a_container_that_does_not_run_nothing_is_started_and_nothing_runs():
    client = Local(pod(waiting={"reason": "CrashLoopBackOff"}))
    cluster = LiveCluster(client)
    with pytest.raises(InvalidExperiment, match="does not run"):
        cluster.launch(POD, Process("cpu", 0.1, 30.0), "r1")
    assert not cluster.running(POD, "r1")
    cluster.stop(POD, "r1")
    assert client.containers == []


def test_in_a_pod_that_is_gone_nothing_runs(cluster):
    assert not cluster.running(POD, "r1")
    cluster.stop(POD, "r1")


@pytest.mark.parametrize("error", [Rejected("no such file: sh"), NotFound("no container")])
def test_an_image_without_a_shell_is_refused(error):
    client = Local(pod())

    def start(*_, **__):
        raise error

    client.start = start
    client.list = lambda *_: []
    with pytest.raises(InvalidExperiment, match="Pod shop/cart-0"):
        LiveCluster(client).launch(POD, Process("cpu", 0.1, 30.0), "r1")


def test_what_cannot_leak_memory_says_so():
    client = Local(pod())
    client.start = lambda *_, **__: ""
    with pytest.raises(InvalidExperiment, match="started no memory process"):
        LiveCluster(client).launch(POD, Process("memory", 1e6, 30.0), "r1")


def test_what_says_something_else_is_stopped():
    client, token = Local(pod()), f"live-{threading.get_native_id()}-else"
    start = client.start
    client.start = lambda *args, **kwargs: f"motd: {start(*args, **kwargs)}"
    with pytest.raises(InvalidExperiment, match="motd"):
        LiveCluster(client).launch(POD, Process("cpu", 0.1, 30.0), token)
    assert not LiveCluster(client).running(POD, token)
    assert [process.wait(5) for process in client.left] == [0]


def test_a_shell_that_fails_is_asked_again():
    client = Local(pod())
    client.run = lambda *_, **__: Completed(137, "", "killed")
    with pytest.raises(Unreachable, match=r"137.*killed"):
        LiveCluster(client).running(POD, "r1")
