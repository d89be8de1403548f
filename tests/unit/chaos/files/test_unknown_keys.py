"""An unknown key is refused wherever it stands, with its place."""

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.errors import InvalidExperiment
from chaos.files import load
from chaos.files.document import Document
from chaos.files.reading import place_text, read

EVERYTHING = Path(__file__).parent / "corpus" / "good" / "everything.yaml"
ENVIRON = {"SHOP_TOKEN": "t", "SHOP_PASSWORD": "p"}
OPEN = {"params", "headers", "extra", "anything", "labels", "configuration", "secrets", "api"}
"""Mappings whose keys are the author's own."""


def _blocks(value, place=()):
    if isinstance(value, dict):
        if not OPEN & {str(key) for key in place[-1:]} and "anything" not in place:
            yield place
        for key, item in value.items():
            yield from _blocks(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _blocks(item, (*place, index))


VALUE = read(EVERYTHING).value
PLACES = [
    place
    for place in _blocks(VALUE)
    if place not in {("contributions",), ("extensions", 1)}  # names, and another tool's block
]


@given(place=st.sampled_from(PLACES), key=st.text("qxz", min_size=5, max_size=9))
@settings(deadline=None, max_examples=150)
def test_any_unknown_key_anywhere_is_refused(place, key, tmp_path_factory):
    import json

    value = copy.deepcopy(VALUE)
    block = value
    for step in place:
        block = block[step]
    block[key] = 1
    path = tmp_path_factory.mktemp("unknown") / "e.json"
    path.write_text(json.dumps(value))
    with pytest.raises(InvalidExperiment) as refused:
        load(path, environ=ENVIRON)
    where = f"{place_text(place)}: " if place else ""
    assert f"e.json: {where}unknown key '{key}'; the nearest is" in str(refused.value)


def test_the_law_is_tried_at_every_level():
    assert len(PLACES) >= 40


def test_a_document_written_out_is_read_the_same(tmp_path):
    source = {**VALUE, "method": [], "steady-state-hypothesis": None}
    document = Document.model_validate({**source, "extensions": VALUE["extensions"]})
    again = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert Document.model_validate(again) == document
