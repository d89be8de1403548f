"""Pod logs of a real cluster: what kubelets answer, which no fake can vouch for.

Where they run, `tests.cluster.place` says. All that is made is in one namespace of its own, which is
deleted at the end.
"""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from aiops.cases.rules import check_logs
from aiops.clients.kubernetes import KubernetesClient, Rejected
from aiops.collectors.podlogs import PodLogCollector
from aiops.errors import Unreachable
from tests.cluster.place import IMAGE, context, on_a_cluster

pytestmark = [pytest.mark.timeout(180), on_a_cluster]

APP = """
import json, logging, os, sys, time
logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout, force=True)
first = not os.path.exists("/life/one")
open("/life/one", "w").close()
logging.warning("life %s, password=hunter2", "one" if first else "two")
try:
    {}["stock"]
except KeyError:
    logging.exception("no stock")
sys.stdout.flush()
if first:
    sys.exit(3)
print("x" * 40_000 + " end", flush=True)
time.sleep(600)
"""
PROXY = """
import json, time
print(json.dumps({"level": "error", "msg": "upstream reset"}), flush=True)
time.sleep(600)
"""


def until(holds, within_s=90.0):
    """Wait until `holds` returns something true, and return that."""
    deadline = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.3)
    return found


def container(name, program, **more):
    command = {"command": ["python3", "-c", program], "imagePullPolicy": "IfNotPresent"}
    return {"name": name, "image": IMAGE, **command, **more}


def deployment(namespace):
    mount = {"volumeMounts": [{"name": "life", "mountPath": "/life"}]}
    spec = {
        "terminationGracePeriodSeconds": 1,
        "initContainers": [container("setup", "print('INFO ready')")],
        "containers": [container("app", APP, **mount), container("proxy", PROXY)],
        "volumes": [{"name": "life", "emptyDir": {}}],
    }
    labels = {"app": "no-name-of-a-service"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cart", "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def takes_pods(client, namespace):
    """Say whether the namespace has what a pod needs: its default service account, and a token."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "namespace": namespace},
        "spec": {"containers": [container("app", "")]},
    }
    try:
        return client.create(pod, dry_run=True)
    except (Rejected, Unreachable):
        return None


def settled(client, namespace):
    """Say whether the app lives its second life and has printed all it has to say."""
    (pod,) = client.list("Pod", namespace) or [{}]
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    lives = [one for one in statuses if one["name"] == "app" and one["restartCount"] == 1]
    if not lives or "running" not in lives[0]["state"]:
        return None
    name = pod["metadata"]["name"]
    return name if " end" in client.logs(namespace, name, "app", tail=1) else None


@pytest.fixture(scope="module")
def client():
    return KubernetesClient.connect(None, context(), timeout_s=30.0)


@pytest.fixture(scope="module")
def namespace(client):
    name = f"aiops-logs-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    until(lambda: takes_pods(client, name))
    client.create(deployment(name))
    until(lambda: settled(client, name))
    yield name
    client.delete("Namespace", None, name)


@pytest.fixture(scope="module")
def found(client, namespace):
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    return PodLogCollector(client, [namespace]).read(now - hour, now + hour)


def test_every_container_and_the_life_before_are_read(found):
    assert found.unread == ()
    lives = [(one.printed.container, one.printed.previous) for one in found.containers]
    assert lives == [("setup", False), ("app", True), ("app", False), ("proxy", False)]
    check_logs(found.frame, "logs")
    assert set(found.frame["service"]) == {"cart"}


def test_levels_traces_and_secrets(found):
    messages = found.frame["message"].tolist()
    assert "hunter2" not in "".join(messages)
    lives = [message for message in messages if message.startswith("life")]
    assert lives == ["life one, password=***", "life two, password=***"]
    traces = found.frame[found.frame["message"].str.startswith("no stock")]
    assert traces["level"].tolist() == ["ERROR", "ERROR"]
    assert all("Traceback" in text and "KeyError: 'stock'" in text for text in traces["message"])
    assert found.frame.loc[found.frame["message"] == "upstream reset", "level"].tolist() == [
        "ERROR"
    ]


def test_a_line_longer_than_the_runtime_s_parts_is_one_entry(found):
    assert sum(message.endswith("x" * 9) for message in found.frame["message"]) == 1
    assert sum(report.counts.shortened for report in found.containers) == 1


def test_the_times_are_those_of_the_cluster(found):
    index = found.frame.index
    assert index[0] > datetime.now(UTC) - timedelta(minutes=10)
    assert index.microsecond.any()


def test_a_window_and_a_tail_bound_what_is_read(client, namespace, found):
    middle = found.frame.index[len(found.frame) // 2].to_pydatetime()
    hour = timedelta(hours=1)
    collector = PodLogCollector(client, [namespace])
    parts = [collector.logs(middle - hour, middle), collector.logs(middle, middle + hour)]
    assert [len(part) for part in parts] == [
        (found.frame.index < middle).sum(),
        (found.frame.index >= middle).sum(),
    ]
    short = PodLogCollector(client, [namespace], tail=1).read(middle - hour, middle + hour)
    assert all(report.counts.lines == 1 and report.cut for report in short.containers)
