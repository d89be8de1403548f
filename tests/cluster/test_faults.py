"""Every fault on a real shop: it takes hold, its injector is killed, and the shop is as it was.

One pass per fault ends by itself; in the others the process that injects is killed with KILL at a
moment drawn from the seed. ``E2E_KILLS`` says how many of those there are per fault.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import yaml

from aiops.types import Unreachable
from chaos import FAULTS, Journal, ObjectRef
from chaos.marks import runs_on
from chaos.workloads import pod_ref, settled
from tests.cluster.place import context, kubeconfig, on_a_cluster

KILLS = int(os.environ.get("E2E_KILLS", "1"))
REAL = sorted(name for name in FAULTS if name != "net.delay")  # that one is the simulator's alone
HOLD_S, WATCHED_S, PATIENCE_S = 6, 2, 120.0
TARGETS = {"svc.selector": ("Service", "stock"), "env.mutate": ("Deployment", "cart")}
PARAMS = {"pod.delete": {"count": 1}, "memory.low": {"strength": 0.1}, "cpu.low": {"strength": 0.5}}
REVISION = "deployment.kubernetes.io/revision"

pytestmark = [pytest.mark.timeout(300), on_a_cluster]


@pytest.fixture
def experiment(shop, tmp_path):
    """Write the experiment of a fault, and return its file."""

    def write(fault):
        kind, name = TARGETS.get(fault, ("Deployment", "catalog"))
        inject = {
            "fault": fault,
            "target": {"namespace": shop, "kind": kind, "name": name},
            "params": PARAMS.get(fault, {}),
            "hold": HOLD_S,
        }
        provider = {"type": "python", "module": "chaos.ctk", "func": "inject", "arguments": inject}
        aiops = {
            "name": "aiops",
            "schema": "aiops.chaos/v1",
            "phases": {"baseline": WATCHED_S, "recover": WATCHED_S},
            "blast_radius": {"min_ready_left": 0, "max_percent": 100},
        }
        document = {
            "title": fault,
            "description": "one fault, held for a moment",
            "method": [{"type": "action", "name": fault, "provider": provider}],
            "extensions": [aiops],
        }
        path = tmp_path / "experiment.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


@pytest.fixture
def command(shop, tmp_path):
    """Return the command line that runs an experiment file."""

    def words(path):
        return [
            sys.executable, "-c", "from aiops.cli.main import run; run()",
            "chaos", "run", str(path), "--backend", "k8s", "--context", context(),
            "--kubeconfig", str(kubeconfig()), "--namespace", shop, "--yes",
            "--out", str(tmp_path), "--json",
        ]  # fmt: skip

    return words


def snapshot(cluster, shop):
    """Return what users declared, of everything that a fault may touch."""
    seen = {}
    for kind in ("Deployment", "Service"):
        for one in cluster.list(kind, shop):
            annotations = dict(one["metadata"].get("annotations", {}))
            annotations.pop(REVISION, None)
            seen[kind, one["metadata"]["name"]] = (
                one["spec"], one["metadata"].get("labels"), annotations,
            )  # fmt: skip
    return seen


def until(holds, what):
    """Look again and again until something is true; fail after a long while."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.2)


def well(cluster, shop):
    return all(settled(one) for one in cluster.list("Deployment", shop))


def images(cluster, shop):
    pods = cluster.list("Pod", shop)
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in pods}


def is_clean(cluster, shop, journal):
    """Say whether nothing of any run is left: no pending entry, no mark, no process."""
    pods = cluster.list("Pod", shop)
    marked = [
        run
        for kind in ("Deployment", "Service", "Pod")
        for one in cluster.list(kind, shop)
        for run in runs_on(one)
    ]
    runs = {entry.run for entry in journal.entries()}
    left = [run for run in runs for pod in pods if runs_in(cluster, pod, run)]
    return not (journal.pending() or marked or left)


def runs_in(cluster, pod, run):
    """Say whether a process of a run is in a pod, or cannot be looked for just now."""
    try:
        return cluster.running(pod_ref(pod), run)
    except Unreachable:  # its container is just starting or ending
        return True


@pytest.mark.parametrize("fault", REAL)
def test_a_run_takes_hold_and_leaves_everything_as_it_was(
    fault, cluster, shop, experiment, command, tmp_path
):
    until(lambda: well(cluster, shop), "the shop is well")
    before = snapshot(cluster, shop)
    done = subprocess.run(command(experiment(fault)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [run] = json.loads(done.stdout)["runs"]
    assert run["outcome"] == "held"
    assert run["conflicts"] == []
    if FAULTS[fault].reversible:
        assert run["restored"]
    assert snapshot(cluster, shop) == before
    journal = Journal(tmp_path / "journal.jsonl")
    assert journal.pending() == {}
    until(lambda: is_clean(cluster, shop, journal), "nothing is left in any pod")


@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("fault", REAL)
def test_killed_at_any_moment_it_leaves_everything_as_it_was(
    fault, seed, cluster, shop, experiment, command, tmp_path
):
    until(lambda: well(cluster, shop), "the shop is well")
    before = snapshot(cluster, shop)
    journal = Journal(tmp_path / "journal.jsonl")
    wait_s = random.Random(f"{fault}/{seed}").uniform(0, HOLD_S + 3)
    with subprocess.Popen(
        command(experiment(fault)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as injector:
        until(lambda: journal.entries() or injector.poll() is not None, "the plan is journaled")
        moment = time.monotonic() + wait_s
        until(lambda: time.monotonic() > moment or injector.poll() is not None, "the moment")
        injector.send_signal(signal.SIGKILL)
    until(lambda: is_clean(cluster, shop, journal), "the watchdog has taken the fault back")
    assert snapshot(cluster, shop) == before
    until(lambda: well(cluster, shop), "the shop is well again")


def test_a_target_that_does_not_exist_changes_nothing(cluster, shop, experiment, command):
    before = snapshot(cluster, shop)
    path = experiment("scale.zero")
    path.write_text(path.read_text().replace("name: catalog", "name: catalgo"))
    done = subprocess.run(command(path), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "catalog" in done.stderr
    assert snapshot(cluster, shop) == before


def test_the_namespace_was_opted_in_by_its_label(cluster, shop):
    labels = cluster.get(ObjectRef("Namespace", "", shop))["metadata"]["labels"]
    assert labels["chaos.aiops/enabled"] == "true"
