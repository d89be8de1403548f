"""The client against a fake API server over real sockets: each call, each error, each trouble."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from aiops.clients import kubernetes
from aiops.clients.kubernetes import Conflict, KubernetesClient, NotFound, PatchRejected, Rejected
from aiops.clients.kubernetes.address import Resource
from aiops.errors import AiopsError, Denied, InvalidInput, Unreachable
from tests.fake_api_objects import OLD_KINDS
from tests.fake_api_routes import TOKEN
from tests.fake_api_server import FakeApiServer

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
SCALE_TO_ZERO = [{"op": "replace", "path": "/spec/replicas", "value": 0}]


def deployment(name="cart", **labels):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name, **labels}},
        "spec": {"replicas": 3},
    }


def pod(name, owner="cart-1"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "cart"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": owner, "controller": True}],
        },
        "spec": {"containers": [{"name": "app", "image": "shop:1"}]},
    }


@pytest.fixture
def server():
    with FakeApiServer() as running:
        running.add(NAMESPACE)
        running.add(deployment())
        yield running


@pytest.fixture
def connect(server, tmp_path):
    """Return a client of `server` with a time-out."""

    def connect(timeout_s=5.0, **kubeconfig):
        path = server.kubeconfig(tmp_path / "config", **kubeconfig)
        return KubernetesClient.connect(path, server.context, timeout_s=timeout_s)

    return connect


@pytest.fixture
def client(connect):
    return connect()


class TestReads:
    def test_gets_a_plain_document(self, client):
        found = client.get("Deployment", "shop", "cart")
        assert type(found) is dict
        assert found["spec"] == {"replicas": 3}

    def test_a_kind_without_a_namespace(self, client):
        assert client.get("Namespace", None, "shop")["metadata"]["name"] == "shop"

    def test_lists_by_label_what_carries_all_of_them(self, server, client):
        server.add(deployment("web", tier="front"))
        assert [one["metadata"]["name"] for one in client.list("Deployment", "shop")] == [
            "cart",
            "web",
        ]
        [web] = client.list("Deployment", "shop", {"app": "web", "tier": "front"})
        assert (web["kind"], web["apiVersion"]) == ("Deployment", "apps/v1")
        assert client.list("Deployment", "shop", {"app": "web", "tier": "back"}) == []

    def test_lists_every_namespace(self, server, client):
        server.add(NAMESPACE | {"metadata": {"name": "other"}})
        server.add(deployment() | {"metadata": {"name": "cart", "namespace": "other"}})
        found = client.list("Deployment", None)
        assert {one["metadata"]["namespace"] for one in found} == {"shop", "other"}

    def test_a_long_list_comes_in_pages(self, server, client):
        names = [f"pod-{number:04d}" for number in range(1101)]
        for name in names:
            server.add(pod(name))
        assert [one["metadata"]["name"] for one in client.list("Pod", "shop")] == names
        assert server.requests.count(("GET", "/api/v1/namespaces/shop/pods")) == 3

    def test_version(self, client):
        assert client.server_version == "1.30"

    def test_raw(self, client):
        assert json.loads(client.raw("/version"))["major"] == "1"
        with pytest.raises(InvalidInput, match="slash"):
            client.raw("version")

    def test_logs_of_one_container(self, client, monkeypatch):
        sent = []
        monkeypatch.setattr(client._connection, "send", lambda call: sent.append(call) or "hello")
        client._discovery.find = lambda kind: Resource("v1", kind, "pods", namespaced=True)
        assert client.logs("shop", "cart-0", "app", since_s=60, tail=5) == "hello"
        assert client.logs("shop", "cart-0") == "hello"
        assert [call.path for call in sent] == ["/api/v1/namespaces/shop/pods/cart-0/log"] * 2
        asked = {"container": "app", "sinceSeconds": "60", "tailLines": "5"}
        assert [call.query for call in sent] == [asked, {}]

    def test_what_may_be_asked_of_a_log(self, client, monkeypatch):
        sent = []
        monkeypatch.setattr(client._connection, "send", lambda call: sent.append(call) or "")
        client._discovery.find = lambda kind: Resource("v1", kind, "pods", namespaced=True)
        since = datetime(2026, 11, 22, 15, 5, 0, 999, tzinfo=timezone(timedelta(hours=1)))
        client.logs("shop", "cart-0", since=since, previous=True, timestamps=True)
        asked = {"sinceTime": "2026-11-22T14:05:00Z", "previous": "true", "timestamps": "true"}
        assert sent[0].query == asked
        client.logs("shop", "cart-0", since=datetime(999, 1, 1, tzinfo=UTC))
        assert sent[1].query == {"sinceTime": "0999-01-01T00:00:00Z"}

    def test_a_log_since_no_moment(self, client):
        with pytest.raises(InvalidInput, match="no time zone"):
            client.logs("shop", "cart-0", since=datetime(2026, 11, 22))  # noqa: DTZ001  that is it
        with pytest.raises(InvalidInput, match="give one"):
            client.logs("shop", "cart-0", since=datetime(2026, 11, 22, tzinfo=UTC), since_s=5)

    def test_reading_changes_nothing(self, server, client):
        client.get("Deployment", "shop", "cart")
        client.list("Pod", None)
        assert client.allowed("delete", "pods", namespace="shop")
        assert server.log == []


class TestWrites:
    def test_creates_in_the_documents_own_version(self, server, client):
        made = client.create(deployment("web"))
        assert made["metadata"]["uid"]
        assert server.object("Deployment", "shop", "web") == made
        [written] = server.log
        assert (written.method, written.user_agent) == ("POST", "aiops-toolkit")
        assert written.path == "/apis/apps/v1/namespaces/shop/deployments"

    def test_creates_under_a_generated_name(self, client):
        document = deployment()
        document["metadata"] = {"generateName": "web-", "namespace": "shop"}
        assert client.create(document)["metadata"]["name"].startswith("web-")

    def test_what_exists_is_a_conflict(self, client):
        with pytest.raises(Conflict, match="already exists"):
            client.create(deployment())

    def test_a_namespace_that_is_missing(self, client):
        document = deployment() | {"metadata": {"name": "cart", "namespace": "nowhere"}}
        with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
            client.create(document)

    def test_a_patch_is_atomic(self, server, client):
        ops = (
            {"op": "replace", "path": "/spec/replicas", "value": 0},
            {"op": "test", "path": "/metadata/name", "value": "web"},
        )
        with pytest.raises(PatchRejected, match="patch deployments shop/cart"):
            client.patch("Deployment", "shop", "cart", ops)
        assert server.object("Deployment", "shop", "cart")["spec"] == {"replicas": 3}
        assert server.log == []

    def test_patches(self, server, client):
        after = client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO)
        assert after["spec"] == {"replicas": 0}
        assert after["metadata"]["generation"] == 2
        assert after == server.object("Deployment", "shop", "cart")

    def test_a_pointer_that_leads_nowhere(self, client):
        with pytest.raises(PatchRejected):
            client.patch("Deployment", "shop", "cart", [{"op": "remove", "path": "/spec/paused"}])

    def test_a_result_that_is_invalid(self, client):
        ops = [{"op": "replace", "path": "/spec/replicas", "value": -1}]
        with pytest.raises(Rejected, match="greater than or equal to 0"):
            client.patch("Deployment", "shop", "cart", ops)

    def test_a_patch_of_the_status(self, server, client):
        server.add(pod("one"))
        ops = [{"op": "add", "path": "/status", "value": {"phase": "Failed"}}]
        after = client.patch("Pod", "shop", "one", ops, subresource="status")
        assert after["status"] == {"phase": "Failed"}
        assert server.log[0].path.endswith("/pods/one/status")

    def test_an_old_resource_version_is_a_conflict(self, client):
        first = client.get("Deployment", "shop", "cart")
        second = client.replace(first | {"spec": {"replicas": 1}})
        assert second["spec"] == {"replicas": 1}
        with pytest.raises(Conflict, match="has been modified"):
            client.replace(first | {"spec": {"replicas": 2}})

    def test_deletes_only_the_object_meant(self, server, client):
        server.add(pod("one"))
        for uid in ("another", ""):
            with pytest.raises(Conflict, match="UID"):
                client.delete("Pod", "shop", "one", uid=uid)
        assert server.log == []
        client.delete("Pod", "shop", "one", uid=client.get("Pod", "shop", "one")["metadata"]["uid"])
        with pytest.raises(NotFound):
            client.get("Pod", "shop", "one")

    @pytest.mark.parametrize(
        "write",
        [
            lambda client: client.create(deployment("web"), dry_run=True),
            lambda client: client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO, dry_run=True),
            lambda client: client.delete("Deployment", "shop", "cart", dry_run=True),
        ],
    )
    def test_a_dry_run_is_refused_or_not_but_changes_nothing(self, server, client, write):
        before = client.list("Deployment", None)
        write(client)
        assert client.list("Deployment", None) == before
        assert server.log == []

    def test_delete_options_are_sent(self, client, monkeypatch):
        sent = []
        monkeypatch.setattr(client, "_ask", sent.append)
        client.delete("Pod", "shop", "one", uid="u", grace_s=0, dry_run=True, propagation="Orphan")
        assert sent[0].body == {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": "u"},
            "gracePeriodSeconds": 0,
            "dryRun": ["All"],
            "propagationPolicy": "Orphan",
        }

    def test_writes_name_their_field_manager(self, client, monkeypatch):
        sent = []
        monkeypatch.setattr(client, "_ask", sent.append)
        client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO, dry_run=True)
        assert sent[0].query == {"fieldManager": "aiops-chaos", "dryRun": "All"}


class TestAddresses:
    """A name that is none must never address something else."""

    @pytest.mark.parametrize("name", ["", None, ".", "..", "../web", "a/b", "a%2fb"])
    def test_a_name_that_is_none_is_never_sent(self, server, client, name):
        client.get("Deployment", "shop", "cart")
        before = len(server.requests)
        for call in (client.get, client.delete):
            with pytest.raises(InvalidInput):
                call("Deployment", "shop", name)
        with pytest.raises(InvalidInput):
            client.patch("Deployment", "shop", name, SCALE_TO_ZERO)
        with pytest.raises(InvalidInput):
            client.replace({**deployment(), "metadata": {"namespace": "shop", "name": name}})
        assert [path for method, path in server.requests[before:] if method != "GET"] == []

    def test_a_namespace_is_needed_where_there_is_one(self, client):
        with pytest.raises(InvalidInput, match="there is no default"):
            client.delete("Pod", None, "one")
        with pytest.raises(InvalidInput, match=r"set metadata\.namespace"):
            client.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}})

    def test_a_namespace_is_refused_where_there_is_none(self, client):
        with pytest.raises(InvalidInput, match="lives in no namespace"):
            client.get("Node", "shop", "node-1")

    @pytest.mark.parametrize("value", ["cart,tier=front", "a b", "a=b", "!a", 1])
    def test_a_label_cannot_widen_the_selection(self, client, value):
        with pytest.raises(InvalidInput, match="label"):
            client.list("Pod", "shop", {"app": value})

    @pytest.mark.parametrize("document", [{}, {"kind": "Pod"}, NAMESPACE | {"apiVersion": 1}])
    def test_a_document_that_is_no_object(self, client, document):
        with pytest.raises(InvalidInput, match="no object"):
            client.create(document)


class TestDiscovery:
    @pytest.mark.parametrize(
        ("kind", "new", "old"),
        [
            ("PodDisruptionBudget", "policy/v1", "policy/v1beta1"),
            ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1"),
            ("EndpointSlice", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"),
            ("CronJob", "batch/v1", "batch/v1beta1"),
            ("Deployment", "apps/v1", "apps/v1"),
            ("Pod", "v1", "v1"),
        ],
    )
    def test_takes_the_newest_version_served(self, client, tmp_path, kind, new, old):
        client.list(kind, "shop")
        assert client._discovery.find(kind).api_version == new
        with FakeApiServer(kinds=OLD_KINDS) as server:
            older = KubernetesClient.connect(server.kubeconfig(tmp_path / "old"), server.context)
            assert older.list(kind, "shop") == []
            assert older._discovery.find(kind).api_version == old
            assert older.server_version == "1.20"

    def test_says_what_is_served(self, client):
        assert client.serves("policy", "v1")
        assert client.serves("policy", "v1", "PodDisruptionBudget")
        assert client.serves("", "v1", "Pod")
        assert not client.serves("policy", "v1beta1")
        assert not client.serves("policy", "v1", "Pod")

    def test_an_unknown_kind_names_the_nearest(self, client):
        with pytest.raises(InvalidInput, match="did you mean 'Deployment'"):
            client.get("Deploymnet", "shop", "cart")

    def test_a_version_that_is_not_served_names_those_that_are(self, client):
        old = deployment() | {"apiVersion": "apps/v1beta1"}
        with pytest.raises(InvalidInput, match="it has Deployment in apps/v1"):
            client.create(old)
        with pytest.raises(InvalidInput, match="it has no Gateway at all"):
            client.create(deployment() | {"apiVersion": "apps/v1", "kind": "Gateway"})

    def test_a_kind_that_this_server_is_too_old_for(self, client):
        with pytest.raises(InvalidInput, match=r"admissionregistration\.k8s\.io/v1"):
            client.list("ValidatingAdmissionPolicy", None)

    def test_a_group_that_is_down_does_not_hide_the_others(self, server, client):
        server.trouble = lambda method, path, attempt: 503 if path.endswith("policy/v1") else None
        assert client.list("Service", "shop") == []
        with pytest.raises(Unreachable, match="'Gateway' was found, but policy/v1"):
            client.list("Gateway", "shop")

    def test_is_asked_once(self, server, client):
        for _ in range(3):
            client.get("Deployment", "shop", "cart")
        assert server.requests.count(("GET", "/apis/apps/v1")) == 1


class TestErrors:
    def test_no_such_object(self, client):
        with pytest.raises(NotFound, match='get deployments shop/web: deployments "web" not found'):
            client.get("Deployment", "shop", "web")

    def test_a_missing_right_names_verb_and_resource(self, server, client):
        server.deny("patch", "deployments", "shop")
        assert not client.allowed("patch", "deployments", group="apps", namespace="shop")
        assert client.allowed("patch", "deployments", group="apps", namespace="other")
        with pytest.raises(
            Denied, match=r'patch deployments shop/cart: .* cannot patch resource "'
        ):
            client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO)
        assert server.log == []

    def test_a_right_to_a_subresource(self, server, client):
        server.deny("create", "pods/exec")
        assert not client.allowed("create", "pods", subresource="exec", namespace="shop")
        assert client.allowed("create", "pods", namespace="shop")

    def test_a_wrong_token_is_denied_and_never_shown(self, connect, caplog):
        caplog.set_level(logging.DEBUG)
        client = connect(token="wrong-and-secret")  # noqa: S106  it opens nothing
        with pytest.raises(Denied, match="get /apis: Unauthorized") as denied:
            client.get("Pod", "shop", "one")
        shown = f"{denied.value!r} {client!r} {client._connection!r} {caplog.text}"
        assert "wrong-and-secret" not in shown

    @pytest.mark.parametrize("status", [302, 408, 410, 429, 500, 502, 503, 504])
    def test_trying_again_may_help(self, server, client, status):
        client.get("Deployment", "shop", "cart")
        server.trouble = lambda method, path, attempt: status
        before = len(server.requests)
        with pytest.raises(Unreachable, match=str(status)):
            client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO)
        assert len(server.requests) == before + 1, "it was tried again"
        assert server.log == []

    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.get("Deployment", "shop", "cart"),
            lambda client: client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO),
            lambda client: client.replace(deployment()),
            lambda client: client.delete("Deployment", "shop", "cart"),
        ],
    )
    def test_a_lost_answer_is_never_asked_for_again(self, server, client, call):
        client.list("Deployment", "shop")
        server.trouble = lambda method, path, attempt: "cut"
        before = len(server.requests)
        with pytest.raises(Unreachable, match="cannot be reached"):
            call(client)
        assert len(server.requests) == before + 1

    def test_a_server_that_is_away(self, server, client):
        client.get("Deployment", "shop", "cart")
        server.stop()
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
            client.get("Deployment", "shop", "cart")
        server.start()
        assert client.get("Deployment", "shop", "cart")["spec"] == {"replicas": 3}

    def test_a_server_that_hangs(self, server, connect):
        client = connect(timeout_s=0.2)
        client.get("Deployment", "shop", "cart")
        server.trouble = lambda method, path, attempt: "hang"
        start = time.monotonic()
        with pytest.raises(Unreachable, match=r"did not answer within 0\.2 s"):
            client.patch("Deployment", "shop", "cart", SCALE_TO_ZERO)
        assert time.monotonic() - start < 2
        assert server.log == []

    def test_tls_that_fails(self, server, tmp_path):
        path = server.kubeconfig(tmp_path / "config")
        path.write_text(path.read_text().replace("http://", "https://"))
        client = KubernetesClient.connect(path, server.context)
        with pytest.raises(Unreachable, match="SSL"):
            client.get("Pod", "shop", "one")

    def test_what_answers_is_no_api_server(self, server, client, monkeypatch):
        monkeypatch.setattr(server, "answer", lambda *_: (200, ["hello"]))
        with pytest.raises(Unreachable, match="no Kubernetes API server"):
            client.get("Pod", "shop", "one")
        monkeypatch.setattr(client._connection, "send", lambda call: "<html>hello</html>")
        with pytest.raises(Unreachable, match="no Kubernetes API server"):
            assert client.server_version

    def test_all_are_errors_that_users_see(self):
        assert all(
            issubclass(getattr(kubernetes, name), AiopsError)
            for name in ("Conflict", "NotFound", "PatchRejected", "Rejected")
        )

    def test_the_token_reaches_the_server(self, client):
        assert client._connection.authorization() == {"authorization": f"Bearer {TOKEN}"}
