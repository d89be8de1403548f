"""Placeholders are found, refused when broken, and filled exactly once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.guides.references import Reference, find_references, look_up, render
from aiops.types import InvalidGuide, InvalidInput

VALUES = {"incident": {"service": "cart"}, "load": {"cpu": 0.5, "n": 3, "hot": True, "none": None}}


def test_references_come_in_order_with_their_repeats():
    found = find_references("{{b.x}} {{ a.y }} {{b.x}}")
    assert found == (Reference("b", "x"), Reference("a", "y"), Reference("b", "x"))


@pytest.mark.parametrize("broken", ["{{a}}", "{{a.b", "a.b}}", "{{a.b.c}}", "{{ a b.c }}", "{{}}"])
def test_broken_placeholders_are_refused(broken):
    with pytest.raises(InvalidGuide, match="broken placeholder; write"):
        find_references(broken)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("svc={{incident.service}}", "svc=cart"),
        ("{{load.cpu}} of {{load.n}}", "0.5 of 3"),
        ("{{load.hot}}", "true"),
        ("none here", "none here"),
    ],
)
def test_text_numbers_and_booleans_are_filled_in(template, text):
    assert render(template, VALUES) == text


def test_a_value_that_is_no_scalar_does_not_fit_in_an_argument():
    with pytest.raises(InvalidInput, match=r"load\.none is None; only text"):
        render("{{load.none}}", VALUES)


def test_a_missing_field_is_named_with_what_there_is():
    with pytest.raises(InvalidInput, match="'incident' gave no 'pod'; it gave: service"):
        look_up(Reference("incident", "pod"), VALUES)


def test_an_owner_that_gave_nothing_is_an_error_and_stays_as_written_only_in_a_rehearsal():
    with pytest.raises(InvalidInput, match="'later' gave no 'x'; it gave: nothing"):
        render("{{later.x}}", VALUES)
    assert render("{{later.x}}", VALUES, rehearsal=True) == "{{later.x}}"


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="{}. abloadincidentservice", max_size=40))
def test_what_a_tool_said_is_never_read_as_a_placeholder(said):
    values = VALUES | {"tool": {"said": said}}
    assert render("<{{tool.said}}>", values) == f"<{said}>"
