"""Only patterns that mean the same here and in Prometheus are taken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.labels.re2 import compile_re2, compile_with_group, escaped, with_group_as
from aiops.collectors.labels.rules import BEFORE_AT, BUILT_IN, HOST, WORKLOAD
from aiops.types import InvalidSettings


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("web(?=-)", "look-around"),
        ("(?<!a)web", "look-around"),
        (r"(a)\1", "a back reference"),
        ("(?P<a>x)(?P=a)", "a back reference"),
        ("(a)?(?(1)b|c)", "a conditional group"),
        ("(?>a+)b", "an atomic group or possessive repetition"),
        ("a++", "an atomic group or possessive repetition"),
        ("(?x)a b", "a flag of Python's own"),
        ("a(?#why)", "a comment"),
        (r"a\Z", "an escape or class"),
        ("[[:alpha:]]", "an escape or class"),
    ],
)
def test_what_re2_lacks_is_refused_by_name(pattern, what):
    with pytest.raises(InvalidSettings) as caught:
        compile_re2(pattern)
    assert what in str(caught.value)
    assert repr(pattern) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "*"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(InvalidSettings, match="the pattern"):
        compile_re2(pattern)


@pytest.mark.parametrize("pattern", [r"a\\1", "[?=(]+", "(?i:ok)", r"[+*]+\.", r"\(\?=", "a+?"])
def test_what_only_looks_foreign_is_taken(pattern):
    assert compile_re2(pattern).pattern == pattern


def test_digits_and_words_are_ascii_as_in_re2():
    assert not compile_re2(r"\d").fullmatch("\N{ARABIC-INDIC DIGIT ONE}")


@pytest.mark.parametrize("pattern", ["web", "(a)(b)", "(.*)", "(a)?"])
def test_a_pattern_that_names_a_service_has_one_group_and_no_use_for_nothing(pattern):
    with pytest.raises(InvalidSettings, match="the pattern"):
        compile_with_group(pattern)


def test_the_patterns_of_the_built_in_rules_can_be_used():
    for rule in BUILT_IN:
        compile_re2(rule.match)
        for source in rule.sources or ():
            compile_with_group(source.pattern)


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("cart-7d9f8b6c5d-x7k2p", "cart"),
        ("cart-db-7d9f8b6c5d-x7k2p", "cart-db"),
        ("cart-0", "cart"),
        ("cart-12", "cart"),
        ("fluentd-x7k2p", "fluentd"),
        ("backup-29384756-x7k2p", "backup"),
        ("cart", "cart"),
        ("web-front", "web-front"),  # a word has vowels
        ("kube-apiserver-node1", "kube-apiserver-node1"),
        ("web-v2-7d9f8b6c5d-x7k2p", "web-v2"),
    ],
)
def test_a_pod_belongs_to_its_workload(pod, workload):
    assert compile_with_group(WORKLOAD).fullmatch(pod)[1] == workload


@pytest.mark.parametrize(
    ("instance", "host"),
    [("db:9100", "db"), ("10.0.0.1:9100", "10.0.0.1"), ("[::1]:9100", "[::1]"), ("db", "db")],
)
def test_a_host_is_an_instance_without_its_port(instance, host):
    assert compile_with_group(HOST).fullmatch(instance)[1] == host


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=20))
def test_an_escaped_text_is_met_by_itself_alone(text):
    found = compile_re2(escaped(text)).fullmatch(text)
    assert found is not None
    assert not compile_re2(escaped(text)).fullmatch(text + "x")


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from([WORKLOAD, HOST, BEFORE_AT, r"a\((x[)(]+|.+)\)", "(?:p-)?(?P<name>.+)"]),
    st.text("abx-.0", min_size=1, max_size=8),
)
def test_the_group_can_be_filled_in(pattern, value):
    text = f"a({value})" if pattern.startswith(r"a\(") else value
    found = compile_with_group(pattern).fullmatch(text)
    if found:
        assert compile_re2(with_group_as(pattern, found[1])).fullmatch(text)
