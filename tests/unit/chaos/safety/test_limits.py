"""Limits: sane by themselves, replaced one by one by what a file says."""

import math

import pytest

from aiops.types import InvalidExperiment
from chaos.files.extension import BlastRadius
from chaos.safety import Limits


def test_a_file_that_says_nothing_leaves_the_defaults():
    assert Limits.told(BlastRadius()) == Limits()


def test_a_file_replaces_what_it_names():
    radius = BlastRadius(max_pods=1, max_percent=34.0, min_ready_left=0, max_hold=600.0)
    limits = Limits.told(radius)
    assert limits == Limits(max_pods=1, max_percent=34.0, min_ready_left=0, max_hold_s=600.0)


def test_zero_is_said_too():
    assert Limits.told(BlastRadius(max_pods=0)).max_pods == 0


def test_an_outage_lifts_no_budget_and_no_other_cap():
    limits = Limits(max_pods=3).with_outage()
    assert limits == Limits(max_pods=3, max_percent=100.0, min_ready_left=0)
    assert limits.respect_budgets


@pytest.mark.parametrize("name", ["max_pods", "max_percent", "max_hold_s", "min_ready_left"])
@pytest.mark.parametrize("value", [-1, math.nan])
def test_a_number_that_is_none_is_refused(name, value):
    with pytest.raises(InvalidExperiment, match=name):
        Limits(**{name: value})
