"""The shipped guides load, and say what the rest of the toolkit counts on."""

import pytest

from aiops.guides.library import load, names
from aiops.guides.model import StepKind
from aiops.types import InvalidInput


@pytest.mark.parametrize("name", names())
def test_every_shipped_guide_loads(name):
    assert load(name).source == f"{name}.md"


def test_an_unknown_guide_comes_with_the_nearest_name():
    with pytest.raises(InvalidInput, match="did you mean 'service-degraded'"):
        load("service-degrade")


def test_a_guide_is_only_looked_for_in_the_library():
    with pytest.raises(InvalidInput, match="no shipped guide"):
        load("../library/service-degraded")


def test_service_degraded_reads_from_two_sides_before_its_one_guarded_write():
    guide = load("service-degraded")
    assert [(step.name, step.kind, step.tool) for step in guide.steps] == [
        ("workload", StepKind.READ, "workload.read"),
        ("saturation", StepKind.READ, "metrics.read"),
        ("restart", StepKind.WRITE, "workload.restart"),
    ]
    assert guide.steps[2].guard == "saturation.rise >= 2"
    assert guide.dependencies() == {
        "workload": [],
        "saturation": [],
        "restart": ["workload", "saturation"],
    }
