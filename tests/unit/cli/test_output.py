"""JSON that holds no NaN, names that are neither cut nor obeyed, progress that stays on stderr."""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.cli import output

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def printed(document, capsys):
    output.print_json(document)
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


class TestJson:
    @settings(deadline=None, max_examples=100)
    @given(document=DOCUMENTS)
    def test_any_document_reads_back_with_null_for_what_is_not_finite(self, document):
        text = json.dumps(output._finite(document), allow_nan=False)
        assert json.loads(text) == finite(document)

    def test_prints_a_document_and_nothing_else(self, capsys):
        document = {"a": [1, 0.1, float("nan"), (float("inf"), None)], "ü": {"b": -float("inf")}}
        expected = {"a": [1, 0.1, None, [None, None]], "ü": {"b": None}}
        assert printed(document, capsys) == expected

    def test_what_json_has_no_words_for_is_a_mistake_of_ours(self, capsys):
        with pytest.raises(TypeError):
            output.print_json({"when": object()})
        assert capsys.readouterr().out == ""


def finite(value):
    """Say the same another way: through text, as JavaScript would write it."""
    text = json.dumps(value)
    return json.loads(text, parse_constant=lambda _: None)


class TestPrintable:
    @settings(deadline=None, max_examples=100)
    @given(text=st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Lu", "Nd"])))
    def test_nothing_is_left_that_a_terminal_obeys(self, text):
        shown = output.printable(text)
        assert shown.isprintable()
        assert shown.encode().decode() == shown

    @pytest.mark.parametrize("text", ["", "cart/latency p95 (s)", "größe", "订单", "[red]x[/red]"])
    def test_what_can_be_read_is_left_alone(self, text):
        assert output.printable(text) == text

    def test_say_prints_one_line(self, capsys):
        output.say("a\nb\x1b[31m")
        output.say("aside", err=True)
        assert capsys.readouterr() == ("a\\nb\\x1b[31m\n", "aside\n")


class TestTable:
    def test_columns_align_and_lines_end_where_their_text_does(self, capsys):
        output.print_table(("name", "n"), [("a", "1"), ("longer", "22")])
        assert capsys.readouterr().out == "name    n\na       1\nlonger  22\n"

    def test_nothing_is_cut(self, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "20")
        name = "service-with-a-name/" + 300 * "x"
        output.print_table(("name", "n"), [(name, "1")])
        assert f"\n{name}  1\n" in capsys.readouterr().out

    def test_a_table_without_rows_is_its_header(self, capsys):
        output.print_table(("name", "n"), [])
        assert capsys.readouterr().out == "name  n\n"

    def test_names_are_not_obeyed(self, capsys):
        output.print_table(("name",), [("\x1b[2J",)])
        assert capsys.readouterr().out == "name\n\\x1b[2J\n"


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Stand in for the time that has passed."""
    made = Clock()
    monkeypatch.setattr(output, "monotonic", made)
    return made


class TestProgressWithoutATerminal:
    def test_what_takes_no_time_says_nothing(self, clock, capsys):
        with output.telling() as tell:
            clock.now += 0.9
            tell("almost a second")
        assert capsys.readouterr() == ("", "")

    def test_from_the_first_second_on_it_says_what_it_does_once_a_second(self, clock, capsys):
        with output.telling() as tell:
            clock.now += 1.0
            tell("one")
            clock.now += 0.5
            tell("too soon")
            clock.now += 0.5
            tell("two\n")
        assert capsys.readouterr() == ("", "one\ntwo\\n\n")

    def test_a_count_says_how_far_it_is(self, clock, capsys):
        with output.counting("cases") as report:
            clock.now += 5.0
            report(3, 9, "set/case")
        assert capsys.readouterr() == ("", "cases 3/9: set/case\n")


class TestProgressOnATerminal:
    def pretend(self, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "120")

    def test_a_spinner_says_what_is_done_and_leaves_stdout_alone(self, capsys, monkeypatch):
        self.pretend(monkeypatch)
        with output.telling() as tell:
            tell("ranking [bold]cart\x07")
        out, err = capsys.readouterr()
        assert out == ""
        assert "ranking [bold]cart\\x07" in err

    def test_a_bar_counts_and_leaves_stdout_alone(self, capsys, monkeypatch):
        self.pretend(monkeypatch)
        with output.counting("cases") as report:
            report(1, 2, "set/[b]")
            report(2, 2, "set/[b]\x07")
        out, err = capsys.readouterr()
        assert out == ""
        assert "2/2" in err
        assert "set/[b]\\x07" in err
