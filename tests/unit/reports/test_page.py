import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from aiops.reports import demo_page, incident_page
from aiops.reports.page import script_safe_json
from aiops.types import (
    STAGES,
    Anomaly,
    CausalEdge,
    Cause,
    Event,
    Evidence,
    InvalidInput,
    InvalidMetrics,
    MetricId,
    Place,
    Proof,
    RootCause,
    ServiceScore,
    Stage,
)

VOID = {"meta", "br", "link", "img", "input", "hr"}
HOSTILE = "</script><script>alert(1)</script><!-- \"'>&amp;\u2028{{ 7*7 }}"


class Page(HTMLParser):
    """A strict reader: every tag must be closed in order, every id be unique."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts, self.raw = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []
        ids = [attrs["id"] for _, attrs in self.tags if "id" in attrs]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag, attrs):
        assert len(attrs) == len(dict(attrs))
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        (self.raw if inside in {"script", "style"} else self.texts).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag, **wanted):
        found = [attrs for name, attrs in self.tags if name == tag]
        return [attrs for attrs in found if wanted.items() <= attrs.items()]


def proof(**changes):
    parts = {
        "stages": tuple(Stage(name, ok=True, detail=f"{name} is fine") for name in STAGES),
        "incidents": (),
        "investigations": (),
        "places": (
            Place("run-1", "ours", 1.0, 9, "db"),
            Place("run-1", "random", 5.0, 9, "web"),
            Place("run-1", "max_z", None, 9, None),
        ),
    }
    return Proof(**{**parts, **changes})


@pytest.fixture
def hostile(make_investigation, make_metrics, at):
    """Return an investigation in which every string from outside is an attack."""
    bad = MetricId(HOSTILE, HOSTILE)
    other = MetricId(f"{HOSTILE}2", HOSTILE)
    return make_investigation(
        case={
            "id": HOSTILE,
            "metrics": make_metrics({bad: np.arange(30), other: np.arange(30) % 3}),
            "events": (Event(at(18), HOSTILE, HOSTILE, HOSTILE),),
            "topology": ((HOSTILE, HOSTILE),),
            "trigger": bad,
            "root_cause": RootCause(other.service),
            "fault": HOSTILE,
            "system": HOSTILE,
        },
        ranking={
            "causes": (Cause(*bad, 0.9, (Evidence(HOSTILE, 1.0),)), Cause(*other, 0.1)),
            "services": (ServiceScore(bad.service, 0.9), ServiceScore(other.service, 0.1)),
            "edges": (CausalEdge(bad, other, 1.0, 5.0, HOSTILE),),
            "ranker": HOSTILE,
        },
        anomalies=(
            Anomaly(*bad, at(20), at(22), 1.0, HOSTILE),
            Anomaly(*other, at(2), at(3), 1.0, HOSTILE),
        ),
    )


def test_the_first_screen_says_who_why_how_sure_and_whether_it_is_true(make_investigation):
    text = Page(incident_page(make_investigation())).text
    opening = text[: text.index("Suspects")]
    for words in (
        "case-1",
        "shop",
        "onset 1 March 2026, 12:20:00 UTC",
        "db is most likely to blame (confidence 0.71): cpu rose to 9 times its normal spread",
        "How sure: fairly sure",
        "✔ right db was the true cause",
        "What broke first",
    ):
        assert words in opening


def test_the_sections_stand_in_the_order_of_a_readers_questions(make_investigation):
    text = Page(incident_page(make_investigation())).text
    headings = (
        "is most likely to blame",
        "What broke first",
        "Suspects",
        "On one clock",
        "What acted on what",
        "How the verdict was made",
    )
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


def test_hostile_strings_stay_text(hostile):
    for html in (
        incident_page(hostile),
        demo_page(
            [hostile], proof(places=(Place(HOSTILE, HOSTILE, 2.0, 9, HOSTILE),)), title=HOSTILE
        ),
    ):
        page = Page(html)
        assert len(page.all("script")) == 2
        assert "alert(1)" not in "".join(page.raw)
        assert HOSTILE.replace("\u2028", " ") in page.text
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_the_page_loads_nothing(hostile, make_investigation):
    for html in (
        incident_page(make_investigation()),
        demo_page([hostile, make_investigation()], proof(), title="Proof"),
    ):
        page = Page(html)
        assert "http://" not in html
        assert "https://" not in html
        assert not {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "use"}
        for _, attrs in page.tags:
            assert "src" not in attrs
            assert "style" not in attrs
            assert attrs.get("href", "#").startswith("#")
            assert all(link == "#" for link in re.findall(r"url\((.)", str(attrs)))
        assert "url(" not in "".join(page.raw)
        assert "@import" not in "".join(page.raw)


def test_the_policy_admits_this_script_and_style_and_nothing_else(make_investigation):
    html = incident_page(make_investigation())
    (policy,) = Page(html).all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; ")
    assert "unsafe" not in policy["content"]
    for tag in ("style", "script"):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy["content"]


def test_every_link_leads_to_a_place_on_the_page(make_investigation):
    page = Page(demo_page([make_investigation()] * 2, proof(), title="Proof"))
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    links = {attrs["href"].removeprefix("#") for attrs in page.all("a")}
    assert links == {"incident-1", "incident-2", "proof"}
    assert links <= ids
    for _, attrs in page.tags:
        assert set(attrs.get("aria-labelledby", "").split()) <= ids
        assert {attrs.get("data-samples")} <= ids | {None}


def test_every_drawing_that_is_not_decoration_has_a_title_and_a_description(make_investigation):
    page = Page(incident_page(make_investigation()))
    drawings = page.all("svg", role="img")
    assert len(drawings) == 6  # gauge, events, two rows, axis, graph
    ids = {attrs.get("id"): tag for tag, attrs in page.tags}
    for drawing in drawings:
        assert [ids[name] for name in drawing["aria-labelledby"].split()] == ["title", "desc"]


def test_the_samples_can_be_read_back(make_investigation):
    page = Page(incident_page(make_investigation()))
    samples = json.loads(next(text for text in page.raw if text.startswith("{")))
    assert [row["labels"][25] for row in samples["rows"]] == ["9", "9\u202fs"]


@pytest.mark.parametrize(
    "changes",
    [
        {"anomalies": ()},
        {"ranking": {"edges": ()}},
        {"ranking": {"abstained": True}},
        {"ranking": {"causes": (), "services": (), "edges": ()}},
        {"ranking": {"confidence": math.nan}},
        {"case": {"root_cause": None, "inject_time": None, "fault": None}},
        {"case": {"trigger": None, "events": (), "topology": (), "system": None}},
        {"onset": None, "ranking": {"onset": None}},
        {
            "onset": None,
            "anomalies": (),
            "case": {"trigger": None, "events": ()},
            "ranking": {"onset": None, "causes": (), "services": (), "edges": ()},
        },
    ],
)
def test_whatever_is_missing_the_page_is_whole(make_investigation, changes):
    investigation = make_investigation(**changes)
    Page(incident_page(investigation))
    Page(demo_page([investigation], proof(), title="Proof"))


def test_what_is_missing_is_said_in_a_sentence(make_investigation):
    text = Page(
        incident_page(
            make_investigation(
                onset=None,
                anomalies=(),
                case={"trigger": None},
                ranking={"onset": None, "causes": (), "services": (), "edges": ()},
            )
        )
    ).text
    for sentence in (
        "onset not found",
        "Nobody is blamed: the ranker found no candidate.",
        "No series was strange in this window.",
        "How sure: very unsure",
        "The ranker named no candidate.",
        "There is no suspect, no trigger and no strange series to draw.",
        "The ranker drew no causal edge",
    ):
        assert sentence in text


def test_a_series_without_a_single_value_is_shown_as_such(make_investigation, make_metrics):
    metrics = make_metrics(
        {
            MetricId("db", "cpu"): np.full(30, np.nan),
            MetricId("web", "latency_seconds"): np.arange(30),
        }
    )
    html = incident_page(make_investigation(case={"metrics": metrics}))
    assert "no data" in Page(html).text
    assert "NaN" not in html


def test_the_same_investigation_gives_the_same_page(make_investigation):
    assert incident_page(make_investigation()) == incident_page(make_investigation())
    assert demo_page([make_investigation()], proof(), title="x") == demo_page(
        [make_investigation()], proof(), title="x"
    )


def test_the_demo_sets_each_verdict_beside_the_truth(make_investigation):
    page = Page(
        demo_page(
            [
                make_investigation(),
                make_investigation(case={"root_cause": RootCause("web")}),
                make_investigation(ranking={"abstained": True}),
                make_investigation(case={"root_cause": None}),
            ],
            proof(),
            title="Four incidents",
        )
    )
    assert "4 incidents: 1 right, 1 wrong, 1 abstained." in page.text
    contents = page.text[: page.text.index("The proving loop every stage held")]
    for words in (
        "blames db , fairly sure ✔ right",
        "blames db , fairly sure ✘ wrong the true cause was web (cpu), ranked 2nd of 2",
        "blames nobody ○ abstained the true cause was db",
        "truth not known",
    ):
        assert words in contents


def test_the_demo_shows_every_stage_and_every_place(make_investigation):
    page = Page(demo_page([make_investigation()], proof(), title="Proof"))
    loop = page.text[page.text.rindex("The proving loop") :]
    for name in STAGES:
        assert f"{name} held {name} is fine" in loop
    assert "Run ours max_z random" in loop
    assert "run-1 1 of 9 \u2013 not ranked; blamed nobody 5 of 9; blamed web" in loop
    assert "In first place 1 of 1 0 of 1 0 of 1" in loop


def test_a_loop_that_broke_off_is_not_called_proved(make_investigation):
    broken = proof(stages=(Stage("inject", ok=True, detail=""),), places=())
    text = Page(demo_page([make_investigation()], broken, title="Proof")).text
    assert "Not every stage held" in text
    assert "detect not reached" in text
    assert "No ranking was scored." in text


def test_illegal_metrics_are_refused(make_investigation, make_metrics):
    metrics = make_metrics({MetricId("db", "cpu"): np.zeros(30)})
    with pytest.raises(InvalidMetrics, match="no usable column"):
        incident_page(make_investigation(case={"metrics": metrics}))


def test_a_time_without_a_zone_is_refused(make_investigation, at):
    with pytest.raises(InvalidInput, match="no time zone"):
        incident_page(make_investigation(onset=at(20).replace(tzinfo=None)))


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "&lt;", "\ud800", '"'])
def test_json_in_a_script_can_neither_end_it_nor_change(text):
    written = str(script_safe_json([text]))
    assert not re.search("[<>&\u2028\ud800]", written)
    assert json.loads(written) == [text]


def test_json_has_no_word_for_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_safe_json([math.nan])
