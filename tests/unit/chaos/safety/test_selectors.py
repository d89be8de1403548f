"""Label selectors."""

import pytest

from aiops.types import InvalidExperiment
from chaos.safety.selectors import selects


@pytest.mark.parametrize(
    ("operator", "values", "labels", "found"),
    [
        ("In", ["a", "b"], {"tier": "a"}, True),
        ("In", ["a", "b"], {"tier": "c"}, False),
        ("In", ["a", "b"], {}, False),
        ("NotIn", ["a"], {"tier": "b"}, True),
        ("NotIn", ["a"], {}, True),
        ("NotIn", ["a"], {"tier": "a"}, False),
        ("Exists", None, {"tier": ""}, True),
        ("Exists", None, {}, False),
        ("DoesNotExist", None, {}, True),
        ("DoesNotExist", None, {"tier": "a"}, False),
    ],
)
def test_expressions(operator, values, labels, found):
    expression = {"key": "tier", "operator": operator, "values": values}
    assert selects({"matchExpressions": [expression]}, labels) is found


def test_all_of_a_selector_must_hold():
    selector = {
        "matchLabels": {"app": "cart"},
        "matchExpressions": [{"key": "tier", "operator": "Exists"}],
    }
    assert selects(selector, {"app": "cart", "tier": "a"})
    assert not selects(selector, {"app": "cart"})
    assert not selects(selector, {"app": "web", "tier": "a"})


def test_an_unknown_operator_is_refused():
    with pytest.raises(InvalidExperiment, match="'Gt'"):
        selects({"matchExpressions": [{"key": "tier", "operator": "Gt"}]}, {})
