"""What a janitor is made of: five objects in the namespace of the target, as plain documents.

A Job that runs `chaos.janitor.script` on the plan in a ConfigMap, under a ServiceAccount whose Role
allows to read and patch the objects of the plan by name, and nothing else. The other four belong
to the Job and go with it. Pure functions; nothing here talks to a cluster.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from aiops.types import InvalidExperiment
from chaos.janitor.job import job_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaos.cluster import ObjectRef
    from chaos.plan import Plan

IMAGE: Final = "python:3.12-slim"
"""What the janitor runs on, unless told otherwise; any image with Python 3.8 or newer will do."""

APP: Final = "chaos-janitor"
RUN_LABEL: Final = "chaos.aiops/run"

NAME_LENGTH: Final = 63
"""The longest name a Job may have: its pods bear it as a label."""

INSIST_S: Final = 86_400
"""So long after the expiry the janitor goes on trying, s."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Where a kind is served, in every version of Kubernetes that can be expected."""

    group: str
    version: str
    plural: str

    def path(self, ref: ObjectRef) -> str:
        """Return the path of an object on the API server."""
        root = f"/apis/{self.group}" if self.group else "/api"
        return f"{root}/{self.version}/namespaces/{ref.namespace}/{self.plural}/{ref.name}"


RESOURCES: Final[Mapping[str, Resource]] = {
    "DaemonSet": Resource("apps", "v1", "daemonsets"),
    "Deployment": Resource("apps", "v1", "deployments"),
    "Pod": Resource("", "v1", "pods"),
    "Service": Resource("", "v1", "services"),
    "StatefulSet": Resource("apps", "v1", "statefulsets"),
}
"""The kinds that a janitor can restore: those that can bear a mark."""


def janitor_name(run: str) -> str:
    """Return the name of the five objects; a long run is cut and told apart by its digest.

    >>> janitor_name("r1")
    'chaos-janitor-r1'
    """
    name = f"{APP}-{run}"
    digest = hashlib.sha256(run.encode()).hexdigest()[:12]
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 13]}-{digest}"


def labels(run: str) -> dict[str, str]:
    """Return the labels of the five objects and of the pod."""
    return {
        "app.kubernetes.io/name": APP,
        "app.kubernetes.io/managed-by": "aiops",
        RUN_LABEL: run,
    }


def undoable(plan: Plan) -> tuple[ObjectRef, ...]:
    """Return the objects that the janitor has to look after: what is deleted needs none."""
    deeds = (deed for deed in plan.deeds if deed.to_json()["do"] != "delete")
    return tuple(dict.fromkeys(deed.target for deed in deeds))


def manifests(
    run: str, plan: Plan, expires: datetime, *, lifetime_s: int, image: str = IMAGE
) -> list[dict[str, Any]]:
    """Return the five objects, the Job first.

    The Job comes with no parallelism, so that it starts no pod before the others exist.

    Parameters
    ----------
    lifetime_s : int
        After so long the Job is ended, whatever it has reached, s.

    Raises
    ------
    InvalidExperiment
        If an object of the plan is of a kind that the janitor does not know, or is in another
        namespace than the target.
    """
    meta = {
        "name": janitor_name(run),
        "namespace": plan.target.namespace,
        "labels": labels(run),
    }
    return [
        job_manifest(meta, lifetime_s, image),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": meta,
            "automountServiceAccountToken": False,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": meta,
            "rules": _rules(plan),
        },
        _binding(meta),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "immutable": True,
            "data": {
                "janitor.py": resources.files(__package__).joinpath("script.py").read_text("utf-8"),
                "plan.json": json.dumps(_orders(run, plan, expires), indent=1, allow_nan=False),
            },
        },
    ]


def owned(document: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` as a belonging of the Job, which takes it along when it goes."""
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }
    return {**document, "metadata": {**document["metadata"], "ownerReferences": [owner]}}


def rights(plan: Plan) -> tuple[str, ...]:
    """Return what whoever arms and sweeps the janitor must be allowed to do in its namespace.

    The rights to get and patch the targets are among them: the API server lets nobody grant in a
    Role what they may not do themselves.
    """
    if not undoable(plan):
        return ()
    made = ("jobs", "serviceaccounts", "roles", "rolebindings", "configmaps")
    granted = {RESOURCES[ref.kind].plural for ref in undoable(plan)}
    return (
        *(f"create {plural}" for plural in made),
        "list jobs",
        "patch jobs",
        "delete jobs",
        "list pods",
        *(f"{verb} {plural}" for plural in sorted(granted) for verb in ("get", "patch")),
    )


def _orders(run: str, plan: Plan, expires: datetime) -> dict[str, Any]:
    """Return the plan as the script reads it: each deed with the path of its object."""
    deeds = [
        {**deed.to_json(), "path": _resource(deed.target, plan).path(deed.target)}
        for deed in plan.deeds
        if deed.target in undoable(plan)
    ]
    return {"run": run, "fault": plan.fault, "expires": expires.isoformat(), "deeds": deeds}


def _resource(ref: ObjectRef, plan: Plan) -> Resource:
    if ref.kind not in RESOURCES or ref.namespace != plan.target.namespace:
        raise InvalidExperiment(
            f"a janitor for {plan.target} cannot restore {ref}; it knows {', '.join(RESOURCES)} in "
            "the namespace of the target"
        )
    return RESOURCES[ref.kind]


def _rules(plan: Plan) -> list[dict[str, Any]]:
    names: dict[Resource, list[str]] = {}
    for ref in undoable(plan):
        names.setdefault(_resource(ref, plan), []).append(ref.name)
    return [
        {
            "apiGroups": [resource.group],
            "resources": [resource.plural],
            "resourceNames": sorted(named),
            "verbs": ["get", "patch"],
        }
        for resource, named in names.items()
    ]


def _binding(meta: Mapping[str, Any]) -> dict[str, Any]:
    account = {
        "kind": "ServiceAccount",
        "name": meta["name"],
        "namespace": meta["namespace"],
    }
    role = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": meta["name"],
    }
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "subjects": [account],
        "roleRef": role,
    }
