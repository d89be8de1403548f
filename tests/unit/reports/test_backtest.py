"""The page of a backtest: every day a strip, every page and alert told, safe with hostile names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from aiops.backtests import (
    Backtest,
    BudgetRow,
    HeldOut,
    JudgedAlert,
    RecordedAlert,
    ReplayedIncident,
    Tally,
)
from aiops.reports import backtest_words
from aiops.reports.backtest import LEAST_WIDTH, backtest_page
from aiops.types import (
    Anomaly,
    Cause,
    Incident,
    IncidentState,
    InvalidInput,
    Ranking,
    ServiceScore,
)

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def hour(count):
    return START + timedelta(hours=count)


def told(number, opened, *, paged=True, alerts=(), service="web", lasts=1.0):
    ranking = Ranking((Cause("db", "cpu", 0.9),), (ServiceScore("db", 0.9),), confidence=0.8)
    anomaly = Anomaly(service, "latency_p95", hour(opened), hour(opened + lasts), 9.0, "tick")
    incident = Incident(
        id=f"i{number}",
        opened=hour(opened),
        state=IncidentState.OPEN,
        title=f"{service}/latency_p95 is abnormal",
        anomalies=(anomaly,),
        rankings=(ranking if paged else Ranking(()),),
    )
    moment = hour(opened) if paged else None
    return ReplayedIncident(incident, 3.5, moment, hour(opened + lasts), alerts)


def alert(name, start, end, service="web"):
    return RecordedAlert(name, service, hour(start), None if end is None else hour(end))


def build(**changes):
    tally = Tally(2, 1, 0, 0, 1, 1)
    facts = {
        "source": "http://prometheus:9090",
        "start": START,
        "end": hour(36),
        "step_s": 60.0,
        "ticks": 2161,
        "blind": 0,
        "services": 2,
        "series": 8,
        "budget": 2.0,
        "level": 1.25,
        "incidents": (
            told(1, 2, alerts=("Slow", "Slow")),
            told(2, 17.5, service="cart"),
            told(3, 30, paged=False),
        ),
        "alerts": (
            JudgedAlert(alert("Slow", 2.5, 3), "led", "i1", 1800.0, named=False),
            JudgedAlert(alert("Errors", 25, None, None), "missed"),
        ),
        "apart": (replace(alert("Watchdog", 0, None, None), apart="fires always"),),
        "table": (BudgetRow(2.0, 1.25, tally, tally, tally), BudgetRow(None, 0.0, *[tally] * 3)),
        "held_out": HeldOut(1.5, 0.75, tally),
        "notes": ("8 of 9 series are put down to a service.",),
    }
    return Backtest(**(facts | changes))


class Page(HTMLParser):
    """Collects the tags, the ids and the text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def bars(self, tone):
        return [
            (float(one["x"][:-1]), float(one["width"][:-1]))
            for tag, one in self.tags
            if tag == "rect" and one.get("class") == tone and one["x"].endswith("%")
        ]


def test_it_says_how_it_went_and_what_that_is_worth():
    text = Page(backtest_page(build())).text
    assert "2 pages in 1 d 12 h; of 2 alerts: 1 led, 0 matched, 0 folded, 1 missed." in (
        text.replace("\u202f", " ")
    )
    for said in (
        "The level was chosen on this very stretch, which flatters it.",
        "Chosen on the first half (1.50), it gives 2.7 pages a day in the second",
        "Set apart: Watchdog (fires always).",
        "8 of 9 series are put down to a service.",
        "http://prometheus:9090",
    ):
        assert said in text


def test_every_day_is_a_strip_with_its_incidents_and_alerts():
    page = Page(backtest_page(build()))
    assert "1 Mar" in page.text
    assert "2 Mar" in page.text
    hour_wide = pytest.approx(100 / 24, abs=0.01)
    assert page.bars("page") == [(pytest.approx(100 * 8 / 24, abs=0.01), hour_wide)]
    first, second = page.bars("page alone")  # over midnight: a bar on either day
    assert first == (pytest.approx(97.917, abs=0.01), pytest.approx(2.083, abs=0.01))
    assert second == (0.0, pytest.approx(2.083, abs=0.01))
    assert len(page.bars("quiet")) == 1
    assert len(page.bars("led")) == 1
    (missed,) = page.bars("missed")  # until the end of the stretch
    assert missed == (pytest.approx(100 * 7 / 24, abs=0.01), pytest.approx(100 * 11 / 24, abs=0.01))


