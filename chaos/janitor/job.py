"""The Job of a janitor and its pod, as the strictest namespaces allow them.

The pod runs as nobody in particular, without privileges, on a file system it cannot write; it
meets the "restricted" standard of Kubernetes' own pod security.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KEEP_S: Final = 3600
"""So long a janitor that has ended is kept for its log, s; Kubernetes 1.21 or newer removes it."""

USER: Final = 65532
"""Who the program runs as: nobody in particular."""


def job_manifest(meta: Mapping[str, Any], lifetime_s: int, image: str) -> dict[str, Any]:
    """Return the Job, which starts no pod as long as its parallelism is 0.

    Parameters
    ----------
    meta : mapping
        Its name, which its account and its plan bear too, its namespace and its labels.
    lifetime_s : int
        After so long it is ended, whatever it has reached, s.
    """
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": {
            "parallelism": 0,
            "completions": 1,
            "backoffLimit": 1000,
            "activeDeadlineSeconds": lifetime_s,
            "ttlSecondsAfterFinished": KEEP_S,
            "template": {"metadata": {"labels": meta["labels"]}, "spec": _pod(meta["name"], image)},
        },
    }


def _pod(name: str, image: str) -> dict[str, Any]:
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "restartPolicy": "OnFailure",
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image)],
        "volumes": [
            {"name": "plan", "configMap": {"name": name}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Mi"}},
        ],
    }


def _container(image: str) -> dict[str, Any]:
    python = ["python3", "-I", "-B", "-u"]
    return {
        "name": "janitor",
        "image": image,
        "command": [*python, "/plan/janitor.py"],
        "readinessProbe": {
            "exec": {"command": [*python, "-S", "-c", "open('/tmp/armed')"]},
            "periodSeconds": 2,
            "timeoutSeconds": 10,
            "failureThreshold": 30,
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "500m", "memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "plan", "mountPath": "/plan", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
        ],
    }
