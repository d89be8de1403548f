"""The scoreboard as Markdown: complete, and inert whatever names it carries."""

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aiops.reports.markdown import escape, scoreboard_markdown, table


def render(text):
    return MarkdownIt("commonmark").enable("table").render(text)


def test_it_says_what_was_missed_first(make_board):
    text = scoreboard_markdown(make_board())
    order = [text.index(f"## {name}") for name in ("Missed", "Figures", "Causes named", "Runs")]
    assert order == sorted(order)
    missed = text[order[0] : order[1]]
    for said in ("scale.zero on Deployment shop/cart", "12:03:00 UTC", "CartDown", "+0.300"):
        assert said in missed


def test_its_tables_are_tables(make_board):
    assert render(scoreboard_markdown(make_board())).count("<table>") == 3


def test_nothing_missed_is_said(make_board, make_noticed):
    assert "Nothing that bit was missed." in scoreboard_markdown(make_board(make_noticed()))


def test_hostile_names_are_text(make_board, make_run):
    html = render(scoreboard_markdown(make_board(make_run(target="<img src=x>|[a](b)", why="a|b"))))
    assert "<img" not in html
    assert "<a " not in html
    assert html.count("<table>") == 3


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet=st.sampled_from("ab <>|*_`[]()#!&\\\n~-+."), max_size=30))
def test_a_cell_stays_a_cell(name):
    html = render("\n".join(table(("a", "b"), [(name, "end")])))
    assert html.count("<td>") == 2
    assert "<td>end</td>" in html
    assert not any(tag in html for tag in ("<em>", "<strong>", "<code>", "<a ", "<img"))
    assert "\n" not in escape(name)
