"""The Wilson interval, against a twin that solves its defining equation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from aiops.wilson import Z_95, Share, wilson


def twin(hits, of):
    """The shares p at which the score statistic (hits/of - p)² / (p (1 - p) / of) is z²."""

    def gap(p):
        return (hits / of - p) ** 2 * of - Z_95**2 * p * (1 - p)

    low = 0.0 if hits == 0 else brentq(gap, 0, min(hits / of, 1 - 1e-12), xtol=1e-14)
    high = 1.0 if hits == of else brentq(gap, max(hits / of, 1e-12), 1, xtol=1e-14)
    return low, high


COUNTS = st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_it_solves_its_equation(counts):
    assert wilson(*counts) == pytest.approx(twin(*counts), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(COUNTS)
def test_it_holds_the_share_and_mirrors(counts):
    hits, of = counts
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    assert wilson(of - hits, of) == pytest.approx((1 - high, 1 - low))


def test_it_narrows_with_more_runs():
    few, many = wilson(9, 10), wilson(900, 1000)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]


def test_known_values():
    assert wilson(8, 10) == pytest.approx((0.4901624715, 0.9433178485))


@pytest.mark.parametrize(("hits", "of"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_no_share_of_nothing(hits, of):
    with pytest.raises(ValueError, match="no share"):
        wilson(hits, of)


def test_a_share_of_nothing_is_none():
    share = Share.count(0, 0)
    assert (share.value, share.low, share.high) == (None, None, None)
    assert (str(share), share.brief) == ("none to count", "none")


def test_a_share_writes_itself():
    assert str(Share.count(10, 10)) == "1.00 [.72, 1.00] of 10"
    assert Share.count(1, 2).to_dict()["value"] == 0.5
