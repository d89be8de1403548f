"""The watchdog undoes a run whose process has gone, and only then; a real process each time."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment, injected
from chaos.journal import Journal, RunEvent
from chaos.live import LiveCluster
from chaos.reverting import Reverting
from chaos.watchdog import Watchdog
from chaos.watching import Order
from tests.fake_api_server import FakeApiServer

CART = ObjectRef("Deployment", "shop", "cart")
SCALE = Experiment("scale.zero", CART, hold_s=60.0, seed=7, run="r1")
SOON_S = 20.0


@pytest.fixture
def server():
    """Return an API server with one Deployment."""
    with FakeApiServer() as fake:
        fake.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        metadata = {"name": "cart", "namespace": "shop", "annotations": {"team": "shop"}}
        spec = {"replicas": 2}
        fake.add(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        )
        yield fake


@pytest.fixture
def kubeconfig(server, tmp_path):
    return server.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def cluster(kubeconfig):
    return LiveCluster(KubernetesClient.connect(kubeconfig, "fake", timeout_s=5.0))


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "runs" / "journal.jsonl")


@pytest.fixture
def watchdog(kubeconfig, journal):
    """Return a watchdog, and see its processes end."""
    guardian = Watchdog(kubeconfig, "fake", journal.path)
    yield guardian
    for process in guardian._processes.values():
        process.stdin.close()
        process.stdout.close()
        process.wait(SOON_S)


@pytest.fixture
def struck(cluster, journal, watchdog):
    """Strike the Deployment as a process does that then says nothing more."""

    def strike(*, expires_s=600.0):
        plan = SCALE.plan(cluster)
        run = Reverting("r1", plan, cluster, journal)
        run.note(RunEvent.PLANNED, **plan.to_json())
        now = datetime.now(UTC)
        run.inject(now + timedelta(minutes=10))  # at first: a watchdog may find the run overdue
        watchdog.arm("r1", plan, now + timedelta(seconds=expires_s))
        return watchdog._processes["r1"]

    return strike


def replicas(server):
    return server.object("Deployment", "shop", "cart")["spec"]["replicas"]


def soon(condition):
    """Wait until the condition holds."""
    until = time.monotonic() + SOON_S
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_when_its_pipe_closes_the_fault_is_taken_back(server, journal, struck):
    before = server.object("Deployment", "shop", "cart")
    process = struck()
    assert replicas(server) == 0
    process.stdin.close()
    assert process.wait(SOON_S) == 0
    after = server.object("Deployment", "shop", "cart")
    assert (after["spec"], after["metadata"]["annotations"]) == (
        before["spec"],
        before["metadata"]["annotations"],
    )
    assert journal.pending() == {}


def test_it_waits_for_a_server_that_is_away(server, struck):
    process = struck()
    server.stop()
    process.stdin.close()
    assert process.poll() is None
    server.start()
    assert process.wait(SOON_S) == 0
    assert replicas(server) == 2


def test_once_it_is_let_go_it_ends_and_changes_nothing(server, cluster, journal, watchdog):
    with injected(SCALE, cluster, journal, guardians=[watchdog]):
        process = watchdog._processes["r1"]
        assert replicas(server) == 0
    assert process.returncode == 0
    assert len(server.log) == 3  # the mark, the deed and the undo
    assert [entry.event for entry in journal.entries()] == [
        "planned",
        "injected",
        "armed",
        "undone",
        "verified",
    ]


def test_an_overdue_fault_is_taken_back_while_we_live_and_again_when_we_die(
    server, cluster, struck
):
    process = struck(expires_s=0.0)
    assert soon(lambda: replicas(server) == 2)
    assert process.poll() is None
    SCALE.plan(cluster).inject(cluster, "r1")  # it was only stopped, and goes on
    assert replicas(server) == 0
    process.stdin.close()
    assert process.wait(SOON_S) == 0
    assert replicas(server) == 2


def test_it_ignores_what_a_terminal_sends_and_undoes_when_it_is_told_to_end(server, struck):
    process = struck()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    assert os.getsid(process.pid) == process.pid
    assert replicas(server) == 0
    process.terminate()
    assert process.wait(SOON_S) == 0
    assert replicas(server) == 2


def test_no_other_process_can_hold_its_pipe_open_or_read_where_it_works(struck, kubeconfig):
    process = struck()
    assert not os.get_inheritable(process.stdin.fileno())
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    assert b"r1" not in words
    assert str(kubeconfig).encode() not in words


def test_a_watchdog_that_cannot_reach_its_context_is_refused(kubeconfig, cluster, journal, server):
    lost = Watchdog(kubeconfig, "fkae", journal.path)
    with (
        pytest.raises(InvalidExperiment, match=r"did not get ready: .*'fake'"),
        injected(SCALE, cluster, journal, guardians=[lost]),
    ):
        pytest.fail("injected without its guardian")
    assert server.log == []
    assert journal.pending() == {}
    assert lost._processes == {}


def test_a_run_that_is_not_in_the_journal_is_refused(watchdog, cluster):
    with pytest.raises(InvalidExperiment, match="knows no pending run r1"):
        watchdog.arm("r1", SCALE.plan(cluster), datetime.now(UTC))


def test_an_order_comes_back_as_it_was():
    for kubeconfig in (None, Path("config")):
        order = Order("r1", Path("j.jsonl"), kubeconfig, "here", datetime(2026, 1, 2, tzinfo=UTC))
        assert Order.from_line(order.to_line()) == order


def test_an_injector_that_dies_before_its_order_leaves_no_watchdog(watchdog):
    process = watchdog.spawn()
    process.stdin.close()
    assert process.wait(SOON_S) == 2
    process.stdout.close()
    assert "Traceback" not in watchdog.log_path.read_text()


def test_an_injector_that_dies_before_it_hears_an_answer_has_its_run_closed(
    watchdog, cluster, journal, kubeconfig, server
):
    plan = SCALE.plan(cluster)
    journal.append("r1", RunEvent.PLANNED, time=cluster.now, payload=plan.to_json())
    expires = datetime.now(UTC) + timedelta(minutes=10)
    process = watchdog.spawn()
    process.stdout.close()
    process.stdin.write(Order("r1", journal.path, kubeconfig, "fake", expires).to_line())
    process.stdin.close()
    assert process.wait(SOON_S) == 0
    assert journal.pending() == {}
    assert replicas(server) == 2
