"""A plan survives the way through JSON, and nothing else passes for one."""

import json

import pytest

from aiops.types import InvalidExperiment
from chaos import ObjectRef, Plan

PLAN = Plan(
    "scale.zero",
    ObjectRef("Deployment", "shop", "cart"),
    ({"op": "replace", "path": "/spec/replicas", "value": 0},),
    ({"op": "replace", "path": "/spec/replicas", "value": 3},),
)


def test_json_and_back():
    assert Plan.from_json(json.loads(json.dumps(PLAN.to_json()))) == PLAN


@pytest.mark.parametrize(
    "change",
    [
        {"target": {"kind": "Deployment"}},
        {"target": "cart"},
        {"undo": 3},
        {"undo": ["rm -rf"]},
        {"ops": [{"op": "exec", "path": "/"}]},
    ],
)
def test_what_is_no_plan_is_refused(change):
    with pytest.raises(InvalidExperiment):
        Plan.from_json(PLAN.to_json() | change)


@pytest.mark.parametrize("part", ["fault", "target", "ops", "undo"])
def test_no_part_may_be_missing(part):
    data = PLAN.to_json()
    del data[part]
    with pytest.raises(InvalidExperiment, match=part):
        Plan.from_json(data)
