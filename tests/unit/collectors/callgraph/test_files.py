"""A call graph from a file: what is read, and what is refused in one line."""

import json

import pytest

from aiops.collectors.callgraph import from_file
from aiops.errors import InvalidInput

CALLS = (("web", "cart"), ("web", "stock"))


@pytest.fixture
def read(tmp_path):
    def write_and_read(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return from_file(tmp_path / name)

    return write_and_read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("calls.toml", 'entries = []\ncalls = [["web", "cart"], ["web", "stock"]]\n'),
        (
            "calls.toml",
            '[[calls]]\ncaller="web"\ncallee="cart"\n[[calls]]\ncaller="web"\ncallee="stock"\n',
        ),
        ("calls.json", json.dumps(CALLS)),
        ("calls.JSON", json.dumps([CALLS[0], {"caller": "web", "callee": "stock", "rate": 7}])),
        ("calls.csv", "caller,callee\nweb,cart\n\nweb, stock\nweb,cart\n"),
        ("calls.csv", "\ufeffrate,callee,caller\r\n1,cart,web\r\n2,stock,web\r\n"),
    ],
)
def test_each_form_gives_the_same_calls(read, name, text):
    graph = read(name, text)
    assert graph.topology == CALLS
    assert {edge.source.rpartition("/")[2] for edge in graph.edges} == {name}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("calls.yaml", "", "read from .toml, .json and .csv"),
        ("calls.toml", "calls = [", "is not TOML"),
        ("calls.toml", "call = []", "no list 'calls'; did you mean 'call'?"),
        ("calls.toml", "calls = []", "lists no call"),
        ("calls.toml", 'calls = [["web", "cart"], ["web"]]', "call 2 is no pair"),
        ("calls.toml", '[[calls]]\ncaller="web"\ncalee="cart"', "did you mean 'calee'?"),
        ("calls.json", "[", "is not JSON"),
        ("calls.json", "[" * 100_000, "is not JSON"),
        ("calls.json", "{}", "is no list of calls"),
        ("calls.json", '[["web", 3]]', "call 1 is no pair"),
        ("calls.json", '[["web", " "]]', "call 1 is no pair"),
        ("calls.json", '["ab"]', "call 1 is no pair"),
        ("calls.json", '[["web", "web"]]', "call 1: web calls itself"),
        ("calls.csv", "", "header caller,callee"),
        ("calls.csv", "web,cart\n", "header caller,callee"),
        ("calls.csv", "caller,callee\nweb,cart\nweb\n", "line 3 is no pair"),
        ("calls.csv", f'caller,callee\nweb,"{"x" * 200_000}"\n', "is not CSV"),
    ],
)
def test_what_is_no_list_of_calls_is_refused_in_one_line(read, name, text, words):
    with pytest.raises(InvalidInput) as refusal:
        read(name, text)
    assert words in str(refusal.value)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        from_file(tmp_path / "calls.csv")
    (tmp_path / "calls.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="cannot be read"):
        from_file(tmp_path / "calls.csv")
