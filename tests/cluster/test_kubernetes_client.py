"""The Kubernetes client against a real cluster: what no fake can vouch for.

Where they run, `tests.cluster.place` says. All that is made is in one namespace of its own, which is
deleted at the end.
"""

import base64
import json
import time
import uuid

import pytest
import yaml

from aiops.clients.kubernetes import (
    Conflict,
    KubernetesClient,
    NotFound,
    PatchRejected,
    Rejected,
)
from aiops.clients.kubernetes.address import Resource
from aiops.errors import Denied, InvalidInput, Unreachable
from tests.cluster.place import IMAGE, context, kubeconfig, on_a_cluster

pytestmark = [
    pytest.mark.timeout(120),
    on_a_cluster,
]


def until(holds, within_s=60.0):
    """Wait until `holds` returns something true, and return that."""
    deadline = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)
    return found


def exists(client, kind, namespace, name):
    try:
        return client.get(kind, namespace, name)
    except NotFound:
        return None


def takes_pods(client, namespace):
    """Say whether the namespace has what a pod needs: its default service account, and a token."""
    try:
        return client.create(sleeper(namespace), dry_run=True)
    except (Rejected, Unreachable):
        return None


def config_map(namespace, name, **data):
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def sleeper(namespace, name="sleeper"):
    program = "import time; print('awake', flush=True); time.sleep(600)"
    container = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", program],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }


@pytest.fixture(scope="module")
def client():
    return KubernetesClient.connect(None, context())


@pytest.fixture(scope="module")
def namespace(client):
    name = f"aiops-client-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    until(lambda: takes_pods(client, name))
    yield name
    client.delete("Namespace", None, name)


@pytest.fixture(scope="module")
def pod(client, namespace):
    client.create(sleeper(namespace))
    until(lambda: client.get("Pod", namespace, "sleeper")["status"].get("phase") == "Running")
    return "sleeper"


class TestCommands:
    def test_both_outputs_and_the_exit_code(self, client, namespace, pod):
        program = "import sys; print('$HOME; out'); print('err', file=sys.stderr); sys.exit(3)"
        done = client.run(namespace, pod, None, ["python3", "-c", program], timeout_s=20)
        assert (done.code, done.stdout, done.stderr) == (3, "$HOME; out\n", "err\n")

    def test_success_in_a_named_container(self, client, namespace, pod):
        done = client.run(namespace, pod, "app", ["python3", "-c", "print('é')"], timeout_s=20)
        assert (done.code, done.stdout) == (0, "é\n")

    def test_long_output_is_whole(self, client, namespace, pod):
        program = "print('x' * 1_000_000)"
        done = client.run(namespace, pod, "app", ["python3", "-c", program], timeout_s=20)
        assert done.stdout == "x" * 1_000_000 + "\n"

    def test_the_time_out_holds(self, client, namespace, pod):
        start = time.monotonic()
        with pytest.raises(Unreachable, match=r"had not ended after 1\.5 s"):
            client.run(namespace, pod, None, ["sleep", "20"], timeout_s=1.5)
        assert time.monotonic() - start < 5

    def test_the_time_out_holds_for_a_command_that_never_stops_printing(
        self, client, namespace, pod
    ):
        program = "import time\nend = time.time() + 4\nwhile time.time() < end: print('y' * 80)"
        start = time.monotonic()
        with pytest.raises(Unreachable, match="had not ended after 1 s"):
            client.run(namespace, pod, None, ["python3", "-c", program], timeout_s=1)
        assert time.monotonic() - start < 5

    def test_what_is_started_goes_on_alone(self, client, namespace, pod):
        program = (
            "import pathlib, time; print('started', flush=True); time.sleep(2);"
            "pathlib.Path('/tmp/went-on').touch()"
        )
        argv = ["python3", "-c", program]
        assert client.start(namespace, pod, None, argv, timeout_s=20) == "started\n"
        seen = ["python3", "-c", "import os; print(os.path.exists('/tmp/went-on'))"]
        assert client.run(namespace, pod, None, seen, timeout_s=20).stdout == "False\n"
        until(lambda: client.run(namespace, pod, None, seen, timeout_s=20).stdout == "True\n")

    def test_a_program_that_is_not_there(self, client, namespace, pod):
        with pytest.raises(Rejected, match="no-such-program"):
            client.run(namespace, pod, None, ["no-such-program"], timeout_s=20)

    def test_a_container_that_is_not_there(self, client, namespace, pod):
        with pytest.raises(Rejected, match="nowhere"):
            client.run(namespace, pod, "nowhere", ["true"], timeout_s=20)

    def test_a_pod_that_is_not_there(self, client, namespace):
        with pytest.raises(NotFound, match="nobody"):
            client.run(namespace, "nobody", None, ["true"], timeout_s=20)

    def test_logs(self, client, namespace, pod):
        assert until(lambda: client.logs(namespace, pod, tail=1)) == "awake\n"
        with pytest.raises(NotFound):
            client.logs(namespace, "nobody")


