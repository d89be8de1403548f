"""Where the tests of this folder run: the cluster that ``KUBECONFIG`` names.

``E2E_CONTEXT`` names the context, the current one of the file when it is not set, and
``E2E_IMAGE`` an image with Python 3 that the cluster can run.
"""

import os
from pathlib import Path

import pytest
import yaml

KUBECONFIG = os.environ.get("KUBECONFIG")
IMAGE = os.environ.get("E2E_IMAGE", "python:3.12-slim")

on_a_cluster = pytest.mark.skipif(
    not KUBECONFIG,
    reason="NO CLUSTER: nothing was tried on a real one; set KUBECONFIG",
)


def kubeconfig() -> Path:
    """Return the path of the kubeconfig."""
    return Path(KUBECONFIG)


def context() -> str:
    """Return the name of the context that may be struck."""
    told = os.environ.get("E2E_CONTEXT")
    return told or yaml.safe_load(kubeconfig().read_text(encoding="utf-8"))["current-context"]
