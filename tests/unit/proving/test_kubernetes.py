"""A cluster as a backend, over real sockets: a fake API server, and a real Prometheus beside it."""

import shutil
import socket
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.proving import kubernetes
from aiops.proving.kubernetes import Access, open_cluster, opted_in, sweep
from aiops.proving.running import run_trial
from aiops.proving.tools import RESTARTED_AT
from aiops.types import InvalidExperiment, InvalidInput, Unreachable, check_metrics
from chaos.backend import SimBackend
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.janitor import Janitor
from chaos.journal import Journal
from chaos.patch import lookup
from chaos.record import Effect, RunOutcome
from chaos.safety import LEASE, OPT_IN, Limits
from chaos.simulation.simulator import Simulator
from chaos.trial import FaultStep, Trial, prepare
from chaos.watchdog import Watchdog
from tests import memory_cluster
from tests.fake_api_server import FakeApiServer

CART = ObjectRef("Deployment", "shop", "cart")
MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]


@pytest.fixture
def server():
    """Return an API server with two services in a namespace that has opted in."""
    with FakeApiServer() as fake:
        fake.add(memory_cluster.opted_in("shop"))
        fake.add(memory_cluster.namespace("other"))
        for name in ("cart", "web"):
            for document in memory_cluster.application("shop", name):
                fake.add(document)
        yield fake


@pytest.fixture
def access(server, tmp_path):
    return Access(server.context, server.kubeconfig(tmp_path / "kubeconfig"), "shop")


@pytest.fixture
def place(access, tmp_path):
    """The cluster, with nobody who measures it."""
    with open_cluster(access, tmp_path / "journal.jsonl") as backend:
        yield backend


class TestCluster:
    def test_is_the_namespace_that_is_named(self, place):
        assert (place.name, place.system) == ("k8s", "shop")
        assert place.scope.labels("shop") == {OPT_IN: "true"}
        assert place.cluster.get(CART)["spec"]["replicas"] == 3

    def test_time_passes_by_sleeping(self, place, monkeypatch):
        slept = []
        monkeypatch.setattr(kubernetes.time, "sleep", slept.append)
        place.wait(2.5)
        assert slept == [2.5]

    def test_looking_changes_nothing(self, place, server):
        place.scope.labels("shop")
        opted_in(place)
        assert server.log == []

    def test_a_watchdog_stands_by_and_a_janitor_if_there_is_an_image(self, place, access, tmp_path):
        [watchdog] = place.guardians()
        assert isinstance(watchdog, Watchdog)
        assert (watchdog.context, watchdog.kubeconfig) == (access.context, access.kubeconfig)
        assert watchdog.journal_path == tmp_path / "journal.jsonl"
        with open_cluster(replace(access, janitor_image="python:3"), tmp_path / "j") as other:
            janitor, watchdog = other.guardians()
        assert isinstance(janitor, Janitor)
        assert isinstance(watchdog, Watchdog)

    def test_its_lease_is_that_of_the_namespace(self, place, server):
        lease = place.lease("r1")
        assert lease.take() is None
        assert server.object("Lease", "shop", LEASE)["spec"]["holderIdentity"] == "r1"
        assert lease.renew()
        with pytest.raises(InvalidExperiment, match="run r1 is at work in namespace shop"):
            place.lease("r2").take()
        lease.release()
        assert place.lease("r2").take() is None

    def test_a_decoy_is_a_rolling_restart(self, place, server):
        before = server.object("Deployment", "shop", "cart")
        place.disturb("rollout", "cart", seed=1)
        after = server.object("Deployment", "shop", "cart")
        assert lookup(after, RESTARTED_AT).startswith(f"{datetime.now(UTC):%Y-%m-%dT}")
        assert after["spec"]["template"]["spec"] == before["spec"]["template"]["spec"]

    def test_of_other_changes_it_knows_none(self, place, server):
        with pytest.raises(InvalidExperiment, match=r"no change 'rolout'.*'rollout'"):
            place.disturb("rolout", "cart", seed=1)
        assert server.log == []

    def test_namespaces_that_allow_faults_are_found(self, place, server):
        server.add(memory_cluster.opted_in("another"))
        assert opted_in(place) == ("another", "shop")

    def test_what_janitors_left_is_swept_on_a_cluster_only(self, place, server):
        assert sweep(place, ["shop"]) == ()
        assert sweep(SimBackend(Simulator(7)), ["shop"]) == ()
        assert server.log == []

    def test_without_prometheus_nothing_is_measured(self, place):
        with pytest.raises(InvalidInput, match="give --prometheus URL and --queries FILE"):
            place.metrics(datetime.now(UTC))
        assert place.alerts(datetime.now(UTC)) is None
        assert (place.queries, place.topology, place.entries) == (None, (), ())


