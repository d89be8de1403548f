"""The laws of tolerances."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chaos.files.comparisons import Comparison
from chaos.files.tolerances import Tolerance
from chaos.probes.tolerance import within

READ = TypeAdapter(Tolerance).validate_python
NUMBERS = st.integers(-100, 100).map(lambda tenths: tenths / 10)
SCALARS = st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "ok", "a"])


@given(low=NUMBERS, high=NUMBERS, value=NUMBERS)
@settings(deadline=None, max_examples=100)
def test_a_range_is_two_comparisons(low, high, value):
    low, high = sorted((low, high))
    inside = Comparison(">=", low).holds(value) and Comparison("<=", high).holds(value)
    assert within(READ({"type": "range", "range": [low, high]}), value) is inside
    assert within(READ([low, high]), value) is inside


@given(tolerance=SCALARS.filter(bool), value=SCALARS)
@settings(deadline=None, max_examples=100)
def test_a_scalar_tolerates_itself_and_nothing_of_another_type(tolerance, value):
    assert within(READ(tolerance), tolerance)
    assert within(READ(tolerance), value) is (type(tolerance) is type(value) and tolerance == value)


@given(choices=st.lists(SCALARS, min_size=3, max_size=5), value=SCALARS)
@settings(deadline=None, max_examples=100)
def test_a_longer_list_tolerates_what_one_of_its_items_does(choices, value):
    one = any(type(item) is type(value) and item == value for item in choices)
    assert within(READ(choices), value) is one


@given(status=st.integers(100, 599), low=st.integers(100, 599), high=st.integers(100, 599))
@settings(deadline=None, max_examples=100)
def test_a_pair_names_status_codes_not_bounds(status, low, high):
    assert within(READ([low, high]), {"status": status}) is (status in {low, high})


@given(level=NUMBERS, value=NUMBERS)
@settings(deadline=None, max_examples=50)
def test_a_comparison_speaks_of_the_status_too(level, value):
    tolerance = READ(f"< {level}")
    assert within(tolerance, value) is within(tolerance, {"status": value}) is (value < level)


@pytest.mark.parametrize("tolerance", ["< 5", "!= 5", [0, 9], {"type": "range", "range": [0, 9]}])
@pytest.mark.parametrize("value", [math.nan, None, "five", True, [1], {}])
def test_what_is_no_number_is_in_no_range(tolerance, value):
    assert not within(READ(tolerance), value)


ANSWER = {"status": 200, "body": {"items": [{"n": 1}, {"n": 2}]}, "headers": {}}


@pytest.mark.parametrize(
    ("tolerance", "ok"),
    [
        ({"type": "regex", "pattern": '"n": 2', "target": "body"}, True),
        ({"type": "regex", "pattern": "^n", "target": "body"}, False),
        ({"type": "jsonpath", "path": "$.items[*].n", "target": "body"}, True),
        ({"type": "jsonpath", "path": "$.items[2]", "target": "body"}, False),
        ({"type": "jsonpath", "path": "$.body.items[*].n", "expect": [1, 2]}, True),
        ({"type": "jsonpath", "path": "$.body.items[*].n", "expect": [2, 1]}, False),
        ({"type": "jsonpath", "path": "$.body.items[0].n", "expect": 1}, True),
        ({"type": "jsonpath", "path": "$.body.items[*]", "count": 2}, True),
        ({"type": "jsonpath", "path": "$.body.*[*]", "count": 3}, False),
        ({"type": "range", "range": [200, 299], "target": "status"}, True),
    ],
)
def test_a_structured_tolerance_looks_at_its_target(tolerance, ok):
    assert within(READ(tolerance), ANSWER) is ok


def test_a_body_of_text_is_read_as_json():
    tolerance = READ({"type": "jsonpath", "path": "$.a", "expect": 1})
    assert within(tolerance, '{"a": 1}')
    assert not within(tolerance, "no json")
    assert within(READ({"type": "regex", "pattern": "^plain"}), "plain text")
