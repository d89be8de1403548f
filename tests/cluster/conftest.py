"""A real cluster, with a shop of its own on it."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from aiops.clients.kubernetes import KubernetesClient, NotFound
from chaos.live import LiveCluster
from tests.cluster.place import IMAGE, context, kubeconfig

ROOT = Path(__file__).parents[2]
NAMESPACE = f"shop-e2e-{os.getpid()}"  # the one before may still be on its way out


@pytest.fixture(scope="session")
def client():
    """A client of the real cluster."""
    return KubernetesClient.connect(kubeconfig(), context(), timeout_s=30.0)


@pytest.fixture(scope="session")
def cluster(client):
    """The real cluster as faults see it."""
    return LiveCluster(client)


@pytest.fixture(scope="session")
def shop(client):
    """The namespace of a shop that was brought up for these tests, and is taken away after."""
    up = [sys.executable, "examples/shop/up.py"]
    where = ["--context", context(), "--kubeconfig", str(kubeconfig()), "--namespace", NAMESPACE]
    done = subprocess.run(
        [*up, "kubernetes", *where, "--image", IMAGE],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    yield NAMESPACE
    with suppress(NotFound):
        client.delete("Namespace", None, NAMESPACE)
