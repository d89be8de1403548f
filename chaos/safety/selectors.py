"""Label selectors, as Kubernetes means them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Mapping


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Say whether a selector matches labels; one that is left out matches nothing.

    Raises
    ------
    InvalidExperiment
        If an operator is unknown.

    Examples
    --------
    >>> tier = {"key": "tier", "operator": "NotIn", "values": ["test"]}
    >>> selects({"matchLabels": {"app": "cart"}, "matchExpressions": [tier]}, {"app": "cart"})
    True
    """
    if selector is None:
        return False
    plain = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return plain.items() <= labels.items() and all(_holds(one, labels) for one in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or []
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise InvalidExperiment(f"a label selector has the operator {operator!r}, which is unknown")
