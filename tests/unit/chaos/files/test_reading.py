"""Files from outside: bounded, without types of their own, and with no key twice."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.errors import InvalidExperiment
from chaos.files.reading import MAX_BYTES, MAX_DEPTH, Source, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture
def written(tmp_path):
    def write(text, name="file.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def _refused(path):
    with pytest.raises(InvalidExperiment) as refused:
        read(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@given(value=st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=3))
@settings(deadline=None, max_examples=30)
def test_yaml_and_json_hold_the_same(value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("same")
    as_json, as_yaml = folder / "a.json", folder / "a.yaml"
    as_json.write_text(json.dumps(value))
    as_yaml.write_text(yaml.safe_dump(value))
    assert read(as_json).value == read(as_yaml).value == value


def test_each_value_knows_its_line(written):
    source = read(written("a: 1\nb:\n  c:\n  - d: 2\n  - 3\n"))
    assert source.lines["b", "c", 0, "d"] == 4
    assert source.lines["b", "c", 1] == 5
    assert str(source.refusal(("b", "c", 9, "x"), "is wrong")) == (
        "file.yaml, line 3: b.c[9].x: is wrong"
    )


def test_a_place_that_no_line_is_known_of():
    assert str(Source("f.json", {}).refusal(("a", 0), "is wrong")) == "f.json: a[0]: is wrong"


def test_a_date_stays_text(written):
    assert read(written("a: 2026-11-22\n")).value == {"a": "2026-11-22"}


def test_anchors_and_merge_keys_are_read(written):
    source = read(written("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a\n"))
    assert source.value["b"] == {"x": 1, "y": 2}
    assert source.value["c"] == {"x": 1}


def test_aliases_that_multiply_are_refused(written):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "too many values" in _refused(written("\n".join(lines)))


def test_an_alias_of_itself_is_refused(written):
    assert "too many values or nests them too deeply" in _refused(written("a: &a [*a]\n"))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("[" * 500, "f.yaml", "nested too deeply"),
        ('{"a":' + "[" * 60 + "]" * 60 + "}", "f.json", "nested too deeply"),
        ('{"a":' + "[" * 100_000, "f.json", "nested too deeply"),
        ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "f.yaml", "nests them too deeply"),
        ("x" * (MAX_BYTES + 1), "f.yaml", "larger than 256 KiB"),
        (b"\xff\xfe", "f.yaml", "byte 0 is not UTF-8"),
        ("", "f.yaml", "is empty"),
        ("a: 1\n---\nb: 2\n", "f.yaml", "no YAML"),
        ("a: *nobody\n", "f.yaml", "line 1: no YAML"),
        ("a: \x07\n", "f.yaml", "no YAML"),
        ('{"a": 1, "a": 2}', "f.json", "the key 'a' stands twice"),
        ('{"a": NaN}', "f.json", "NaN is no number of JSON"),
        ('{"a": 1e999}', "f.json", "infinite"),
        ('{"a":\n 1,}', "f.json", "line 2: no JSON"),
        ("[1]", "f.json", "holds no mapping"),
        ("a: " + "1" * 5000, "f.yaml", "no YAML"),
        ("a: !!set {x}\n", "f.yaml", "is no type of JSON"),
        ("a: !!binary aGk=\n", "f.yaml", "is no type of JSON"),
        ("yes: 1\n", "f.yaml", "the key 'yes' is no text"),
        ("title: x", "f.toml", "ends in .yaml"),
    ],
    ids=range(20),
)
def test_what_is_no_experiment_is_refused(written, text, name, message):
    assert message in _refused(written(text, name))


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be read: No such file" in _refused(tmp_path / "no.yaml")
