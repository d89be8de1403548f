"""A plan survives the way through JSON, and nothing else passes for one."""

import json

import pytest

from aiops.types import InvalidExperiment
from chaos import ObjectRef, Plan
from chaos.deeds import PatchDeed

CART = ObjectRef("Deployment", "shop", "cart")
PLAN = Plan(
    "scale.zero",
    CART,
    (
        PatchDeed(
            CART,
            "",
            ({"op": "replace", "path": "/spec/replicas", "value": 0},),
            ({"op": "replace", "path": "/spec/replicas", "value": 3},),
        ),
    ),
)


def test_json_and_back():
    assert Plan.from_json(json.loads(json.dumps(PLAN.to_json()))) == PLAN


@pytest.mark.parametrize(
    "change",
    [
        {"target": {"kind": "Deployment"}},
        {"target": "cart"},
        {"deeds": 3},
        {"deeds": ["rm -rf"]},
        {"deeds": [{"do": "exec"}]},
        {"deeds": [PLAN.deeds[0].to_json() | {"ops": [{"op": "exec", "path": "/"}]}]},
    ],
)
def test_what_is_no_plan_is_refused(change):
    with pytest.raises(InvalidExperiment):
        Plan.from_json(PLAN.to_json() | change)


@pytest.mark.parametrize("part", ["fault", "target", "deeds"])
def test_no_part_may_be_missing(part):
    data = PLAN.to_json()
    del data[part]
    with pytest.raises(InvalidExperiment, match=part):
        Plan.from_json(data)
