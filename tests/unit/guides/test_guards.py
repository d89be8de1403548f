"""Guards are one comparison and nothing else."""

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.guides.guards import OPERATORS, Guard
from aiops.types import InvalidGuide, InvalidInput


@pytest.mark.parametrize(
    ("sign", "python"),
    [
        (">", operator.gt),
        (">=", operator.ge),
        ("<", operator.lt),
        ("<=", operator.le),
        ("==", operator.eq),
        ("!=", operator.ne),
    ],
)
@settings(deadline=None, max_examples=30)
@given(
    left=st.integers(-3, 3) | st.floats(-3, 3),
    right=st.integers(-3, 3) | st.floats(-3, 3),
)
def test_numbers_compare_as_in_python(sign, python, left, right):
    guard = Guard.parse(f"step.field {sign} {right!r}")
    assert guard.holds({"step": {"field": left}}) is python(left, float(right))


def test_every_operator_is_tried_above():
    assert set(OPERATORS) == {">", ">=", "<", "<=", "==", "!="}


@pytest.mark.parametrize("quote", ['"', "'"])
def test_text_compares_for_equality(quote):
    guard = Guard.parse(f"incident.kind=={quote}not > found{quote}")
    assert guard.holds({"incident": {"kind": "not > found"}})
    assert not guard.holds({"incident": {"kind": "other"}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cpu > 1",
        "a.b",
        "a.b > ",
        "a.b > c.d",
        "a.b = 1",
        "a.b > 1 and a.c > 2",
        "a.b > 1 + 1",
        "a.b > __import__('os')",
        'a.b == "x" or "y"',
        "a.b > 0x10",
        "a.b > nan",
        "a.b > ١",  # noqa: RUF001  a digit, but not one that anybody types in a guide
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidGuide, match="cannot read the guard"):
        Guard.parse(text)


def test_text_has_no_order():
    with pytest.raises(InvalidGuide, match="orders text"):
        Guard.parse('a.b > "x"')


def test_the_incident_holds_text_only():
    with pytest.raises(InvalidGuide, match="put the constant in quotes"):
        Guard.parse("incident.severity > 2")


@pytest.mark.parametrize(
    ("text", "found"),
    [("a.b > 1", "2"), ("a.b > 1", None), ("a.b > 0", True), ('a.b == "1"', 1)],
)
def test_a_field_of_another_kind_leaves_the_guard_undecided(text, found):
    with pytest.raises(InvalidInput, match=r"a\.b is .* not (text|a number)"):
        Guard.parse(text).holds({"a": {"b": found}})


def test_a_missing_field_leaves_the_guard_undecided():
    with pytest.raises(InvalidInput, match="'a' gave no 'b'; it gave: c"):
        Guard.parse("a.b > 1").holds({"a": {"c": 2}})
