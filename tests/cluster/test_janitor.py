"""The janitor on a real cluster: injector killed, no watchdog, nobody left but the Job.

Where they run, `tests.cluster.place` says; E2E_JANITOR_RUNS=20 kills twenty injectors instead of
three. Run as a program, this file is the injector that is killed; see `inject_and_die`.
"""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import pytest
import yaml

from aiops.clients.kubernetes import KubernetesClient
from aiops.types import Denied, InvalidExperiment
from chaos import Experiment, Journal, ObjectRef, RunEvent, injected
from chaos.janitor import Janitor, rights, sweep
from chaos.janitor.objects import RUN_LABEL, janitor_name
from chaos.live import LiveCluster
from chaos.marks import runs_on
from chaos.reverting import Reverting
from tests.cluster.place import IMAGE, context, kubeconfig, on_a_cluster

RUNS = int(os.environ.get("E2E_JANITOR_RUNS", "3"))
AT_ONCE = 4
HOLD_S = 10.0
LATEST_S = 60.0
PATCHING = (
    "scale.zero",
    "svc.selector",
    "env.mutate",
    "pod.failure",
    "image.bad",
    "memory.low",
    "cpu.low",
    "probe.readiness",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    on_a_cluster,
]


def connect():
    return KubernetesClient.connect(kubeconfig(), context())


def until(check, within_s, every_s=0.25):
    """Return what `check` returns once it is true; fail after `within_s`."""
    end = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < end, f"not so within {within_s:g} s: {check}"
        time.sleep(every_s)
    return found


