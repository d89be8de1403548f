"""Putting a janitor into a cluster and out again; sleeping is when the cluster does its part."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.clients.kubernetes import Conflict, KubernetesClient
from aiops.types import Denied, InvalidExperiment, Unreachable
from chaos import ObjectRef, Plan
from chaos.deeds import DeleteDeed, PatchDeed
from chaos.janitor import Janitor, guardian, sweep
from chaos.janitor.objects import labels, manifests
from chaos.patience import Patience
from tests.fake_api_objects import NEW_KINDS, Kind
from tests.fake_api_server import FakeApiServer

CART = ObjectRef("Deployment", "shop", "cart")
SCALE = PatchDeed(
    CART,
    "u1",
    ({"op": "replace", "path": "/spec/replicas", "value": 0},),
    ({"op": "replace", "path": "/spec/replicas", "value": 3},),
)
PLAN = Plan("scale.zero", CART, (SCALE,))
NAME = "chaos-janitor-r1"
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def in_an_hour():
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def server():
    with FakeApiServer(kinds=(*NEW_KINDS, Kind("v1", "Event", "events"))) as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield running


@pytest.fixture
def client(server, tmp_path):
    return KubernetesClient.connect(
        server.kubeconfig(tmp_path / "config"), server.context, timeout_s=0.5
    )


class Scene:
    """What happens in the cluster at each look, one after the other; time passes with it."""

    def __init__(self):
        self.happenings = iter(())
        self.passed = 0.0

    def sleep(self, seconds):
        self.passed += seconds
        next(self.happenings, lambda: None)()

    def clock(self):
        return self.passed


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def janitor(client, scene):
    return Janitor(client, "python:3", patience=Patience(5.0, scene.sleep, scene.clock))


def add_pod(server, status, run="r1"):
    meta = {"name": f"{run}-pod", "namespace": "shop", "labels": labels(run)}
    server.add({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status})


def kinds_left(client, run="r1"):
    """Return the kinds of the janitor's objects that are there and that belong to no Job gone.

    The fake collects no garbage: what belongs to a Job goes with it on a real server.
    """
    jobs = {job["metadata"]["uid"] for job in client.list("Job", "shop", labels(run))}
    return {
        kind
        for kind in ("Job", "ServiceAccount", "Role", "RoleBinding", "ConfigMap")
        for found in client.list(kind, "shop", labels(run))
        if {owner["uid"] for owner in found["metadata"].get("ownerReferences", ())} <= jobs
    }


def test_it_returns_once_the_pod_is_ready(janitor, server, scene, client):
    scene.happenings = iter([lambda: None, lambda: add_pod(server, READY)])
    janitor.arm("r1", PLAN, in_an_hour())
    assert scene.passed == 2 * guardian.LOOK_EVERY_S
    assert len(kinds_left(client)) == 5


def test_the_job_starts_once_all_that_it_needs_is_there(janitor, server):
    add_pod(server, READY)
    janitor.arm("r1", PLAN, in_an_hour())
    changed = [(one.method, one.path.rpartition("/")[2]) for one in server.log]
    assert changed == [
        ("POST", "jobs"),
        ("POST", "serviceaccounts"),
        ("POST", "roles"),
        ("POST", "rolebindings"),
        ("POST", "configmaps"),
        ("PATCH", NAME),
    ]
    job = server.object("Job", "shop", NAME)
    assert job["spec"]["parallelism"] == 1
    assert 24 * 3600 < job["spec"]["activeDeadlineSeconds"] - 3600 + 60 < 25 * 3600
    owners = server.object("Role", "shop", NAME)["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == [job["metadata"]["uid"]]


def test_disarming_deletes_the_job_and_what_belongs_to_it(janitor, server, client):
    add_pod(server, READY)
    janitor.arm("r1", PLAN, in_an_hour())
    janitor.disarm("r1")
    assert kinds_left(client) == set()
    janitor.disarm("r1")
    janitor.disarm("never-armed")


def test_disarming_insists_while_the_server_is_away(janitor, server, scene, client):
    add_pod(server, READY)
    janitor.arm("r1", PLAN, in_an_hour())
    away = {("DELETE", attempt) for attempt in range(1, 4)}
    server.trouble = lambda method, path, attempt: 503 if (method, attempt) in away else None
    janitor.disarm("r1")
    assert kinds_left(client) == set()


def test_disarming_can_be_tried_again(janitor, server, client):
    add_pod(server, READY)
    janitor.arm("r1", PLAN, in_an_hour())
    server.trouble = lambda method, path, attempt: 503
    with pytest.raises(Unreachable):
        janitor.disarm("r1")
    server.trouble = lambda method, path, attempt: None
    janitor.disarm("r1")
    assert kinds_left(client) == set()


def test_a_plan_with_nothing_to_undo_gets_no_janitor(janitor, server):
    pod = DeleteDeed(ObjectRef("Pod", "shop", "cart-0"), "u")
    janitor.arm("r1", Plan("pod.delete", CART, (pod,)), in_an_hour())
    janitor.disarm("r1")
    assert server.requests == []


def waiting(reason):
    state = {"waiting": {"reason": reason}}
    return {"containerStatuses": [{"image": "python:3", "state": state}]}


def test_an_image_that_cannot_be_pulled_is_said_at_once(janitor, server, scene, client):
    scene.happenings = iter(
        [lambda: add_pod(server, waiting("ContainerCreating")), lambda: server.api.objects.patch(
            server.api.kind("Pod"), "shop", "r1-pod",
            [{"op": "replace", "path": "/status", "value": waiting("ErrImagePull")}])]
    )  # fmt: skip
    with pytest.raises(InvalidExperiment, match="image python:3 cannot be pulled"):
        janitor.arm("r1", PLAN, in_an_hour())
    assert scene.passed == 2 * guardian.LOOK_EVERY_S
    assert kinds_left(client) == set()


def test_a_pod_that_never_gets_ready_is_given_up(janitor, server, scene, client):
    add_pod(server, {"phase": "Pending"})
    with pytest.raises(InvalidExperiment, match="did not read its objects within 60 s"):
        janitor.arm("r1", PLAN, in_an_hour())
    assert scene.passed == pytest.approx(60, abs=1)
    assert kinds_left(client) == set()


def test_a_quota_that_allows_no_pod_is_named(janitor, server, client, monkeypatch):
    # The fake drops what an Event says.
    listed = client.list

    def listing(kind, namespace, selected=None):
        if kind != "Event":
            return listed(kind, namespace, selected)
        about = {"uid": server.object("Job", "shop", NAME)["metadata"]["uid"]}
        said = "exceeded quota: small"
        return [{"type": "Warning", "involvedObject": about, "message": said}]

    monkeypatch.setattr(client, "list", listing)
    with pytest.raises(InvalidExperiment, match="did not get ready: exceeded quota: small"):
        janitor.arm("r1", PLAN, in_an_hour())
    assert kinds_left(client) == set()


def test_without_the_right_to_read_events_the_error_says_what_is_known(janitor, server):
    server.deny("list", "events")
    with pytest.raises(InvalidExperiment, match="it got no pod within 60 s"):
        janitor.arm("r1", PLAN, in_an_hour())


def test_the_last_words_of_the_janitor_are_passed_on(janitor, server, scene, client, monkeypatch):
    add_pod(server, {"phase": "Pending"})
    monkeypatch.setattr(client, "logs", lambda *_, **__: "cannot look: HTTP 403: no\n")
    with pytest.raises(InvalidExperiment, match="it said: cannot look: HTTP 403: no"):
        janitor.arm("r1", PLAN, in_an_hour())


@pytest.mark.parametrize("resource", ["jobs", "roles", "configmaps"])
def test_a_right_that_is_missing_leaves_nothing_behind(janitor, server, client, resource):
    server.deny("create", resource)
    with pytest.raises(Denied, match=resource):
        janitor.arm("r1", PLAN, in_an_hour())
    assert kinds_left(client) == set()


def test_the_first_error_is_told_even_if_the_janitor_cannot_be_taken_out(janitor, server):
    server.deny("create", "roles")
    server.deny("delete", "jobs")
    with pytest.raises(Denied, match="create roles"):
        janitor.arm("r1", PLAN, in_an_hour())


def test_one_that_gets_ready_too_late_is_none(janitor, server, client):
    add_pod(server, READY)
    with pytest.raises(InvalidExperiment, match="overdue; hold it longer"):
        janitor.arm("r1", PLAN, datetime.now(UTC) - timedelta(seconds=1))
    assert kinds_left(client) == set()


def add_job(server, run, **changes):
    job = manifests(run, PLAN, in_an_hour(), lifetime_s=60)[0]
    metadata = job["metadata"] | changes.pop("metadata", {})
    spec = job["spec"] | changes.pop("spec", {})
    server.add(job | {"metadata": metadata, "spec": spec} | changes)


def ended(kind):
    return {"conditions": [{"type": kind, "status": "True"}]}


def test_sweeping_takes_what_has_ended_or_never_began(server, client):
    add_job(server, "complete", spec={"parallelism": 1}, status=ended("Complete"))
    add_job(server, "failed", spec={"parallelism": 1}, status=ended("Failed"))
    add_job(server, "at-work", spec={"parallelism": 1}, status={})
    add_job(server, "being-armed")
    assert sweep(client, "shop") == ("complete", "failed")
    left = [job["metadata"]["labels"]["chaos.aiops/run"] for job in client.list("Job", "shop")]
    assert sorted(left) == ["at-work", "being-armed"]


def test_sweeping_takes_what_was_abandoned_while_it_was_armed(server, client, monkeypatch):
    add_job(server, "being-armed")
    monkeypatch.setattr(guardian, "ABANDONED", timedelta(seconds=-60))
    assert sweep(client, "shop") == ("being-armed",)


def test_sweeping_leaves_other_jobs_alone(server, client):
    meta = {"name": "report", "namespace": "shop"}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {}}
    server.add(job | {"status": ended("Complete")})
    assert sweep(client, "shop") == ()
    assert server.log == []


def test_a_run_has_one_janitor_only(janitor, server, client):
    add_job(server, "r1")
    with pytest.raises(Conflict):
        janitor.arm("r1", PLAN, in_an_hour())