class TestPatches:
    @pytest.fixture
    def name(self, client, namespace):
        name = f"settings-{uuid.uuid4().hex[:8]}"
        client.create(config_map(namespace, name, a="1"))
        return name

    def test_a_test_that_fails_changes_nothing(self, client, namespace, name):
        ops = [
            {"op": "replace", "path": "/data/a", "value": "2"},
            {"op": "test", "path": "/data/a", "value": "1"},
        ]
        with pytest.raises(PatchRejected):
            client.patch("ConfigMap", namespace, name, ops)
        assert client.get("ConfigMap", namespace, name)["data"] == {"a": "1"}

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "remove", "path": "/data/b"},
            {"op": "add", "path": "/nowhere/b", "value": "1"},
            {"op": "test", "path": "/data/b", "value": "1"},
        ],
    )
    def test_a_pointer_that_leads_nowhere(self, client, namespace, name, operation):
        with pytest.raises(PatchRejected):
            client.patch("ConfigMap", namespace, name, [operation])

    def test_a_result_that_is_invalid(self, client, namespace, name):
        ops = [{"op": "add", "path": "/metadata/labels/a b", "value": "1"}]
        with pytest.raises(Rejected, match=r"metadata\.labels"):
            client.patch("ConfigMap", namespace, name, ops)

    def test_a_value_of_the_wrong_type_does_not_quote_the_object(self, client, namespace, name):
        client.patch(
            "ConfigMap",
            namespace,
            name,
            [{"op": "add", "path": "/data/password", "value": "hunter2"}],
        )
        with pytest.raises(Rejected) as error:
            client.patch(
                "ConfigMap", namespace, name, [{"op": "add", "path": "/data/b", "value": 1}]
            )
        assert "hunter2" not in str(error.value)

    def test_a_dry_run_answers_and_changes_nothing(self, client, namespace, name):
        ops = [{"op": "replace", "path": "/data/a", "value": "2"}]
        before = client.get("ConfigMap", namespace, name)
        assert client.patch("ConfigMap", namespace, name, ops, dry_run=True)["data"] == {"a": "2"}
        client.delete("ConfigMap", namespace, name, dry_run=True)
        client.create(config_map(namespace, "never", a="1"), dry_run=True)
        assert client.get("ConfigMap", namespace, name) == before
        assert exists(client, "ConfigMap", namespace, "never") is None

    def test_replace_sees_a_change_of_another(self, client, namespace, name):
        seen = client.get("ConfigMap", namespace, name)
        client.replace(seen | {"data": {"a": "2"}})
        with pytest.raises(Conflict):
            client.replace(seen | {"data": {"a": "3"}})

    def test_what_exists_is_a_conflict(self, client, namespace, name):
        with pytest.raises(Conflict):
            client.create(config_map(namespace, name))


def test_lists_by_label(client, namespace):
    for name in ("one", "two"):
        client.create(config_map(namespace, f"listed-{name}", a="1"))
    [found] = client.list("ConfigMap", namespace, {"app": "listed-two"})
    assert (found["kind"], found["metadata"]["name"]) == ("ConfigMap", "listed-two")
    assert len(client.list("ConfigMap", None)) >= 2


def test_deletes_only_the_object_of_that_uid(client, namespace):
    made = client.create(sleeper(namespace, "victim"))
    with pytest.raises(Conflict, match="UID"):
        client.delete("Pod", namespace, "victim", uid="another", grace_s=0)
    client.delete("Pod", namespace, "victim", uid=made["metadata"]["uid"], grace_s=0)
    until(lambda: exists(client, "Pod", namespace, "victim") is None)


