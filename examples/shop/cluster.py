"""The shop on Kubernetes: its objects as data, and `kubectl` that brings them there.

The folder `manifests` holds what `documents()` returns for the default image, one file per group
in the order in which they must come: pods only learn of the Services that are there before them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from calling import PORT
from graph import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).parent
PROGRAM = ("graph", "measures", "resources", "calling", "serving", "service", "load")
IMAGE, NAMESPACE = "python:3.12-slim", "shop"
REPLICAS = 2
USER = 10001
AVAILABLE_S = 180.0

Document = dict[str, Any]


@dataclass(frozen=True)
class Kubectl:
    """`kubectl` for one context and namespace."""

    context: str
    namespace: str = NAMESPACE
    kubeconfig: Path | None = None

    def command(self, *words: str) -> list[str]:
        """Return the list of arguments that asks this cluster for `words`."""
        config = ["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []
        return ["kubectl", *config, "--context", self.context, "-n", self.namespace, *words]

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Return what it printed; end with its own complaint when it fails."""
        done = subprocess.run(  # noqa: S603  a list of arguments, no shell
            self.command(*words),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"kubectl {words[0]}: {done.stderr.strip()}")
        return done.stdout


def up(kubectl: Kubectl, image: str, say: Callable[[str], None]) -> None:
    """Create or update everything, then wait until all Deployments are available.

    Raises
    ------
    SystemExit
        If the API server refuses, or the Deployments are not available within 180 s.
    """
    for group in documents(image, kubectl.namespace).values():
        kubectl.run("apply", "-f", "-", stdin=text(group))
    deadline, before = time.monotonic() + AVAILABLE_S, ""
    while (now := _progress(kubectl)) != "":
        if now != before:
            say(now)
        if time.monotonic() > deadline:
            raise SystemExit(f"not available after {AVAILABLE_S:.0f} s: {now}")
        before = now
        time.sleep(1)
    say("all Deployments are available")


def down(kubectl: Kubectl) -> None:
    """Delete all that `up` made, except the namespace."""
    groups = documents(IMAGE, kubectl.namespace)
    gone = [one for group in groups.values() for one in group if one["kind"] != "Namespace"]
    kubectl.run("delete", "--ignore-not-found", "-f", "-", stdin=text(gone))


def _progress(kubectl: Kubectl) -> str:
    """Return which Deployments still wait for how many pods; empty when none does."""
    found = json.loads(kubectl.run("get", "deployments", "-l", "part-of=shop", "-o", "json"))
    waiting = []
    for one in found["items"]:
        status, wanted = one.get("status", {}), one["spec"]["replicas"]
        seen = status.get("observedGeneration", 0) >= one["metadata"]["generation"]
        fresh = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
        old = status.get("replicas", 0) - status.get("updatedReplicas", 0)
        if not seen or fresh < wanted or old:
            waiting.append(
                f"{one['metadata']['name']} {fresh if seen else 0}/{wanted} (+{old} old)"
            )
    return "waiting for " + ", ".join(waiting) if waiting else ""


def text(group: Sequence[Document]) -> str:
    """Write documents as YAML, a program as it reads."""
    return yaml.dump_all(group, Dumper=_Readable, sort_keys=False, width=100)


class _Readable(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def _as_block(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


_Readable.add_representer(str, _as_block)


def documents(image: str = IMAGE, namespace: str = NAMESPACE) -> dict[str, list[Document]]:
    """Return all objects: file name → documents, in the order in which they must be made."""
    program = {f"{name}.py": (HERE / f"{name}.py").read_text() for name in PROGRAM}
    version = hashlib.sha256(json.dumps(program).encode()).hexdigest()[:16]
    meta = {"namespace": namespace, "labels": {"part-of": "shop"}}
    space = {"name": namespace, "labels": {"chaos.aiops/enabled": "true"}}
    return {
        "00-namespace.yaml": [{"apiVersion": "v1", "kind": "Namespace", "metadata": space}],
        "10-services.yaml": [_service(name, meta) for name in ROLES],
        "20-program.yaml": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "program", **meta},
                "data": program,
            }
        ],
        "30-deployments.yaml": [_shop_deployment(name, meta, image, version) for name in ROLES],
        "40-load.yaml": [_load_deployment(meta, image, version)],
    }


def _service(name: str, meta: Document) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, **meta},
        "spec": {"selector": {"app": name}, "ports": [{"port": PORT, "targetPort": PORT}]},
    }


def _shop_deployment(name: str, meta: Document, image: str, version: str) -> Document:
    environ = {"SHOP_SERVICE": name, "SHOP_PROFILE": "standard", "DRAIN_S": "2"}
    container = _container("service.py", image, environ, cpu="250m", memory="96Mi")
    return _deployment(name, meta, REPLICAS, container, version)


def _load_deployment(meta: Document, image: str, version: str) -> Document:
    environ = {"RATE": "12", "SEED": "1"}
    container = _container("load.py", image, environ, cpu="500m", memory="128Mi")
    return _deployment("load", meta, 1, container, version)


def _container(
    program: str, image: str, environ: dict[str, str], *, cpu: str, memory: str
) -> Document:
    listening = {"LISTEN_HOST": "0.0.0.0", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S104  a pod's own address
    return {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", f"/shop/{program}"],
        "env": [{"name": name, "value": value} for name, value in (environ | listening).items()],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {
            "requests": {"cpu": "20m", "memory": "32Mi"},
            "limits": {"cpu": cpu, "memory": memory},
        },
        "readinessProbe": _probe("/ready", every_s=2, timeout_s=2, failures=2),
        "livenessProbe": _probe("/live", every_s=10, timeout_s=5, failures=6),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "program", "mountPath": "/shop", "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108  of the pod, not of a machine
        ],
    }


def _probe(path: str, *, every_s: int, timeout_s: int, failures: int) -> Document:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": every_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
    }


def _deployment(
    name: str, meta: Document, replicas: int, container: Document, version: str
) -> Document:
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **meta},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "labels": {"app": name, "part-of": "shop"},
                    "annotations": {**scraped, "shop/program": version},
                },
                "spec": {
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": 10,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [
                        {"name": "program", "configMap": {"name": "program"}},
                        {"name": "scratch", "emptyDir": {}},
                    ],
                },
            },
        },
    }
