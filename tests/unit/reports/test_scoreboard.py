"""The page of what was missed: in the right order, honest in words, safe with hostile names."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from aiops.reports.scoreboard import (
    run_facts,
    run_title,
    run_verdict,
    scoreboard_page,
)
from aiops.scores import Ranked
from aiops.types import InvalidInput

HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects the tags, the ids, and what stands in the headings."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.headings, self._open = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag in {"h1", "h2", "h3"}:
            self._open.append(tag)
            self.headings.append("")

    def handle_endtag(self, tag):
        if self._open and tag == self._open[-1]:
            self._open.pop()

    def handle_data(self, data):
        if self._open:
            self.headings[-1] += data


def test_missed_faults_stand_first_with_all_there_is_to_know(make_board):
    html = scoreboard_page(make_board())
    page = Page(html)
    assert page.headings[0] == "What your monitoring missed"
    assert "1 fault bit and went unnoticed" in page.headings[1]
    assert page.headings[2].startswith("scale.zero on Deployment shop/cart")
    for said in ("1 March 2026, 12:03:00 UTC, for 3", "+0.300", "CartDown", "missed"):
        assert said in html


def test_it_loads_nothing_and_ids_are_unique(make_board):
    page = Page(scoreboard_page(make_board()))
    assert not any({"src", "href"} & set(attrs) for _, attrs in page.tags)
    assert len(set(page.ids)) == len(page.ids)
    policy = next(a["content"] for t, a in page.tags if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")


def test_nothing_missed_is_said(make_board, make_noticed):
    assert "Nothing that bit was missed" in scoreboard_page(make_board(make_noticed()))


def test_the_picture_has_the_hold_and_the_alarms(make_board, make_noticed):
    alarm = make_noticed().detections[0]
    late = replace(alarm, time=make_noticed().end)
    board = make_board(make_noticed(false_alarms=(alarm, late)))
    tags = Page(scoreboard_page(board)).tags
    bands = [
        a for tag, a in tags if tag == "rect" and "y" not in a and a.get("x", "").endswith("%")
    ]
    assert [(band["x"], band["width"]) for band in bands] == [("33.33%", "33.34%")]
    lines = [a["class"] for tag, a in tags if tag == "line" and a.get("x1") == "44.44%"]
    assert lines == ["event", "onset", "tick"]
    assert len([tag for tag, a in tags if tag == "path" and a.get("class") == "line"]) == 1


def test_a_run_without_an_indicator_has_no_picture(make_board, make_run):
    tags = Page(scoreboard_page(make_board(make_run(shown=None)))).tags
    assert not [tag for tag, _ in tags if tag == "path"]


def test_hostile_names_are_text(make_board, make_run):
    run = make_run(target=HOSTILE, why=HOSTILE, should_fire=(HOSTILE,), error=HOSTILE)
    html = scoreboard_page(make_board(run), title=HOSTILE)
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_time_without_a_zone_is_refused(make_board, make_run):
    with pytest.raises(InvalidInput, match="no time zone"):
        scoreboard_page(make_board(make_run(injected=make_run().injected.replace(tzinfo=None))))


def test_runs_are_named_by_what_was_done(make_run):
    kinds = ("fault", "decoy", "control")
    assert [run_title(make_run(kind=kind)) for kind in kinds] == [
        "scale.zero on Deployment shop/cart", "rollout, harmless", "nothing done",
    ]  # fmt: skip
    assert run_title(make_run(beside=("stress.cpu on Deployment shop/web",))) == (
        "scale.zero on Deployment shop/cart beside stress.cpu on Deployment shop/web"
    )
    idle = make_run(kind="not-injected", fault="scale.zero", target="Deployment shop/cart")
    assert run_title(idle) == "scale.zero on Deployment shop/cart, not injected"
    change = make_run(kind="not-injected", decoy="rollout of cart")
    assert run_title(change) == "rollout of cart, not injected"


def test_verdicts_in_words(make_run, make_noticed):
    alarm = make_noticed().detections
    assert run_verdict(make_run()) == "missed"
    assert run_verdict(make_noticed()) == "noticed after 1\u202fmin"
    assert run_verdict(make_run(effect="no-effect")) == "not noticed, did not bite"
    assert run_verdict(make_run(effect="unknown")) == "not noticed, not sure that it bit"
    assert run_verdict(make_run("r", "control")) == "quiet"
    assert run_verdict(make_run("r", "control", false_alarms=alarm)) == "1 false alarm"
    assert run_verdict(make_run(error="too little")) == "not judged"
    assert run_verdict(make_run("r", "not-injected")) == "not injected"


def test_facts_leave_out_what_is_empty(make_run, make_noticed):
    missed, seen = dict(run_facts(make_run())), dict(run_facts(make_noticed()))
    assert missed["expected alerts that did not fire"] == "CartDown"
    assert "noticed" not in missed
    assert "expected alerts that did not fire" not in seen
    assert (seen["noticed"], seen["blamed"]) == ("cart/cpu is abnormal", "default: cart")
    assert dict(run_facts(make_run(reverted_whole=False)))["revert"] == "incomplete"
    assert dict(run_facts(make_run(unranked="truth not measured")))["not ranked"] == (
        "truth not measured"
    )
    failed = (Ranked("default", None, None, 5, None, error="3 rows"),)
    assert dict(run_facts(make_noticed(ranked=failed)))["blamed"] == "default: failed, 3 rows"
