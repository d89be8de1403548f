"""The fake API server itself: what tests of the chaos engine lean on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.kubernetes import KubernetesClient, PatchRejected
from aiops.errors import Unreachable
from chaos.patch import PatchConflict, apply
from tests.fake_api_server import FakeApiServer

PATH = "/api/v1/namespaces/shop/configmaps/settings"
SET_B = [{"op": "add", "path": "/data/b", "value": "2"}]


def config_map(data):
    metadata = {"name": "settings", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.fixture
def server():
    with FakeApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        running.add(config_map({"a": "1"}))
        yield running


@pytest.fixture
def client(server, tmp_path):
    return KubernetesClient.connect(
        server.kubeconfig(tmp_path / "config"), server.context, timeout_s=0.3
    )


def data(server):
    return server.object("ConfigMap", "shop", "settings")["data"]


def only(trouble, at=1):
    """Return the trouble that strikes the `at`-th patch alone."""
    return lambda method, path, attempt: trouble if (method, attempt) == ("PATCH", at) else None


KEYS = st.sampled_from(["a", "b", "~1", "x~0y"])
VALUES = st.one_of(st.text(max_size=3), st.integers(), st.none(), st.just({"c": [1, 2]}))
POINTERS = st.one_of(
    KEYS.map("/data/{}".format), st.sampled_from(["/data/a/c/0", "/data/a/c/-", "/nope/a", "/data"])
)
OPERATIONS = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace", "test"]), "path": POINTERS, "value": VALUES}
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": POINTERS}),
)


@settings(deadline=None, max_examples=150)
@given(
    before=st.dictionaries(st.sampled_from(["a", "b"]), VALUES),
    ops=st.lists(OPERATIONS, min_size=1, max_size=4),
)
def test_a_patch_does_what_json_patch_says(patched, before, ops):
    server, client = patched
    client.replace(config_map(before))
    stored = server.object("ConfigMap", "shop", "settings")
    try:
        expected = apply(stored, ops)
    except PatchConflict:
        with pytest.raises(PatchRejected):
            client.patch("ConfigMap", "shop", "settings", ops)
        assert server.object("ConfigMap", "shop", "settings") == stored
    else:
        after = client.patch("ConfigMap", "shop", "settings", ops)
        assert after.get("data") == expected.get("data")


@pytest.fixture(scope="module")
def patched(tmp_path_factory):
    """One server for all examples: each of them replaces the object first."""
    with FakeApiServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        server.add(config_map({}))
        path = server.kubeconfig(tmp_path_factory.mktemp("fake") / "config")
        yield server, KubernetesClient.connect(path, server.context)


class TestTrouble:
    def test_a_status_is_answered_and_nothing_applied(self, server, client):
        server.trouble = only(500)
        with pytest.raises(Unreachable, match="500"):
            client.patch("ConfigMap", "shop", "settings", SET_B)
        assert data(server) == {"a": "1"}
        client.patch("ConfigMap", "shop", "settings", SET_B)
        assert data(server) == {"a": "1", "b": "2"}

    def test_hang_applies_nothing(self, server, client):
        server.trouble = only("hang")
        with pytest.raises(Unreachable, match=r"within 0\.3 s"):
            client.patch("ConfigMap", "shop", "settings", SET_B)
        assert (data(server), server.log) == ({"a": "1"}, [])

    def test_cut_applies_and_does_not_say_so(self, server, client):
        server.trouble = only("cut")
        with pytest.raises(Unreachable, match="cannot be reached"):
            client.patch("ConfigMap", "shop", "settings", SET_B)
        assert data(server) == {"a": "1", "b": "2"}
        assert [one.path for one in server.log] == [PATH]

    def test_late_applies_after_further_requests(self, server, client):
        server.trouble = only("late")
        with pytest.raises(Unreachable):
            client.patch("ConfigMap", "shop", "settings", SET_B)
        seen = [client.get("ConfigMap", "shop", "settings")["data"] for _ in range(4)]
        assert seen == [{"a": "1"}, {"a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}]
        assert len(server.log) == 1

    def test_late_applies_when_asked(self, server, client):
        server.trouble = only("late")
        with pytest.raises(Unreachable):
            client.patch("ConfigMap", "shop", "settings", SET_B)
        assert data(server) == {"a": "1"}
        server.settle()
        assert data(server) == {"a": "1", "b": "2"}

    def test_a_late_patch_is_judged_when_it_arrives(self, server, client):
        server.trouble = only("late")
        guarded = [{"op": "test", "path": "/data/a", "value": "1"}, *SET_B]
        with pytest.raises(Unreachable):
            client.patch("ConfigMap", "shop", "settings", guarded)
        client.patch(
            "ConfigMap", "shop", "settings", [{"op": "replace", "path": "/data/a", "value": "9"}]
        )
        server.settle()
        assert data(server) == {"a": "9"}
        assert len(server.log) == 1


class TestControllers:
    def test_a_deleted_pod_of_a_replica_set_is_replaced(self, server, client):
        owner = {"kind": "ReplicaSet", "name": "cart-1", "controller": True}
        metadata = {
            "name": "cart-1-a",
            "namespace": "shop",
            "labels": {"app": "cart"},
            "ownerReferences": [owner],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}
        before = server.add(pod)["metadata"]
        client.delete("Pod", "shop", "cart-1-a", uid=before["uid"])
        [after] = client.list("Pod", "shop", {"app": "cart"})
        assert after["metadata"]["ownerReferences"] == [owner]
        assert after["metadata"]["uid"] != before["uid"]
        assert after["metadata"]["name"] != before["name"]
        assert [one.method for one in server.log] == ["DELETE"]

    def test_a_bare_pod_is_gone(self, server, client):
        metadata = {"name": "bare", "namespace": "shop"}
        server.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        client.delete("Pod", "shop", "bare")
        assert client.list("Pod", "shop") == []

    def test_a_deployments_status_follows_its_replicas(self, server, client):
        metadata = {"name": "cart", "namespace": "shop"}
        document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
        made = client.create(document | {"spec": {"replicas": 2}})
        assert made["status"]["readyReplicas"] == 2
        ops = [{"op": "replace", "path": "/spec/replicas", "value": 0}]
        after = client.patch("Deployment", "shop", "cart", ops)
        assert after["status"] == {"observedGeneration": 2}


def test_a_patch_without_effect_is_no_new_revision(server, client):
    before = server.object("ConfigMap", "shop", "settings")
    ops = [{"op": "replace", "path": "/data/a", "value": "1"}]
    assert client.patch("ConfigMap", "shop", "settings", ops) == before
