"""`aiops investigate --prometheus` on a real shop in a cluster, with no configuration.

A fault of our own names its service, with the help of the cluster and without; rolling every pod
names nobody. A real Prometheus follows the pods; nothing else is told to the command.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from aiops.clients.prometheus import PrometheusClient
from tests.cluster.place import context, kubeconfig, on_a_cluster
from tests.cluster.test_prove import scraped

ROOT = Path(__file__).parents[2]
VICTIM = "cart"
CALM_S, SETTLED_S, ILL_S, HOLD_S = 100, 240.0, 24, 90
AGAIN_S = 1.0

pytestmark = [
    pytest.mark.timeout(900),
    on_a_cluster,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="NO PROMETHEUS: nothing was investigated on a real cluster; install prometheus",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("investigate")


@pytest.fixture(scope="module")
def prometheus(shop, folder):
    """The address of a Prometheus that has seen the shop in peace for a while."""
    with scraped(shop, folder / "prometheus") as url, PrometheusClient(url) as client:
        wait_for(client, "min(count_over_time(up{job='shop'}[10m])) * 2", CALM_S)
        yield url


def wait_for(client, expr, least, seconds=SETTLED_S):
    """Poll until an expression is at least `least`."""
    deadline, seen = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        seen = [sample.value for sample in client.query(expr)]
        if seen and min(seen) >= least:
            return
        time.sleep(AGAIN_S)
    pytest.fail(f"{expr} never was {least}: {seen}")


def command(*words):
    return [sys.executable, "-c", "from aiops.cli.main import run; run()", *map(str, words)]


def investigate(folder, url, *words):
    done = subprocess.run(
        command("investigate", "--prometheus", url, *words, "--json"),
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def roll(client, shop):
    """Replace every pod of the shop, as `kubectl rollout restart` does; return when it began."""
    began = datetime.now(UTC)
    notes = {"kubectl.kubernetes.io/restartedAt": began.isoformat()}
    for deployment in client.list("Deployment", shop):
        path = "/spec/template/metadata/annotations"
        op = {"op": "add", "path": path, "value": notes}
        client.patch("Deployment", shop, deployment["metadata"]["name"], [op])
    deadline = time.monotonic() + SETTLED_S
    while not all(map(settled, client.list("Deployment", shop))):
        assert time.monotonic() < deadline, "the shop did not settle"
        time.sleep(AGAIN_S)
    return began


def settled(deployment):
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return seen and counts == [wanted] * 3


def test_rolling_every_pod_leads_to_no_finding(client, shop, prometheus, folder):
    began = roll(client, shop)
    over = datetime.now(UTC)
    halfway = began + (over - began) / 2
    for moment, span in [(halfway, "3m"), (over, "2m"), (over, "4m"), (halfway, "10m")]:
        found = investigate(folder, prometheus, "--at", moment.isoformat(), "--for", span)
        blamed = found["services"][:2], found["ranking"][0], found["onset"]
        assert found["abstained"], (span, moment, began, over, blamed)


@pytest.fixture
def struck(shop, tmp_path):
    """Take every pod of the victim away for a while, by our own chaos."""
    inject = {
        "fault": "scale.zero",
        "target": {"namespace": shop, "kind": "Deployment", "name": VICTIM},
        "hold": HOLD_S,
    }
    provider = {"type": "python", "module": "chaos.ctk", "func": "inject", "arguments": inject}
    aiops = {"name": "aiops", "schema": "aiops.chaos/v1", "phases": {"baseline": 1, "recover": 1}}
    document = {
        "title": "No cart",
        "description": "one fault",
        "method": [{"type": "action", "name": "scale.zero", "provider": provider}],
        "extensions": [aiops],
    }
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(document))
    words = command(
        "chaos", "run", path, "--backend", "k8s", "--context", context(),
        "--kubeconfig", kubeconfig(), "--namespace", shop, "--allow-outage", "--yes",
        "--out", tmp_path,
    )  # fmt: skip
    with (tmp_path / "chaos.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        yield tmp_path / "chaos.log"
        process.wait(HOLD_S + 120)


def test_the_service_that_a_fault_struck_is_named_first(struck, shop, prometheus, folder):
    with PrometheusClient(prometheus) as client:
        gone = f"count_over_time(absent(up{{job='ready',service='{VICTIM}'}})[{ILL_S + 2}s:2s]) * 2"
        try:
            wait_for(client, gone, ILL_S)
        except pytest.fail.Exception:
            pytest.fail(struck.read_text())
    cluster = "--context", context(), "--kubeconfig", kubeconfig(), "--namespace", shop
    for words in ((), cluster):
        found = investigate(folder, prometheus, "--at", "now", "--for", "3m", *words)
        assert not found["abstained"], (words, found["reason"])
        assert found["services"][0]["service"] == VICTIM, (words, found["services"][:3])
        assert found["read"]["calls"] >= 7
    events = json.loads((folder / found["kept"] / "events.json").read_text())
    assert any(one["kind"] == "scale" and VICTIM in (one["service"] or "") for one in events)