def test_what_is_short_can_be_seen_and_stays_on_its_day():
    (bar,) = Page(backtest_page(build(incidents=(told(1, 17.99, lasts=0.001),)))).bars("page alone")
    assert bar[1] == LEAST_WIDTH
    assert bar[0] + bar[1] <= 100


def test_pages_tell_their_causes_and_alerts():
    page = Page(backtest_page(build()))
    for said in ("has an alert", "no alert: new or false", "blamed", "db", "i1: 1 March 2026"):
        assert said in page.text
    assert page.text.count("latency_p95 is abnormal") >= 2


def test_it_loads_nothing_and_its_ids_are_unique():
    page = Page(backtest_page(build()))
    ids = [one["id"] for _, one in page.tags if "id" in one]
    assert len(set(ids)) == len(ids)
    assert not any({"src", "href"} & set(one) for _, one in page.tags)
    policy = next(one["content"] for _, one in page.tags if "http-equiv" in one)
    assert policy.startswith("default-src 'none'")


def test_hostile_names_stay_text():
    hostile = build(
        source=HOSTILE,
        notes=(HOSTILE,),
        incidents=(told(1, 2, service=HOSTILE, alerts=(HOSTILE,)),),
        alerts=(JudgedAlert(alert(HOSTILE, 2, 3, HOSTILE), "led", "i1", 0.0, named=True),),
        apart=(replace(alert(HOSTILE, 0, None), apart="fires always"),),
    )
    assert HOSTILE not in backtest_page(hostile)


def test_nothing_at_all_is_a_page_too():
    empty = build(incidents=(), alerts=(), apart=(), held_out=None, notes=())
    text = Page(backtest_page(empty)).text
    assert "0 pages" in text
    assert "no alert was recorded" in text
    assert "too short to choose on one half" in text


def test_a_time_without_a_zone_is_refused():
    naive = replace(alert("Slow", 2, 3), start=datetime(2026, 3, 1, 8))  # noqa: DTZ001  that is it
    with pytest.raises(InvalidInput, match="no time zone"):
        backtest_page(build(alerts=(JudgedAlert(naive, "missed"),)))


def test_rows_fit_their_heads():
    found = build()
    for head, rows in (
        (backtest_words.BUDGET_HEAD, backtest_words.budget_rows(found)),
        (backtest_words.PAGE_HEAD, backtest_words.page_rows(found)),
        (backtest_words.ALERT_HEAD, backtest_words.alert_rows(found)),
    ):
        assert rows
        assert {len(row) for row in rows} == {len(head)}


def test_words_of_alerts_pages_and_budgets():
    found = build(blind=3)
    first, second = backtest_words.alert_rows(found)
    assert first[3] == "led by i1, which does not name its service"
    assert first[4] == "+30\u202fmin"
    assert second[2:] == ("", "missed", "")
    assert backtest_words.page_rows(found)[1][-1] == "none: new or false"
    assert backtest_words.page_rows(found)[0][-1] == "Slow"
    assert [row[0] for row in backtest_words.budget_rows(found)] == ["2", "all"]
    assert any("In 3 ticks too much was missing" in line for line in backtest_words.summary(found))
    assert backtest_words.blamed(told(1, 2)) == "db"
    assert backtest_words.blamed(told(1, 2, paged=False)) is None


def test_it_is_said_where_a_budget_is_less_than_the_one_page_that_is_allowed():
    small = "one is allowed all the same"
    assert not any(small in line for line in backtest_words.summary(build()))
    assert any(small in line for line in backtest_words.summary(build(budget=0.1)))
