"""Commands in containers, over the websocket of the fake API server."""

import json
import ssl
import time
from types import SimpleNamespace

import pytest

from aiops.clients.kubernetes import Completed, KubernetesClient, NotFound, Rejected, command
from aiops.clients.kubernetes.call import Call
from aiops.errors import Denied, Unreachable
from tests.fake_api_server import FakeApiServer

EXEC = "/api/v1/namespaces/shop/pods/cart-0/exec"


@pytest.fixture
def server():
    with FakeApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        metadata = {"name": "cart-0", "namespace": "shop"}
        running.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        yield running


@pytest.fixture
def client(server, tmp_path):
    return KubernetesClient.connect(server.kubeconfig(tmp_path / "config"), server.context)


def run(client, *argv, pod="cart-0", container=None, timeout_s=5.0):
    return client.run("shop", pod, container, argv, timeout_s=timeout_s)


def test_the_arguments_arrive_as_they_are(server, client):
    seen = []
    server.api.command = lambda *exec_: seen.append(exec_) or (0, "", "")
    assert run(client, "sh", "-c", "echo 'a b'; $HOME & c=d", "", "é", container="app").code == 0
    assert seen == [("shop", "cart-0", "app", ("sh", "-c", "echo 'a b'; $HOME & c=d", "", "é"))]
    assert [one.path for one in server.log] == [EXEC]


def test_both_outputs_and_the_exit_code(server, client):
    server.api.command = lambda *_: (3, "oût\n", "err\n")
    assert run(client, "false") == Completed(3, "oût\n", "err\n")


def test_a_character_split_over_two_pieces_is_whole(server, client):
    text = "x" + "é" * 50_000
    server.api.command = lambda *_: (0, text, "")
    assert run(client, "cat").stdout == text


def test_a_pod_that_is_not_there(client):
    with pytest.raises(NotFound, match="create pods/exec shop/nobody"):
        run(client, "true", pod="nobody")


def test_a_missing_right(server, client):
    server.deny("get", "pods/exec")
    with pytest.raises(Denied, match='resource "pods/exec"'):
        run(client, "true")
    assert server.log == []


def test_a_server_that_hangs(server, client):
    run(client, "true")
    server.trouble = lambda method, path, attempt: "hang"
    start = time.monotonic()
    with pytest.raises(Unreachable, match=r"had not ended after 0\.2 s"):
        run(client, "true", timeout_s=0.2)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("trouble", ["cut", 500])
def test_a_server_in_trouble(server, client, trouble):
    run(client, "true")
    server.trouble = lambda method, path, attempt: trouble
    with pytest.raises(Unreachable, match="pods/exec shop/cart-0"):
        run(client, "true")
    assert len(server.log) == (2 if trouble == "cut" else 1)


def test_a_server_that_is_away(server, client):
    run(client, "true")
    server.stop()
    with pytest.raises(Unreachable, match="cannot be reached"):
        run(client, "true")


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ("", Unreachable, "ended before the command did"),
        ({"status": "Failure", "message": "no such\nprogram"}, Rejected, "no such program"),
        ({"status": "Failure", "details": {"causes": [{}]}}, Rejected, "pods/exec"),
    ],
)
def test_a_command_that_never_ran(status, error, said):
    call = Call("create", "pods/exec shop/cart-0", EXEC)
    with pytest.raises(error, match=said):
        command._exit_code(call, status and json.dumps(status))


@pytest.mark.parametrize(
    ("verify", "options"),
    [
        (
            True,
            {
                "cert_reqs": ssl.CERT_REQUIRED,
                "ca_certs": "ca.crt",
                "certfile": "me.crt",
                "keyfile": "me.key",
                "server_hostname": "cluster",
            },
        ),
        (
            False,
            {
                "cert_reqs": ssl.CERT_NONE,
                "check_hostname": False,
                "certfile": "me.crt",
                "keyfile": "me.key",
                "server_hostname": "cluster",
            },
        ),
    ],
)
def test_the_server_is_verified_as_for_other_calls(verify, options):
    configuration = SimpleNamespace(
        verify_ssl=verify,
        ssl_ca_cert="ca.crt",
        cert_file="me.crt",
        key_file="me.key",
        tls_server_name="cluster",
    )
    assert command._tls(configuration) == options


class TestStart:
    def start(self, client, timeout_s=5.0):
        return client.start("shop", "cart-0", "app", ["stress"], timeout_s=timeout_s)

    def test_returns_the_first_line(self, server, client):
        server.api.command = lambda *_: (0, "pid 7\n" + "x" * 10_000, "err\n")
        assert self.start(client).startswith("pid 7\n")
        assert [one.path for one in server.log] == [EXEC]

    def test_a_command_that_prints_no_line_and_ends(self, server, client):
        server.api.command = lambda *_: (0, "done", "")
        assert self.start(client) == "done"

    def test_a_command_that_never_ran(self, server, client):
        server.api.command = lambda *_: ("no such program", "", "")
        with pytest.raises(Rejected, match="no such program"):
            self.start(client)

    def test_a_server_that_hangs(self, server, client):
        client.list("Pod", "shop")
        server.trouble = lambda method, path, attempt: "hang"
        with pytest.raises(Unreachable, match=r"had not ended after 0\.2 s"):
            self.start(client, timeout_s=0.2)
