"""Rights as manifests: an account, the smallest Role by which it can run, and their binding.

Everything is inside namespaces: no ClusterRole is needed, because a Role may let its holder read
the one Namespace object that it is in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiops.types import InvalidExperiment
from chaos.rbac.rights import needed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaos.rbac.rights import Right

ROLE: Final = "aiops-chaos"
"""Name of the Role, its binding and, unless told otherwise, the account."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount.

    Raises
    ------
    InvalidExperiment
        If a name is none that Kubernetes allows.

    Examples
    --------
    >>> Account("shop").username
    'system:serviceaccount:shop:aiops-chaos'
    """

    namespace: str
    name: str = ROLE

    def __post_init__(self) -> None:
        for name in (self.namespace, self.name):
            if not _NAME.fullmatch(name):
                raise InvalidExperiment(
                    f"{name!r} is no name; give at most 63 lower-case letters, digits and dashes"
                )

    @property
    def username(self) -> str:
        """How the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def manifests(
    rights: Iterable[Right],
    namespace: str,
    *,
    account: Account | None = None,
    janitor: bool = False,
) -> list[dict[str, Any]]:
    """Return a ServiceAccount, and the smallest Role in `namespace` by which it can run.

    Parameters
    ----------
    rights : iterable of Right
        As `rights_of` or `rights_for` return them; what every run needs is added.
    account : Account, optional
        Whose Role it is; one in the same namespace when left out.
    janitor : bool
        Whether it may also arm a janitor.
    """
    account = account or Account(namespace)
    group = "rbac.authorization.k8s.io"
    here = {"name": ROLE, "namespace": Account(namespace).namespace}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": account.name, "namespace": account.namespace},
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "Role",
            "metadata": dict(here),
            "rules": rules(needed(rights, namespace, janitor=janitor)),
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": dict(here),
            "roleRef": {"apiGroup": group, "kind": "Role", "name": ROLE},
            "subjects": [
                {
                    "kind": "ServiceAccount",
                    "name": account.name,
                    "namespace": account.namespace,
                }
            ],
        },
    ]


def rules(rights: Iterable[Right]) -> list[dict[str, Any]]:
    """Return rights as the rules of a Role, those about the same objects in one.

    >>> from chaos.rbac import Right
    >>> rules([Right("get", "pods"), Right("list", "pods"), Right("get", "services")])
    [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['get', 'list']},
     {'apiGroups': [''], 'resources': ['services'], 'verbs': ['get']}]
    """
    rights = sorted(rights)
    everywhere = {(right.verb, right.resource) for right in rights if not right.name}
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for right in rights:
        if not right.name or (right.verb, right.resource) not in everywhere:
            key = (right.group, right.resource, right.name)
            verbs.setdefault(key, set()).add(right.verb)
    shared: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), wanted in sorted(verbs.items()):
        shared.setdefault((group, name, tuple(sorted(wanted))), []).append(resource)
    return [
        {"apiGroups": [group], "resources": resources}
        | ({"resourceNames": [name]} if name else {})
        | {"verbs": list(wanted)}
        for (group, name, wanted), resources in shared.items()
    ]


def to_yaml(documents: Iterable[dict[str, Any]]) -> str:
    """Return manifests as one YAML stream, for ``kubectl apply -f -``."""
    import yaml

    return str(yaml.safe_dump_all(documents, sort_keys=False))
