"""What a process leaves behind that was killed is undone from the journal, and from the marks."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import RevertIncomplete
from chaos.cluster import ObjectRef
from chaos.deeds import PatchDeed
from chaos.experiment import Experiment, injected
from chaos.journal import Journal, RunEvent
from chaos.live import LiveCluster
from chaos.marks import SCHEMA
from chaos.patch import PatchConflict
from chaos.patience import Patience
from chaos.recovery import elsewhere, recover, recover_marked
from chaos.reverting import Reverting
from chaos.simulation.simulator import Simulator
from tests.fake_api_server import FakeApiServer

IMPATIENT = Patience(seconds=0.0)


@pytest.fixture
def server():
    """Return an API server with two Deployments and their Services in each of two namespaces."""
    with FakeApiServer() as fake:
        for namespace in ("shop", "till"):
            fake.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            for name in ("cart", "web"):
                metadata = {"name": name, "namespace": namespace}
                fake.add(
                    {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "metadata": metadata,
                        "spec": {"replicas": 2},
                    }
                )
                fake.add(
                    {
                        "apiVersion": "v1",
                        "kind": "Service",
                        "metadata": metadata,
                        "spec": {"selector": {"app": name}},
                    }
                )
        yield fake


@pytest.fixture
def cluster(server, tmp_path):
    kubeconfig = server.kubeconfig(tmp_path / "kubeconfig")
    return LiveCluster(KubernetesClient.connect(kubeconfig, "fake", timeout_s=5.0))


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal.jsonl")


@pytest.fixture
def crash(cluster, journal):
    """Leave a fault behind, as a process does that is killed while it holds it."""

    def leave(run, fault="scale.zero", kind="Deployment", name="cart", namespace="shop"):
        experiment = Experiment(
            fault, ObjectRef(kind, namespace, name), hold_s=60.0, seed=1, run=run
        )
        reverting = Reverting(run, experiment.plan(cluster), cluster, journal)
        reverting.note(RunEvent.PLANNED, **reverting.plan.to_json(), cluster=cluster.identity)
        reverting.inject(cluster.now + timedelta(minutes=1))

    return leave


def state(server):
    """Return all specs and marks there are."""
    return [
        (one["spec"], one["metadata"].get("annotations") or {})
        for kind in ("Deployment", "Service")
        for one in server.api.objects.all(server.api.kind(kind), None, {})
    ]


def test_every_pending_run_is_undone_from_the_journal(server, cluster, journal, crash):
    before = state(server)
    crash("r1")
    crash("r2", fault="svc.selector", kind="Service", name="web")
    assert state(server) != before
    assert recover(cluster, journal) == ("r1", "r2")
    assert state(server) == before
    assert journal.pending() == {}


def test_to_recover_twice_is_to_recover_once(server, cluster, journal, crash):
    crash("r1")
    recover(cluster, journal)
    before = state(server)
    assert recover(cluster, journal) == ()
    assert state(server) == before


def test_from_another_machine_the_marks_are_enough(server, cluster, crash, tmp_path):
    before = state(server)
    crash("r1")
    crash("r2", fault="svc.selector", kind="Service", name="web", namespace="till")
    elsewhere = Journal(tmp_path / "elsewhere.jsonl")
    assert set(recover_marked(cluster, elsewhere, ["shop", "till"])) == {"r1", "r2"}
    assert state(server) == before
    assert elsewhere.pending() == {}


def test_only_the_namespaces_asked_for_are_looked_at(server, cluster, crash, tmp_path):
    crash("r1", namespace="shop")
    crash("r2", namespace="till")
    elsewhere = Journal(tmp_path / "elsewhere.jsonl")
    assert recover_marked(cluster, elsewhere, ["till"]) == ("r2",)
    assert server.object("Deployment", "shop", "cart")["spec"]["replicas"] == 0


def test_a_run_that_was_planned_and_never_begun_is_closed(server, cluster, journal):
    before = state(server)
    target = ObjectRef("Deployment", "shop", "cart")
    experiment = Experiment("scale.zero", target, hold_s=60.0, seed=1, run="r1")
    plan = experiment.plan(cluster)
    journal.append("r1", RunEvent.PLANNED, time=cluster.now, payload=plan.to_json())
    assert recover(cluster, journal) == ("r1",)
    assert state(server) == before
    assert journal.pending() == {}


def test_one_run_that_cannot_be_undone_keeps_no_other_from_it(server, cluster, journal, crash):
    crash("r1")
    crash("r2", name="web")
    server.trouble = lambda method, path, attempt: 500 if path.endswith("/cart") else None
    with pytest.raises(RevertIncomplete, match=r"run r1.* 500"):
        recover(cluster, journal, patience=IMPATIENT)
    assert list(journal.pending()) == ["r1"]
    assert server.object("Deployment", "shop", "web")["spec"]["replicas"] == 2


def test_what_someone_else_changed_is_kept_and_the_run_is_closed(server, cluster, journal, crash):
    crash("r1")
    target = ObjectRef("Deployment", "shop", "cart")
    cluster.patch(target, [{"op": "replace", "path": "/spec/replicas", "value": 5}])
    with pytest.raises(RevertIncomplete, match="/spec/replicas was changed by someone else"):
        recover(cluster, journal)
    assert cluster.get(target)["spec"]["replicas"] == 5
    assert journal.pending() == {}
    assert not cluster.get(target)["metadata"].get("annotations")


def test_an_object_that_is_gone_needs_nothing(server, cluster, journal, crash):
    crash("r1")
    target = ObjectRef("Deployment", "shop", "cart")
    cluster.delete(target, uid=cluster.get(target)["metadata"]["uid"])
    assert recover(cluster, journal) == ("r1",)


def annotate(cluster, name, run, text):
    target = ObjectRef("Deployment", "shop", name)
    mark = {f"chaos.aiops/{run}": text}
    cluster.patch(target, [{"op": "add", "path": "/metadata/annotations", "value": mark}])
    return target, mark


@pytest.mark.parametrize("text", ["true", "rm -rf", '{"schema": "another/v1"}', "[]"])
def test_an_annotation_that_only_looks_like_a_mark_is_none(cluster, journal, text):
    target, mark = annotate(cluster, "cart", "enabled", text)
    assert recover_marked(cluster, journal, ["shop"]) == ()
    assert cluster.get(target)["metadata"]["annotations"] == mark
    assert journal.entries() == ()


@pytest.mark.parametrize(
    "rest", [{}, {"fault": "f", "deed": {"do": "exec"}}, {"fault": "f", "deed": 1}]
)
def test_a_mark_that_cannot_be_read_keeps_no_other_run_from_being_undone(
    server, cluster, journal, crash, rest
):
    crash("r1", name="web")
    target, mark = annotate(cluster, "cart", "r9", json.dumps({"schema": SCHEMA} | rest))
    with pytest.raises(RevertIncomplete, match=r"Deployment shop/cart bears a mark.* read"):
        recover_marked(cluster, journal, ["shop"])
    assert server.object("Deployment", "shop", "web")["spec"]["replicas"] == 2
    assert cluster.get(target)["metadata"]["annotations"] == mark
    assert journal.pending() == {}


def test_a_fence_that_was_left_is_taken_away(server, cluster, journal):
    target, _ = annotate(cluster, "cart", "r9", "fence")
    before = cluster.get(target)["spec"]
    assert recover_marked(cluster, journal, ["shop"]) == ("r9",)
    after = cluster.get(target)
    assert (after["spec"], after["metadata"].get("annotations")) == (before, {})
    assert journal.pending() == {}


def test_what_may_not_be_listed_keeps_no_mark_from_being_found(server, cluster, journal, crash):
    crash("r1")
    server.deny("list", "statefulsets")
    with pytest.raises(RevertIncomplete, match="no StatefulSet in shop was looked at"):
        recover_marked(cluster, journal, ["shop"])
    assert server.object("Deployment", "shop", "cart")["spec"]["replicas"] == 2


def test_a_run_that_the_journal_knows_is_not_closed_by_the_part_that_bears_marks(
    server, cluster, journal, crash
):
    crash("r1")
    plan = journal.pending()["r1"]
    server.deny("get", "services")
    lost = PatchDeed(ObjectRef("Service", "shop", "web"), "u", (), ())
    payload = replace(plan, deeds=(lost, *plan.deeds)).to_json() | {"cluster": cluster.identity}
    journal.append("r1", RunEvent.PLANNED, time=cluster.now, payload=payload)
    with pytest.raises(RevertIncomplete, match="get services"):
        recover_marked(cluster, journal, ["shop"])
    assert list(journal.pending()) == ["r1"]
    assert server.object("Deployment", "shop", "cart")["spec"]["replicas"] == 2


class TestOtherClusters:
    @pytest.fixture
    def crash(self, cluster, journal, crash):
        """Leave a fault behind that is written up as of another cluster, or of none."""

        def leave(identity, *, uid=None):
            crash("r1")
            payload = journal.pending()["r1"].to_json()
            if identity:
                payload["cluster"] = identity
            if uid is not None:
                payload["deeds"][0]["uid"] = uid
            journal.append("r1", RunEvent.PLANNED, time=cluster.now, payload=payload)

        return leave

    @pytest.mark.parametrize(
        ("identity", "uid"),
        [
            ("another-uid", None),
            ("simulator", None),
            ("https://another.example", "another"),
            (None, "another"),
            (None, ""),
        ],
    )
    def test_their_runs_are_left_alone_and_pending(
        self, server, cluster, journal, crash, identity, uid
    ):
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})
        crash(identity, uid=uid)
        del cluster.identity  # it was read before the namespace was there
        struck = state(server)
        assert recover(cluster, journal) == ()
        assert elsewhere(cluster, journal) == (() if identity == "simulator" else ("r1",))
        assert state(server) == struck
        assert list(journal.pending()) == ["r1"]

    @pytest.mark.parametrize("identity", [None, "https://another-address.example"])
    def test_one_told_by_the_uid_of_its_object_is_ours(
        self, server, cluster, journal, crash, identity
    ):
        before = state(server)
        crash(identity)
        assert elsewhere(cluster, journal) == ()
        assert recover(cluster, journal) == ("r1",)
        assert state(server) == before

    def test_one_that_cannot_be_told_keeps_no_other_from_being_undone(
        self, server, cluster, journal, crash
    ):
        crash(None)
        web = ObjectRef("Deployment", "shop", "web")
        plan = Experiment("scale.zero", web, hold_s=60.0, seed=1, run="r2").plan(cluster)
        payload = plan.to_json() | {"cluster": cluster.identity}
        journal.append("r2", RunEvent.PLANNED, time=cluster.now, payload=payload)
        plan.inject(cluster, "r2")
        server.trouble = lambda method, path, attempt: 503 if path.endswith("/cart") else None
        with pytest.raises(RevertIncomplete, match=r"run r1: whether .* cannot be told"):
            recover(cluster, journal, patience=IMPATIENT)
        assert server.object("Deployment", "shop", "web")["spec"]["replicas"] == 2
        assert list(journal.pending()) == ["r1"]

    def test_a_simulator_takes_back_no_run_of_a_real_one(self, cluster, journal, crash):
        crash(None)
        assert recover(Simulator(7), journal) == ()
        assert list(journal.pending()) == ["r1"]


def test_a_conflict_is_reported_even_if_the_answer_to_the_undo_is_lost(server, cluster, journal):
    target = ObjectRef("Deployment", "shop", "cart")
    experiment = Experiment("scale.zero", target, hold_s=60.0, seed=1, run="r1")
    dropped = []

    def cut_once(method, path, attempt):
        if method == "PATCH" and not dropped:
            dropped.append(path)
            return "cut"
        return None

    def hold():
        with injected(experiment, cluster, journal):
            cluster.patch(target, [{"op": "replace", "path": "/spec/replicas", "value": 5}])
            server.trouble = cut_once

    with pytest.raises(RevertIncomplete, match="/spec/replicas was changed by someone else"):
        hold()
    assert dropped
    assert cluster.get(target)["spec"]["replicas"] == 5
    assert journal.pending() == {}


def test_what_someone_sets_between_mark_and_deed_is_not_overwritten(server, cluster, journal):
    """JSON Patch has no test for absence, so an `add` alone would write over it."""
    web = ObjectRef("Service", "shop", "web")
    experiment = Experiment("svc.selector", web, hold_s=60.0, seed=1, run="r1")
    label = "chaos.aiops/no-such-pod"
    theirs = {"op": "add", "path": f"/spec/selector/{label.replace('/', '~1')}", "value": "theirs"}

    def write_before_the_deed(method, path, attempt):
        if method == "PATCH" and attempt == 2:
            service = server.api.kind("Service")
            server.api.objects.patch(service, "shop", "web", [theirs])

    server.trouble = write_before_the_deed
    with pytest.raises(PatchConflict), injected(experiment, cluster, journal):
        pytest.fail("injected over what someone else had set")
    after = cluster.get(web)
    assert after["spec"]["selector"] == {"app": "web", label: "theirs"}
    assert not after["metadata"].get("annotations")
    assert journal.pending() == {}
