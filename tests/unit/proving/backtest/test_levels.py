"""The page level: never more pages than were asked for, and no fewer than ties force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.proving.backtest.levels import most_pages, page_level

strengths = st.lists(st.floats(0.1, 20).map(lambda value: round(value, 1)), max_size=30)


@given(strengths=strengths, most=st.integers(1, 10))
def test_the_budget_is_kept_and_used_up_to_ties(strengths, most):
    level = page_level(strengths, most)
    paging = [one for one in strengths if one >= level]
    assert len(paging) <= most
    rest = [one for one in strengths if one < level]
    assert not rest or len(paging) + rest.count(max(rest)) > most


def test_equals_page_together_or_not_at_all():
    assert page_level([2.0, 2.0, 2.0], 2) > 2.0
    assert page_level([], 3) == 0.0


@pytest.mark.parametrize(("budget", "days", "most"), [(2, 14, 28), (0.5, 3, 1), (0.1, 1, 1)])
def test_a_budget_allows_one_page_at_least(budget, days, most):
    assert most_pages(budget, days) == most
