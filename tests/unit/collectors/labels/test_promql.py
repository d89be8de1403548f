"""PromQL is written with what is inside it escaped, and lists of matchers are read back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.clients.prometheus import Matcher
from aiops.collectors.labels.promql import meets, parse_matchers, quoted, selector, union
from aiops.types import InvalidSettings

MATCHERS = st.builds(
    Matcher,
    st.from_regex(r"[a-z_]{1,5}", fullmatch=True),
    st.text(max_size=10),
    st.sampled_from(["=", "!="]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(MATCHERS, min_size=1, max_size=4))
def test_matchers_are_read_as_they_are_written(matchers):
    assert parse_matchers(",".join(map(str, matchers))) == tuple(matchers)


@pytest.mark.parametrize("text", ["a", 'a="b" c="d"', "a=b", 'a="b', '1a="b"', 'a="b";', 'a=~"("'])
def test_what_is_no_list_of_matchers_is_refused(text):
    with pytest.raises(InvalidSettings):
        parse_matchers(text)


def test_nothing_asks_for_nothing():
    assert parse_matchers("") == ()


@pytest.mark.parametrize(
    ("matcher", "met"),
    [
        ('a="x"', True),
        ('a!="x"', False),
        ('a=~"x|y"', True),
        ('a=~"."', True),
        ('a=~"xx"', False),
        ('b=""', True),
        ('b!=""', False),
        ('b!~"x"', True),
    ],
)
def test_a_label_set_meets_a_matcher(matcher, met):
    assert meets(parse_matchers(matcher)[0], {"a": "x"}) is met


def test_a_selector_holds_its_matchers():
    assert selector("up", []) == "up"
    assert selector("up", [Matcher("job", 'a"b\\')]) == 'up{job="a\\"b\\\\"}'
    assert selector("", [Matcher("__name__", "", "!=")]) == '{__name__!=""}'
    assert selector("a-b", []) == '{__name__="a-b"}'


def test_a_hostile_string_stays_a_string():
    assert quoted('"} or up{a="\n') == '"\\"} or up{a=\\"\\n"'


def test_a_union_is_a_balanced_tree():
    query = union({str(place): f"x{place}" for place in range(8)})
    depth = max(query[:end].count("(") - query[:end].count(")") for end in range(len(query)))
    assert depth == 4  # three levels of `or`, and label_replace
    assert query.count(" or ") == 7
