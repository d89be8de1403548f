"""The same scope, kept by the API server: a policy that holds the accounts of chaos to it.

A ValidatingAdmissionPolicy needs Kubernetes 1.30 and no webhook. Whatever these accounts are
allowed to do by RBAC, and whatever a client of theirs gets wrong, they write nothing outside
namespaces that have opted in, but for one thing: an object that bears a mark may still be changed
after its namespace has opted out, or nobody could take the fault back. Nobody else is affected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiops.types import InvalidExperiment
from chaos.marks import PREFIX
from chaos.safety.freeze import FREEZE_MAP
from chaos.safety.scope import DENIED, OPT_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.rbac import Account

POLICY: Final = "aiops-chaos"

SINCE: Final = (1, 30)
"""The first Kubernetes that serves the policy in v1."""

_API = "admissionregistration.k8s.io/v1"

_OPTED_IN = (
    "namespaceObject != null && has(namespaceObject.metadata.labels) && "
    f"'{OPT_IN}' in namespaceObject.metadata.labels && "
    f"namespaceObject.metadata.labels['{OPT_IN}'] == 'true'"
)
"""False for whatever is in no namespace, nodes and Namespaces themselves included."""

_MARKED = (
    "request.operation == 'UPDATE' && oldObject != null && "
    "has(oldObject.metadata.annotations) && "
    f"oldObject.metadata.annotations.exists(name, name.startsWith('{PREFIX}'))"
)
"""True for what a run is at work on. No object outside the scope gets there: a mark is a write."""

_NO_NAMESPACE = "request.resource.group != '' || request.resource.resource != 'namespaces'"

_NO_FREEZE = (
    "request.resource.group != '' || request.resource.resource != 'configmaps' || "
    f"request.name != '{FREEZE_MAP}'"
)


def policy(accounts: Sequence[Account]) -> list[dict[str, Any]]:
    """Return the policy for some accounts, and the binding that puts it in force.

    Raises
    ------
    InvalidExperiment
        If there is no account: the policy would then hold nobody.
    """
    if not accounts:
        raise InvalidExperiment("a policy needs at least one account to hold")
    return [
        {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": POLICY},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": _every_write(),
                "matchConditions": [{"name": "by-chaos", "expression": _by(accounts)}],
                "validations": _validations(),
            },
        },
        {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": POLICY},
            "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
        },
    ]


def served(version: str) -> bool:
    """Say whether a server of this version enforces the policy.

    >>> served("1.20"), served("1.31")
    (False, True)
    """
    major, _, minor = version.partition(".")
    return (int(major), int(minor)) >= SINCE


def note(version: str) -> str | None:
    """Return what to tell whoever has an older server; None where the policy is served."""
    if served(version):
        return None
    return (
        f"Kubernetes {version} has no ValidatingAdmissionPolicy (1.30 does): here only the Role "
        "and the gates of this toolkit keep the account in its namespaces"
    )


def _by(accounts: Sequence[Account]) -> str:
    names = ", ".join(f"'{account.username}'" for account in accounts)
    return f"request.userInfo.username in [{names}]"


def _every_write() -> dict[str, Any]:
    """Return the rules that match every write, but for questions about one's own rights."""
    asking = {
        "apiGroups": ["authorization.k8s.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": ["*"],
    }
    return {
        "matchPolicy": "Equivalent",
        "resourceRules": [
            {
                "apiGroups": ["*"],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
                "resources": ["*/*"],
                "scope": "*",
            }
        ],
        "excludeResourceRules": [asking],
    }


def _validations() -> list[dict[str, Any]]:
    denied = " && ".join(_not_in(pattern) for pattern in DENIED)
    return [
        _rule(
            f"({_OPTED_IN}) || ({_MARKED})",
            f"chaos writes only to namespaces with the label {OPT_IN}=true",
        ),
        _rule(denied, "chaos never writes to namespaces of the platform"),
        _rule(_NO_NAMESPACE, "chaos never writes to a Namespace, so it cannot opt one in"),
        _rule(_NO_FREEZE, "chaos never writes to the freeze switch"),
    ]


def _rule(expression: str, message: str) -> dict[str, Any]:
    return {"expression": expression, "message": message, "reason": "Forbidden"}


def _not_in(pattern: str) -> str:
    if pattern.endswith("*"):
        return f"!request.namespace.startsWith('{pattern[:-1]}')"
    return f"request.namespace != '{pattern}'"