def deployment(namespace, name):
    probe = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 2}
    container = {
        "name": "app",
        "image": IMAGE,
        "command": ["python3", "-m", "http.server"],
        "env": [{"name": "GREETING", "value": "hello"}],
        "readinessProbe": probe,
        "resources": {"limits": {"cpu": "500m", "memory": "96Mi"}, "requests": {"cpu": "5m"}},
    }
    labels = {"app": name}
    pod = {"containers": [container], "terminationGracePeriodSeconds": 0}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def service(namespace, name):
    meta = {"name": name, "namespace": namespace}
    spec = {"selector": {"app": name}, "ports": [{"port": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


@pytest.fixture(scope="module")
def client():
    return connect()


@pytest.fixture(scope="module")
def namespace(client):
    """A namespace of our own with one target for each run at a time, and for each fault."""
    name = f"janitor-{secrets.token_hex(3)}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for number in range(AT_ONCE):
        client.create(deployment(name, f"target-{number}"))
        client.create(service(name, f"target-{number}"))
    for number in range(AT_ONCE):
        until(lambda: is_settled(client, name, f"target-{number}"), 120)  # noqa: B023  used at once
    yield name
    client.delete("Namespace", None, name)


def is_settled(client, namespace, name):
    found = client.get("Deployment", namespace, name)
    status = found.get("status", {})
    current = status.get("observedGeneration") == found["metadata"]["generation"]
    wanted = found["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
    pods = client.list("Pod", namespace, {"app": name})
    return current and counts == [wanted] * 3 and len(pods) == wanted


def target_of(fault, namespace, slot):
    kind = "Service" if fault == "svc.selector" else "Deployment"
    return ObjectRef(kind, namespace, f"target-{slot}")


def inject_and_die(journal, run, fault, *target):
    """Arm a janitor and no watchdog, inject, and be killed with the fault in place."""
    cluster = LiveCluster(connect())
    experiment = Experiment(fault, ObjectRef(*target), HOLD_S, 0, run)
    guardian = Janitor(cluster.client, IMAGE)
    with injected(experiment, cluster, Journal(Path(journal)), guardians=[guardian]):
        os.kill(os.getpid(), signal.SIGKILL)


def spec_of(cluster, ref):
    """Return what a revert must bring back."""
    return cluster.get(ref)["spec"]


def kill_one(client, namespace, folder, fault, slot):
    """Have one injector killed; return the seconds from the expiry to the revert."""
    cluster, target = LiveCluster(client), target_of(fault, namespace, slot)
    run, journal = f"k{secrets.token_hex(4)}", folder / f"{fault}-{slot}-{secrets.token_hex(2)}"
    until(lambda: is_settled(client, namespace, target.name), 120)
    arguments = [str(journal), run, fault, target.kind, target.namespace, target.name]
    before = Experiment(fault, target, HOLD_S, 0, run).plan(cluster)
    specs = {victim: spec_of(cluster, victim) for victim in before.victims}
    command = [sys.executable, "-m", "tests.cluster.test_janitor", *arguments]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    assert all(run in runs_on(cluster.get(victim)) for victim in specs), "the fault was in place"
    assert all(spec_of(cluster, victim) != spec for victim, spec in specs.items())

    def is_undone():
        return all(
            spec_of(cluster, ref) == spec and run not in runs_on(cluster.get(ref))
            for ref, spec in specs.items()
        )

    [planned] = [entry for entry in Journal(journal).entries() if entry.event is RunEvent.PLANNED]
    expires = datetime.fromisoformat(planned.payload["expires"])
    left_s = (expires - datetime.now(UTC)).total_seconds()
    until(is_undone, left_s + 2 * LATEST_S)
    return (datetime.now(UTC) - expires).total_seconds()


def test_it_undoes_what_a_killed_injector_left_behind(client, namespace, tmp_path):
    faults = list(islice(cycle(PATCHING), RUNS))
    late = []
    for start in range(0, RUNS, AT_ONCE):
        share = faults[start : start + AT_ONCE]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            attempts = [
                pool.submit(kill_one, client, namespace, tmp_path, fault, slot)
                for slot, fault in enumerate(share)
            ]
        late += [attempt.result() for attempt in attempts]
    shown = ", ".join(f"{fault} {s:+.1f}" for fault, s in zip(faults, late, strict=True))
    print(f"\nseconds from expiry to revert, {len(late)} of {RUNS} runs: {shown}")  # noqa: T201  the figures
    assert len(late) == RUNS
    assert max(late) <= LATEST_S
    assert min(late) > -1.0, "before its expiry the fault is not the janitor's business"
    until(lambda: not unswept(client, namespace), 60)


def unswept(client, namespace):
    """Sweep, and return the Jobs that are left because they have not ended yet."""
    sweep(client, namespace)
    return client.list("Job", namespace, {"app.kubernetes.io/name": "chaos-janitor"})


def is_complete(client, namespace, run):
    status = client.get("Job", namespace, janitor_name(run)).get("status", {})
    return status.get("succeeded") == 1


@pytest.fixture
def reverting(client, namespace, tmp_path):
    """Return a run of scale.zero on the first target."""
    cluster = LiveCluster(client)
    run = f"r{secrets.token_hex(4)}"
    until(lambda: is_settled(client, namespace, "target-0"), 120)
    plan = Experiment("scale.zero", target_of("scale.zero", namespace, 0), HOLD_S, 0, run).plan(
        cluster
    )
    return Reverting(run, plan, cluster, Journal(tmp_path / "journal.jsonl"))


@pytest.fixture
def armed(client, reverting):
    """Return the expiry of the run; its janitor is armed, and taken out at the end."""
    janitor, expires = Janitor(client, IMAGE), datetime.now(UTC) + timedelta(seconds=30)
    janitor.arm(reverting.id, reverting.plan, expires)
    yield expires
    janitor.disarm(reverting.id)


def test_it_ends_by_itself_once_the_fault_is_gone(client, namespace, reverting, armed):
    reverting.inject(armed)
    time.sleep(5.0)  # it looks every two seconds
    reverting.revert()
    until(lambda: is_complete(client, namespace, reverting.id), 20)
    assert datetime.now(UTC) < armed
    assert sweep(client, namespace) == (reverting.id,)
    until(lambda: not left_behind(client, namespace, reverting.id), 30)


def left_behind(client, namespace, run):
    """Return what is there of the janitor of a run and not on its way out."""
    kinds = ("Job", "Pod", "ServiceAccount", "Role", "RoleBinding", "ConfigMap")
    return [
        (kind, found["metadata"]["name"])
        for kind in kinds
        for found in client.list(kind, namespace, {RUN_LABEL: run})
        if "deletionTimestamp" not in found["metadata"]
    ]


def test_what_someone_else_changed_is_kept_and_said(client, namespace, reverting, armed):
    reverting.inject(armed)
    scaled = [{"op": "replace", "path": "/spec/replicas", "value": 2}]
    client.patch("Deployment", namespace, "target-0", scaled)
    [pod] = client.list("Pod", namespace, {RUN_LABEL: reverting.id})
    within_s = (armed - datetime.now(UTC)).total_seconds() + LATEST_S
    until(lambda: is_complete(client, namespace, reverting.id), within_s)
    found = client.get("Deployment", namespace, "target-0")
    assert (found["spec"]["replicas"], runs_on(found)) == (2, ())
    said = client.logs(namespace, pod["metadata"]["name"])
    assert "kept what others changed: /spec/replicas" in said


def test_another_pod_takes_over_from_one_that_is_lost(client, namespace, reverting, armed):
    before = client.get("Deployment", namespace, "target-0")["spec"]
    reverting.inject(armed)
    [pod] = client.list("Pod", namespace, {RUN_LABEL: reverting.id})
    client.delete("Pod", namespace, pod["metadata"]["name"], uid=pod["metadata"]["uid"])
    within_s = (armed - datetime.now(UTC)).total_seconds() + LATEST_S
    until(lambda: is_complete(client, namespace, reverting.id), within_s)
    found = client.get("Deployment", namespace, "target-0")
    assert (found["spec"], runs_on(found)) == (before, ())


ASK_AS_JANITOR = """
import json, os, ssl, sys, urllib.error, urllib.request
account = "/var/run/secrets/kubernetes.io/serviceaccount/"
host = os.environ["KUBERNETES_SERVICE_HOST"] + ":" + os.environ["KUBERNETES_SERVICE_PORT"]
trusted = ssl.create_default_context(cafile=account + "ca.crt")
def ask(method, path, body=None):
    kind = "application/json-patch+json" if method == "PATCH" else "application/json"
    headers = {"Authorization": "Bearer " + open(account + "token").read(), "Content-Type": kind}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request("https://" + host + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, context=trusted) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None
calls = json.loads(sys.argv[1])
review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
          "spec": {"namespace": sys.argv[2]}}
rules = ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)[1]
print(json.dumps([[ask(*call)[0] for call in calls], rules["status"]["resourceRules"]]))
"""


def test_its_account_can_do_nothing_but_the_revert(client, namespace, reverting, armed):
    assert armed
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    allowed = [
        ("GET", f"{apps}/deployments/target-0"),
        ("PATCH", f"{apps}/deployments/target-0", []),
    ]
    denied = [
        ("DELETE", f"{apps}/deployments/target-0"),
        ("PATCH", f"{apps}/deployments/target-0/scale", []),
        ("GET", f"{apps}/deployments"),
        ("GET", f"{apps}/deployments/target-1"),
        ("PATCH", f"{apps}/deployments/target-1", []),
        ("PATCH", f"{core}/services/target-0", []),
        ("GET", f"{core}/secrets"),
        ("GET", f"{core}/configmaps/{janitor_name(reverting.id)}"),
        ("GET", f"{core}/pods"),
        ("POST", f"{core}/pods", {}),
        ("GET", "/api/v1/namespaces"),
        ("GET", "/apis/apps/v1/namespaces/kube-system/deployments/target-0"),
    ]
    [pod] = client.list("Pod", namespace, {RUN_LABEL: reverting.id})
    argv = ["python3", "-c", ASK_AS_JANITOR, json.dumps([*allowed, *denied]), namespace]
    ran = client.run(namespace, pod["metadata"]["name"], None, argv, timeout_s=30)
    assert ran.code == 0, ran.stderr
    statuses, rules = json.loads(ran.stdout)
    assert statuses == [200] * len(allowed) + [403] * len(denied)
    own = [rule for rule in rules if "authorization.k8s.io" not in rule["apiGroups"]]
    [rule] = own
    assert rule == {
        "verbs": ["get", "patch"],
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "resourceNames": ["target-0"],
    }


def test_an_image_that_cannot_be_pulled_is_one_clear_error(client, namespace, reverting):
    expires = datetime.now(UTC) + timedelta(seconds=60)
    with pytest.raises(InvalidExperiment, match=r"no\.example/none:1 cannot be pulled"):
        Janitor(client, "no.example/none:1").arm(reverting.id, reverting.plan, expires)
    until(lambda: not left_behind(client, namespace, reverting.id), 30)


def test_a_quota_that_leaves_it_no_pod_is_named(client, namespace, reverting):
    expires = datetime.now(UTC) + timedelta(seconds=60)
    meta = {"name": "no-more-pods", "namespace": namespace}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta}
    client.create({**quota, "spec": {"hard": {"pods": "0"}}})
    try:
        until(lambda: client.get("ResourceQuota", namespace, meta["name"]).get("status"), 20)
        with pytest.raises(InvalidExperiment, match="exceeded quota: no-more-pods"):
            Janitor(client, IMAGE, ready_within_s=5.0).arm(reverting.id, reverting.plan, expires)
    finally:
        client.delete("ResourceQuota", namespace, meta["name"])
    until(lambda: not left_behind(client, namespace, reverting.id), 30)


GROUPS = {
    "jobs": "batch",
    "roles": "rbac.authorization.k8s.io",
    "rolebindings": "rbac.authorization.k8s.io",
    "deployments": "apps",
}


def account_with(client, namespace, listed):
    """Create a service account that holds exactly the listed rights; return its token."""
    meta = {"name": f"arms-{secrets.token_hex(3)}", "namespace": namespace}
    pairs = [right.split() for right in listed]
    rules = [
        {"apiGroups": [GROUPS.get(plural, "")], "resources": [plural], "verbs": [verb]}
        for verb, plural in pairs
    ]
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": meta}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": meta["name"]}
    who = [{"kind": "ServiceAccount", **meta}]
    bound = {"annotations": {"kubernetes.io/service-account.name": meta["name"]}}
    client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    client.create({**rbac, "kind": "Role", "rules": rules})
    client.create({**rbac, "kind": "RoleBinding", "subjects": who, "roleRef": role})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {**meta, **bound}}
    client.create({**secret, "type": "kubernetes.io/service-account-token"})
    data = until(lambda: client.get("Secret", namespace, meta["name"]).get("data"), 20)
    return base64.b64decode(data["token"]).decode()


def connect_as(token, folder):
    """Return a client of the same cluster that holds nothing but a token."""
    config = yaml.safe_load(kubeconfig().read_text(encoding="utf-8"))
    other = {"name": "other", "context": {"cluster": current(config)["cluster"], "user": "other"}}
    config |= {"contexts": [other], "users": [{"name": "other", "user": {"token": token}}]}
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return KubernetesClient.connect(path, "other")


def current(config):
    """Return the context of a kubeconfig that the tests run in."""
    return next(one["context"] for one in config["contexts"] if one["name"] == context())


def arm_with(client, namespace, listed, reverting, folder):
    """Arm a janitor and take it out again with the listed rights only."""
    other = connect_as(account_with(client, namespace, listed), folder)
    janitor = Janitor(other, IMAGE)
    janitor.arm(reverting.id, reverting.plan, datetime.now(UTC) + timedelta(seconds=60))
    janitor.disarm(reverting.id)


def test_the_rights_listed_are_enough(client, namespace, reverting, tmp_path):
    arm_with(client, namespace, rights(reverting.plan), reverting, tmp_path)
    until(lambda: not left_behind(client, namespace, reverting.id), 30)


@pytest.mark.parametrize("lacking", ["create jobs", "patch jobs", "patch deployments"])
def test_each_right_listed_is_needed(client, namespace, reverting, tmp_path, lacking):
    listed = [right for right in rights(reverting.plan) if right != lacking]
    with pytest.raises(Denied):
        arm_with(client, namespace, listed, reverting, tmp_path)
    until(lambda: not left_behind(client, namespace, reverting.id), 30)


if __name__ == "__main__":
    inject_and_die(*sys.argv[1:])
