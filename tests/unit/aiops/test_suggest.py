"""The closing half of an "unknown name" error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.suggest import did_you_mean, nearest

KNOWN = ["metrics.read", "workload.read", "workload.restart"]


class TestDidYouMean:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [("workload.reed", "workload.read"), ("restart", "workload.restart"), ("metric", KNOWN[0])],
    )
    def test_names_the_one_that_was_probably_meant(self, name, meant):
        assert did_you_mean(name, KNOWN) == f"did you mean {meant!r}?"

    def test_lists_all_in_order_where_none_is_near(self):
        text = "known: metrics.read, workload.read, workload.restart"
        assert did_you_mean("zzz", reversed(KNOWN)) == text

    def test_says_so_where_there_are_none(self):
        assert did_you_mean("zzz", []) == "known: none"

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.data())
    def test_a_known_name_is_nearest_to_itself(self, known, data):
        name = data.draw(st.sampled_from(known))
        assert did_you_mean(name, iter(known)) == f"did you mean {name!r}?"


class TestNearest:
    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.text())
    def test_is_always_one_of_them(self, known, name):
        assert nearest(name, iter(known)) in known

    def test_is_the_one_most_like_it(self):
        assert nearest("workload.restrat", KNOWN) == "workload.restart"
        assert nearest("qqq", ["cart/cpu"]) == "cart/cpu"

    def test_of_nothing_is_nothing(self):
        assert nearest("cart", []) is None

    def test_does_not_depend_on_their_order(self):
        assert nearest("ab", ["ac", "ad"]) == nearest("ab", ["ad", "ac"])
