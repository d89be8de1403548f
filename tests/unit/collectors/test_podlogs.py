"""What pods have printed, read over real sockets from a fake API server."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.cases.rules import check_logs
from aiops.clients.kubernetes import KubernetesClient
from aiops.collectors.podlogs import PodLogCollector
from aiops.errors import Denied, InvalidInput, Unreachable
from tests.fake_api_server import FakeApiServer

T0 = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(second):
    return f"{T0 + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.500000000Z"


def owned(kind, name, owner, **more):
    metadata = {"name": name, "namespace": "shop", "ownerReferences": [owner] if owner else []}
    version = "v1" if kind == "Pod" else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def owner(kind, name):
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": True, "uid": name}


def container(name, restarts=0, state="running"):
    last = {"terminated": {"exitCode": 1}} if restarts else {}
    return {"name": name, "restartCount": restarts, "lastState": last, "state": {state: {}}}


def pod(name, *containers, init=(), by=None):
    status = {"containerStatuses": containers, "initContainerStatuses": init}
    return owned("Pod", name, by, status=status)


@pytest.fixture
def server():
    with FakeApiServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        server.add(owned("Deployment", "cart", None, spec={"replicas": 1}))
        server.add(owned("ReplicaSet", "cart-7f", owner("Deployment", "cart")))
        yield server


@pytest.fixture
def client(server, tmp_path):
    kubeconfig = server.kubeconfig(tmp_path / "config")
    return KubernetesClient.connect(kubeconfig, server.context, timeout_s=2.0)


@pytest.fixture
def cart(server):
    by = owner("ReplicaSet", "cart-7f")
    containers = [container("app", restarts=2), container("proxy")]
    server.add(pod("cart-7f-x", *containers, init=[container("setup")], by=by))
    server.api.logs = {
        ("shop", "cart-7f-x", "setup", False): [(at(-10), "ready")],
        ("shop", "cart-7f-x", "app", True): [
            (at(1), "2020-01-01 00:00:00 ERROR no stock"),
            (at(1), "  at cart.py:3"),
        ],
        ("shop", "cart-7f-x", "app", False): [(at(3), "2020-01-01 00:00:09 INFO up, token=abc123")],
        ("shop", "cart-7f-x", "proxy", False): [(at(2), '{"level":"warn","msg":"slow"}')],
    }


def test_all_containers_and_former_lives_under_the_workload_s_name(client, cart):
    frame = PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)
    check_logs(frame, "logs")
    assert frame.to_numpy().tolist() == [
        ["cart", "ERROR", "no stock\n  at cart.py:3"],
        ["cart", "WARN", "slow"],
        ["cart", "INFO", "up, token=***"],
    ]


def test_the_time_is_the_node_s_and_not_the_one_in_the_line(client, cart):
    frame = PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)
    assert frame.index[0] == T0 + timedelta(seconds=1.5)


def test_each_log_is_told_of(client, cart):
    found = PodLogCollector(client, ["shop"], tail=1).read(T0 - HOUR, T0 + HOUR)
    told = {str(one.printed): one for one in found.containers}
    assert list(told) == [
        "shop/cart-7f-x setup",
        "shop/cart-7f-x app (previous)",
        "shop/cart-7f-x app",
        "shop/cart-7f-x proxy",
    ]
    assert all(one.cut for one in told.values())
    assert told["shop/cart-7f-x app"].masked == 1
    assert told["shop/cart-7f-x proxy"].form == "api json"


def test_a_pod_that_nothing_owns_is_its_own_service(server, client):
    server.add(pod("lonely", container("app")))
    server.api.logs["shop", "lonely", "app", False] = [(at(1), "INFO hello")]
    frame = PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)
    assert frame.to_numpy().tolist() == [["lonely", "INFO", "INFO hello"]]


def test_a_container_that_has_printed_nothing_has_no_line(server, client):
    server.add(pod("quiet", container("app")))
    server.api.logs["shop", "quiet", "app", False] = []
    (report,) = PodLogCollector(client, ["shop"], tail=1).read(T0, T0 + HOUR).containers
    assert (report.counts.lines, report.counts.untimed, report.cut) == (0, 0, False)


def test_a_container_that_waits_has_no_log_yet(server, client):
    server.add(pod("new", container("app", state="waiting")))
    found = PodLogCollector(client, ["shop"]).read(T0, T0 + HOUR)
    assert (len(found.frame), found.containers, found.unread) == (0, (), ())


def test_a_log_that_cannot_be_read_is_told_and_the_others_are_read(server, client, cart):
    del server.api.logs["shop", "cart-7f-x", "app", True]
    server.trouble = lambda method, path, attempt: (
        503 if path.endswith("/log") and attempt == 1 else None
    )
    found = PodLogCollector(client, ["shop"]).read(T0, T0 + HOUR)
    assert [line.partition(":")[0] for line in found.unread] == [
        "shop/cart-7f-x setup",
        "shop/cart-7f-x app (previous)",
    ]
    assert len(found.frame) == 2


def test_a_right_that_is_missing_is_an_error(server, client, cart):
    server.deny("get", "pods/log", "shop")
    with pytest.raises(Denied, match="pods/log"):
        PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)


def test_no_server_is_an_error(server, client):
    server.stop()
    with pytest.raises(Unreachable):
        PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)


def test_nothing_is_changed(server, client, cart):
    PodLogCollector(client, ["shop"]).logs(T0, T0 + HOUR)
    assert server.log == []


def test_a_tail_of_no_lines_is_refused(client):
    with pytest.raises(InvalidInput, match="tail is 0"):
        PodLogCollector(client, ["shop"], tail=0)