class TestOpening:
    def test_prometheus_needs_to_know_what_to_ask(self, access, tmp_path):
        lost = replace(access, prometheus="http://127.0.0.1:9")
        with pytest.raises(InvalidInput, match="give --queries FILE"), open_cluster(lost, tmp_path):
            pytest.fail("it was opened")

    def test_a_file_of_queries_that_is_none_is_refused(self, access, tmp_path):
        path = tmp_path / "queries.toml"
        path.write_text("[metircs]\n")
        lost = replace(access, prometheus="http://127.0.0.1:9", queries=path)
        with pytest.raises(InvalidInput, match="metircs"), open_cluster(lost, tmp_path):
            pytest.fail("it was opened")

    def test_a_context_that_is_not_there_is_named_with_its_nearest(self, access, tmp_path):
        lost = replace(access, context="fkae")
        with pytest.raises(InvalidInput, match=r"'fkae'.*fake"), open_cluster(lost, tmp_path):
            pytest.fail("it was opened")

    def test_a_server_that_is_away_is_unreachable(self, access, server, tmp_path):
        server.stop()
        with pytest.raises(Unreachable), open_cluster(access, tmp_path) as place:
            place.cluster.get(CART)


class TestRun:
    """A whole run, with the watchdog that it arms; its phases are a twentieth of a second."""

    @pytest.fixture
    def trial(self):
        experiment = Experiment("scale.zero", CART, 0.05, 7, "r1")
        moment = {"baseline_s": 0.05, "recover_s": 0.05, "limits": Limits().with_outage()}
        return Trial("r1", 7, "t", steps=(FaultStep(experiment),), **moment)

    def test_takes_the_lease_injects_reverts_and_gives_all_back(
        self, place, server, trial, tmp_path, monkeypatch
    ):
        monkeypatch.setattr("aiops.proving.running.SETTLE_S", 0.0)
        before = server.object("Deployment", "shop", "cart")
        seen = []
        server.trouble = lambda method, path, attempt: seen.append(
            server.object("Deployment", "shop", "cart")["spec"]["replicas"]
        )
        journal = Journal(tmp_path / "journal.jsonl")
        kept = run_trial(trial, place, journal, tmp_path / "run")
        assert 0 in seen
        after = server.object("Deployment", "shop", "cart")
        assert after["spec"] == before["spec"]
        assert not any("chaos.aiops" in key for key in after["metadata"].get("annotations", {}))
        assert [entry.event for entry in journal.entries()] == [
            "planned", "injected", "armed", "undone", "verified",
        ]  # fmt: skip
        assert server.object("Lease", "shop", LEASE)["spec"]["holderIdentity"] == ""
        touched = {one.path.partition("/namespaces/shop/")[2] for one in server.log}
        assert touched == {"deployments/cart", "leases", f"leases/{LEASE}"}
        assert kept.record.outcome is RunOutcome.HELD
        assert kept.record.effect.effect is Effect.UNKNOWN
        assert not kept.measured

    def test_preparing_it_changes_nothing(self, place, server, trial):
        prepared = prepare(trial, place)
        assert prepared.preflight.clear
        assert prepared.victims == (str(CART),)
        assert server.log == []

    def test_a_namespace_that_has_not_opted_in_is_refused(self, place, server, trial, tmp_path):
        ops = [{"op": "remove", "path": "/metadata/labels"}]
        place.client.patch("Namespace", None, "shop", ops)
        changes = len(server.log)
        with pytest.raises(InvalidExperiment, match="namespace shop has not opted in"):
            run_trial(trial, place, Journal(tmp_path / "journal.jsonl"), tmp_path / "run")
        assert len(server.log) == changes


