"""A real cluster, named by KUBECONFIG, with a shop of its own on it.

``AIOPS_TEST_CONTEXT`` names the context, ``AIOPS_TEST_IMAGE`` an image with Python 3 that the
cluster can run. Without KUBECONFIG every test here is skipped, and says so.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from aiops.clients.kubernetes import KubernetesClient, NotFound
from chaos.live import LiveCluster

ROOT = Path(__file__).parents[2]
NAMESPACE = f"shop-e2e-{os.getpid()}"  # the one before may still be on its way out
IMAGE = os.environ.get("AIOPS_TEST_IMAGE", "python:3.12-slim")


@pytest.fixture(scope="session")
def kubeconfig():
    """The kubeconfig, or a skip that says what is missing."""
    path = os.environ.get("KUBECONFIG")
    if not path:
        pytest.skip("KUBECONFIG is not set: nothing was tried on a real cluster")
    return Path(path)


@pytest.fixture(scope="session")
def kube_context(kubeconfig):
    """The context that may be struck."""
    told = os.environ.get("AIOPS_TEST_CONTEXT")
    return told or yaml.safe_load(kubeconfig.read_text())["current-context"]


@pytest.fixture(scope="session")
def client(kubeconfig, kube_context):
    """A client of the real cluster."""
    return KubernetesClient.connect(kubeconfig, kube_context, timeout_s=30.0)


@pytest.fixture(scope="session")
def cluster(client):
    """The real cluster as faults see it."""
    return LiveCluster(client)


@pytest.fixture(scope="session")
def shop(kubeconfig, kube_context, client):
    """The namespace of a shop that was brought up for these tests, and is taken away after."""
    up = [sys.executable, "examples/shop/up.py"]
    where = ["--context", kube_context, "--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE]
    done = subprocess.run(
        [*up, "kubernetes", *where, "--image", IMAGE],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    yield NAMESPACE
    with suppress(NotFound):
        client.delete("Namespace", None, NAMESPACE)
