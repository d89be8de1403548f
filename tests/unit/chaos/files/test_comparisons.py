"""A comparison says of a number what its text says."""

import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.files.comparisons import Comparison

OPERATORS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
LEVELS = st.integers(-1000, 1000).map(lambda tenths: tenths / 10)


@given(sign=st.sampled_from(sorted(OPERATORS)), level=LEVELS, value=LEVELS)
@settings(deadline=None, max_examples=200)
def test_it_holds_when_the_operator_does(sign, level, value):
    assert Comparison.parse(f"{sign} {level}").holds(value) == OPERATORS[sign](value, level)


@given(sign=st.sampled_from(sorted(OPERATORS)), level=LEVELS)
@settings(deadline=None, max_examples=50)
def test_what_is_written_is_read_again(sign, level):
    comparison = Comparison(sign, level)
    assert Comparison.parse(str(comparison)) == comparison


@pytest.mark.parametrize("sign", sorted(OPERATORS))
def test_nothing_holds_of_no_number(sign):
    assert not Comparison(sign, 1.0).holds(math.nan)


@pytest.mark.parametrize("text", ["", "1", "<", "< x", "=< 1", "< 1 2", "< nan", "<1\n", "~ 1"])
def test_anything_else_is_refused(text):
    assert not Comparison.written(text)
    with pytest.raises(ValueError, match="no comparison"):
        Comparison.parse(text)