def openmetrics(until):
    """Return five minutes of two services until a moment, and of an alert of one of them."""
    times = [until.timestamp() - second for second in range(300, -1, -5)]
    lines = ["# TYPE load gauge"]
    for service in ("cart", "web"):
        lines += [f'load{{service="{service}"}} {at % 17} {at:.3f}' for at in times]
    labels = 'alertname="Slow",alertstate="firing",service="web"'
    lines += ["# TYPE ALERTS gauge", *(f"ALERTS{{{labels}}} 1 {at:.3f}" for at in times[20:40])]
    return "\n".join([*lines, "# EOF", ""])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Return the address of a Prometheus that knows the last five minutes, and when they end."""
    folder, now = tmp_path_factory.mktemp("prometheus"), datetime.now(UTC)
    (folder / "samples").write_text(openmetrics(now))
    (folder / "prometheus.yml").write_text("")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples", "data"]
    subprocess.run(backfill, cwd=folder, check=True, capture_output=True)
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*command, f"--web.listen-address={address}"], cwd=folder, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield f"http://{address}", now
        finally:
            process.kill()


@pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: there is no {' and no '.join(MISSING)}")
class TestMeasured:
    @pytest.fixture
    def measured(self, access, prometheus, tmp_path):
        queries = tmp_path / "queries.toml"
        queries.write_text(
            'entries = ["web"]\ncalls = [["web", "cart"]]\n[metrics]\nrequest_rate = "load"\n'
        )
        known = replace(access, prometheus=prometheus[0], queries=queries)
        with open_cluster(known, tmp_path / "journal.jsonl") as backend:
            deadline = time.monotonic() + 30.0
            while not backend.queries.ready() and time.monotonic() < deadline:
                time.sleep(0.05)
            yield backend

    def test_the_file_says_who_calls_whom(self, measured):
        assert (measured.topology, measured.entries) == ((("web", "cart"),), ("web",))

    def test_metrics_begin_after_the_moment_on_whole_steps(self, measured, prometheus):
        since = prometheus[1] - timedelta(seconds=120)
        frame = measured.metrics(since)
        check_metrics(frame)
        assert list(frame.columns) == [("cart", "request_rate"), ("web", "request_rate")]
        assert since < frame.index[0] <= since + timedelta(seconds=2 * kubernetes.STEP_S)
        seconds = {moment.timestamp() % kubernetes.STEP_S for moment in frame.index}
        assert seconds == {0.0}

    def test_it_ends_with_the_present(self, measured, prometheus):
        before = datetime.now(UTC)
        end = measured.metrics(prometheus[1] - timedelta(seconds=20)).index[-1]
        step = timedelta(seconds=kubernetes.STEP_S)
        assert before - step <= end <= datetime.now(UTC) + step

    def test_what_has_hardly_begun_cannot_be_measured_yet(self, measured):
        with pytest.raises(InvalidInput):
            measured.metrics(datetime.now(UTC))

    def test_alerts_are_those_of_its_own_rules(self, measured, prometheus):
        [alert] = measured.alerts(prometheus[1] - timedelta(seconds=280))
        assert (alert.name, alert.labels["service"]) == ("Slow", "web")
        assert alert.start <= prometheus[1] - timedelta(seconds=190)

    def test_promql_can_be_asked(self, measured):
        assert [sample.value for sample in measured.queries.query("count(load)")] == [2]
