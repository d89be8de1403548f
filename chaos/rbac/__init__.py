"""The rights that a run needs, derived from its deeds, as a Role and as questions to the server."""

from chaos.rbac.rights import (
    ARMING,
    Right,
    Rights,
    common_rights,
    missing,
    rights_for,
    rights_of,
)
from chaos.rbac.role import ROLE, Account, manifests, rules, to_yaml

__all__ = [
    "ARMING",
    "ROLE",
    "Account",
    "Right",
    "Rights",
    "common_rights",
    "manifests",
    "missing",
    "rights_for",
    "rights_of",
    "rules",
    "to_yaml",
]
