"""Scenarios: in fixed shares, varied, and drawn from seed and number alone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.proving.scenarios import WEAKEST, WINDOWS, Kind, draw_scenario, kinds
from chaos import FAULTS
from chaos.simulation.changes import CHANGES


@settings(deadline=None, max_examples=50)
@given(st.integers(20, 2000), st.integers(0, 99))
def test_enough_cases_are_healthy_or_hold_a_change_only(n, seed):
    drawn = kinds(n, seed)
    assert len(drawn) == n
    assert drawn.count(Kind.HEALTHY) >= 0.15 * n
    assert drawn.count(Kind.CHANGE) >= 0.10 * n
    assert drawn.count(Kind.FAULT) >= 0.6 * n


def test_the_order_says_nothing():
    drawn = kinds(300, seed=1)
    assert {drawn[:100].count(kind) > 5 for kind in Kind} == {True}
    assert drawn != kinds(300, seed=2)


@pytest.fixture(scope="module")
def faults():
    """Many scenarios with a fault."""
    return [draw_scenario(1, number, Kind.FAULT) for number in range(150)]


def test_everything_varies(faults):
    assert {one.fault.id for one in faults} == set(FAULTS)
    assert {one.step_s for one in faults} == set(WINDOWS)
    assert {one.change for one in faults} == {None, *CHANGES}
    assert len({one.start.hour for one in faults}) == 24
    assert len({one.seed for one in faults}) == len(faults)
    assert {getattr(one.fault, "force", None) for one in faults} == {None, True, False}
    strengths = [one.fault.strength for one in faults if one.fault.graded]
    assert min(strengths) < WEAKEST + 0.1
    assert max(strengths) > 0.9
    assert len({one.before for one in faults}) > 50


def test_names_are_opaque_and_never_repeat(faults):
    names = [one.id for one in faults]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[0-9a-f]{12}", name) for name in names)


def test_the_kind_decides_what_is_done():
    for number in range(20):
        healthy = draw_scenario(1, number, Kind.HEALTHY)
        assert (healthy.fault, healthy.change) == (None, None)
        changed = draw_scenario(1, number, Kind.CHANGE)
        assert changed.fault is None
        assert changed.change in CHANGES
        assert healthy.topology == changed.topology


def test_the_same_number_is_the_same_scenario():
    one, same = (draw_scenario(5, 17, Kind.FAULT) for _ in range(2))
    assert (one.id, one.seed, one.targets, one.fault.strength) == (
        same.id, same.seed, same.targets, same.fault.strength,
    )  # fmt: skip
    assert one.topology == same.topology
    assert draw_scenario(6, 17, Kind.FAULT).id != one.id