class TestDiscovery:
    def test_speaks_a_version_of_each_kind_that_is_served(self, client):
        for group, kind in (
            ("policy", "PodDisruptionBudget"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("discovery.k8s.io", "EndpointSlice"),
        ):
            found = client._discovery.find(kind).api_version
            assert client.serves(*found.split("/"), kind)
            assert found.startswith(f"{group}/v")
            client.list(kind, None)

    def test_the_newest_policy_version(self, client):
        newest = "policy/v1" if client.serves("policy", "v1") else "policy/v1beta1"
        assert client._discovery.find("PodDisruptionBudget").api_version == newest

    def test_the_server_says_its_version(self, client):
        version = json.loads(client.raw("/version"))
        assert version["gitVersion"].startswith(f"v{client.server_version}.")

    def test_an_unknown_kind(self, client):
        with pytest.raises(InvalidInput, match="did you mean 'Deployment'"):
            client.get("Deploymnt", "default", "x")


def kubeconfig_with(path, token):
    """Write the kubeconfig of the cluster with another token and return its path."""
    document = yaml.safe_load(kubeconfig().read_text(encoding="utf-8"))
    for user in document["users"]:
        user["user"] = {"token": token}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def account(namespace, name, rules):
    """Return a service account with `rules`, and the Secret that will hold its token."""
    metadata = {"name": name, "namespace": namespace}
    rbac = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    binding = {
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
        "subjects": [subject],
    }
    annotations = {"kubernetes.io/service-account.name": name}
    token = {
        "type": "kubernetes.io/service-account-token",
        "metadata": metadata | {"annotations": annotations},
    }
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": metadata, **binding},
        {"apiVersion": "v1", "kind": "Secret", **token},
    ]


@pytest.fixture(scope="module")
def account_with(client, namespace, tmp_path_factory):
    """Return the client of a new service account that has some rights in the namespace."""

    def account_with(name, rules):
        for document in account(namespace, name, rules):
            client.create(document)
        secret = until(lambda: client.get("Secret", namespace, name).get("data", {}).get("token"))
        path = tmp_path_factory.mktemp(name) / "config"
        token = base64.b64decode(secret).decode()
        return KubernetesClient.connect(kubeconfig_with(path, token), context())

    return account_with


@pytest.fixture(scope="module")
def limited(account_with):
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    return account_with("limited", rules)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list("Pod", "default"),
        lambda client: client.run("default", "nobody", None, ["true"], timeout_s=10),
    ],
)
def test_a_server_with_another_authority_is_not_trusted(tmp_path, call):
    document = yaml.safe_load(kubeconfig().read_text(encoding="utf-8"))
    for cluster in document["clusters"]:
        cluster["cluster"].pop("certificate-authority", None)
        cluster["cluster"].pop("certificate-authority-data", None)
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    client = KubernetesClient.connect(path, context())
    client._discovery.find = lambda kind: Resource("v1", kind, "pods", namespaced=True)
    with pytest.raises(Unreachable, match="certificate verify failed"):
        call(client)


class TestRights:
    """A service account that may do little."""

    def test_asking_says_what_trying_does(self, limited, namespace, pod):
        assert limited.allowed("get", "pods", namespace=namespace)
        assert limited.get("Pod", namespace, pod)["metadata"]["name"] == pod
        for verb, subresource in (("delete", None), ("patch", None), ("create", "exec")):
            assert not limited.allowed(verb, "pods", namespace=namespace, subresource=subresource)

    def test_a_denial_names_verb_and_resource(self, limited, namespace, pod):
        with pytest.raises(Denied, match=r'delete pods .* cannot delete resource "pods"'):
            limited.delete("Pod", namespace, pod)
        with pytest.raises(Denied, match='cannot get resource "deployments"'):
            limited.get("Deployment", namespace, "cart")
        with pytest.raises(Denied, match='cannot list resource "pods"'):
            limited.list("Pod", None)

    def test_a_command_is_denied_too(self, limited, namespace, pod):
        with pytest.raises(Denied, match='resource "pods/exec"'):
            limited.run(namespace, pod, None, ["true"], timeout_s=20)

    def test_a_command_needs_get_and_create(self, account_with, namespace, pod):
        verbs = ["get", "create"]  # the first is what old servers ask for, the second the new ones
        rules = [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": verbs}]
        runner = account_with("runner", rules)
        assert runner.run(namespace, pod, None, ["true"], timeout_s=20).code == 0

    def test_a_token_that_is_wrong_is_not_shown(self, tmp_path):
        path = kubeconfig_with(tmp_path / "config", "wrong-and-secret")
        with pytest.raises(Denied) as denied:
            KubernetesClient.connect(path, context()).list("Pod", "default")
        assert "wrong-and-secret" not in str(denied.value)
