"""`aiops chaos rbac | admission | freeze | unfreeze`: what a run may do, and how to stop them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.access import Context, Kubeconfig, Namespace, Place, Where
from aiops.cli.output import Json, print_json, say

if TYPE_CHECKING:
    from pathlib import Path

    from aiops.clients.kubernetes import KubernetesClient

Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="FAULT", help="Only for these; repeat it. All when left out."),
]


def rbac(
    namespace: Namespace = "shop",
    fault: Faults = None,
    janitor: Annotated[
        bool, typer.Option("--janitor", help="With what arming a janitor needs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the smallest Role with which faults can be injected.

    With its ServiceAccount and RoleBinding, as YAML.
    """
    from chaos import FAULTS
    from chaos import fault as by_id
    from chaos.rbac import manifests, rights_for

    kinds = [by_id(name) for name in fault] if fault else list(FAULTS.values())
    documents = manifests(rights_for(kinds), namespace, janitor=janitor)
    _print(documents, as_json=as_json)


def admission(
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NS", help="Where the ServiceAccounts are; repeat it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a policy that keeps the accounts out of other namespaces.

    A ValidatingAdmissionPolicy about the accounts of `aiops chaos rbac`; it needs Kubernetes 1.30.
    """
    from chaos.admission import policy
    from chaos.rbac import Account

    _print(policy([Account(name) for name in namespace or ["shop"]]), as_json=as_json)


def freeze(
    namespace: Namespace = "shop",
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Told to whoever is stopped.")] = "",
    as_json: Json = False,
) -> None:
    """Stop every run in a namespace, and refuse new ones.

    Runs stop within a tick, and none begins until `aiops chaos unfreeze`.
    """
    from chaos.safety import freeze_manifest

    client = _client(namespace, context, kubeconfig)
    from aiops.clients.kubernetes import Conflict

    try:
        client.create(freeze_manifest(namespace, reason))
        text = f"lift it: aiops chaos unfreeze -n {namespace} --context {context}"
    except Conflict:
        text = "it was already"
    _tell(namespace, frozen=True, text=text, as_json=as_json)


def unfreeze(
    namespace: Namespace = "shop",
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    as_json: Json = False,
) -> None:
    """Lift the freeze of a namespace."""
    from chaos.safety import FREEZE_MAP

    client = _client(namespace, context, kubeconfig)
    from aiops.clients.kubernetes import NotFound

    try:
        client.delete("ConfigMap", namespace, FREEZE_MAP)
        text = "runs may begin again"
    except NotFound:
        text = "it was not before"
    _tell(namespace, frozen=False, text=text, as_json=as_json)


def _tell(namespace: str, *, frozen: bool, text: str, as_json: bool) -> None:
    if as_json:
        print_json({"namespace": namespace, "frozen": frozen, "note": text})
        return
    say(f"{namespace} is {'frozen' if frozen else 'not frozen'}; {text}")


def _client(namespace: str, context: str | None, kubeconfig: Path | None) -> KubernetesClient:
    from aiops.clients.kubernetes import KubernetesClient

    access = Where(Place.K8S, context, kubeconfig, namespace).access()
    return KubernetesClient.connect(access.kubeconfig, access.context)


def _print(documents: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(documents)
        return
    import yaml

    typer.echo(yaml.safe_dump_all(documents, sort_keys=False).rstrip())
