"""The whole backtest over a frame: what it opens, what it makes of alerts, and what budgets buy."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from aiops.proving.backtest import backtest
from aiops.settings import Backtest, Settings
from aiops.types import InvalidMetrics

START = datetime(2026, 3, 2, tzinfo=UTC)
GENEROUS = Settings(backtest=Backtest(pages_per_day=5))
FAULTS = (2 * 1440 + 100, 2 * 1440 + 700, 3 * 1440 + 300)


@pytest.fixture(scope="module")
def found(frame, alerts):
    return backtest(frame, alerts, (("web", "db"),), GENEROUS, source="here", notes=("so it is",))


def minutes(moment):
    return (moment - START) / timedelta(minutes=1)


def test_each_fault_is_one_incident_that_pages_at_once(found):
    opened = [minutes(one.incident.opened) for one in found.pages]
    assert opened == [first + 1 for first in FAULTS]
    assert all(one.paged - one.incident.opened <= timedelta(minutes=2) for one in found.pages)
    assert {one.service for one in found.pages[0].incident.anomalies} == {"db", "web"}


def test_the_causes_are_ranked_once_for_those_that_page(found):
    blamed = [one.incident.rankings[-1].services[0].service for one in found.pages]
    assert blamed == ["db"] * 3
    assert all(len(one.incident.rankings) == 1 for one in found.incidents)


def test_alerts_are_led_folded_matched_and_missed(found):
    told = [(one.alert.name, one.fate, one.named) for one in found.alerts]
    assert told == [
        ("Unfelt", "missed", None),
        ("SlowDb", "led", True),
        ("SlowWeb", "folded", True),
        ("SlowDb", "matched", True),
    ]
    led, matched = found.alerts[1], found.alerts[3]
    assert 480 <= led.lead_s <= 540
    assert -480 <= matched.lead_s <= -360
    assert [one.name for one in found.apart] == ["Watchdog"]
    assert [one.alerts for one in found.pages] == [("SlowDb", "SlowWeb"), ("SlowDb",), ()]


def test_the_table_has_a_row_for_each_budget_and_the_one_that_was_asked_for(frame, alerts, found):
    assert [row.budget for row in found.table] == [0.5, 1, 2, 5, 10, None]
    pages = [row.ours.pages for row in found.table]
    assert pages == sorted(pages)
    assert pages[0] <= 2
    for row in found.table:
        assert row.naive.pages <= row.ours.pages
        assert row.chance.pages == row.ours.pages
        assert row.chance.missed >= row.ours.missed
    odd = backtest(frame, alerts, settings=Settings(backtest=Backtest(pages_per_day=3)))
    assert [row.budget for row in odd.table] == [0.5, 1, 2, 3, 5, 10, None]


def test_a_small_budget_pages_for_the_strongest_alone(frame, alerts):
    tight = backtest(frame, alerts, settings=Settings(backtest=Backtest(pages_per_day=0.26)))
    (page,) = tight.pages
    assert page.strength == max(one.strength for one in tight.incidents)
    assert page.strength >= tight.level
    assert len(tight.incidents) >= 3
    assert all(one.incident.rankings[-1].causes == () for one in tight.incidents if not one.paged)


def test_the_level_is_chosen_on_one_half_and_counted_on_the_other(found, frame, alerts):
    assert found.held_out.days == pytest.approx(2, abs=0.01)
    assert found.held_out.ours.led + found.held_out.ours.matched == 2
    assert backtest(frame.iloc[: 1440 * 2 - 1], alerts).held_out is None


def test_calm_days_open_nothing(calm):
    quiet = backtest(calm)
    assert (quiet.incidents, quiet.alerts, quiet.blind) == ((), (), 0)
    assert quiet.table[-1].ours.pages == quiet.table[-1].naive.pages == 0


def test_rows_that_are_missing_are_blind(calm):
    calm.iloc[1000:1100] = float("nan")
    holes = backtest(calm)
    assert holes.blind == pytest.approx(100, abs=1)
    assert holes.incidents == ()


def test_what_is_open_at_the_end_ends_there(frame):
    cut = backtest(frame.iloc[: FAULTS[0] + 10], settings=GENEROUS)
    assert cut.incidents[-1].closed == cut.end


def test_it_tells_how_far_it_is(calm):
    told = []
    backtest(calm.iloc[:1001], tell=lambda *words: told.append(words[:2]))
    assert told == [(0, 1001), (500, 1001), (1000, 1001)]


def test_it_is_the_same_every_time(frame, alerts, found):
    again = backtest(frame, alerts, (("web", "db"),), GENEROUS, source="here", notes=("so it is",))
    assert again.document() == found.document()


def test_it_is_json_as_it_stands(found):
    told = json.loads(json.dumps(found.document(), allow_nan=False))
    assert told["schema"] == "aiops.backtest/v1"
    assert told["source"] == "here"
    assert told["notes"] == ["so it is"]
    assert told["days"] == pytest.approx(4, abs=0.01)
    assert [one["fate"] for one in told["alerts"]] == ["missed", "led", "folded", "matched"]
    assert [one["blames"] for one in told["incidents"] if one["paged"]] == ["db"] * 3
    assert told["table"][-1]["budget"] is None


def test_a_frame_that_is_none_is_refused(calm):
    with pytest.raises(InvalidMetrics):
        backtest(calm.iloc[:2])
