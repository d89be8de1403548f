import json
import math

import numpy as np
import pytest

from aiops.reports.timeline import MAX_ROWS, series_worth_seeing, timeline
from aiops.types import Anomaly, Cause, Event, MetricId, ServiceScore


def drawn(investigation):
    onset = investigation.onset
    return timeline(investigation, onset.timestamp() if onset else None)


def test_suspects_come_first_then_the_trigger_then_the_strangest(make_investigation, make_metrics):
    names = [MetricId(service, "cpu") for service in ("a", "b", "c", "d")]
    investigation = make_investigation(
        case={
            "metrics": make_metrics({name: np.arange(30) for name in names}),
            "trigger": MetricId("b", "cpu"),
        },
        ranking={"causes": (Cause("a", "cpu", 1.0),), "services": ()},
        anomalies=tuple(
            Anomaly(service, "cpu", start, start, score, "x")
            for service, score in (("c", 1.0), ("d", 5.0))
            for start in [make_investigation().onset]
        ),
    )
    assert {
        series.service: role for series, role in series_worth_seeing(investigation).items()
    } == {
        "a": "suspect 1",
        "b": "trigger",
        "d": "strange",
        "c": "strange",
    }
    assert [row.series.service for row in drawn(investigation).rows] == ["a", "b", "d", "c"]


def test_a_suspect_that_is_the_trigger_is_one_row_with_both_roles(make_investigation):
    roles = series_worth_seeing(make_investigation())
    assert roles[MetricId("web", "latency_seconds")] == "suspect 2, trigger"


def test_one_service_cannot_fill_the_chart(make_investigation, make_metrics):
    names = [MetricId("db", f"m{n}") for n in range(5)] + [MetricId("web", "m0")]
    investigation = make_investigation(
        case={"metrics": make_metrics({name: np.arange(30) for name in names}), "trigger": None},
        ranking={"causes": tuple(Cause(*name, 1.0) for name in names), "services": ()},
        anomalies=(),
    )
    assert [str(series) for series in series_worth_seeing(investigation)] == [
        "db/m0",
        "db/m1",
        "web/m0",
    ]


def test_rows_are_few_and_only_of_series_that_exist(make_investigation, make_metrics, at):
    names = [MetricId(f"s{n}", "cpu") for n in range(20)]
    investigation = make_investigation(
        case={"metrics": make_metrics({name: np.arange(30) for name in names})},
        ranking={"causes": (Cause("ghost", "cpu", 1.0),), "services": ()},
        anomalies=tuple(Anomaly(*name, at(20), at(21), 1.0, "x") for name in names),
    )
    rows = drawn(investigation).rows
    assert len(rows) == MAX_ROWS
    assert "ghost" not in {row.series.service for row in rows}


def test_the_onset_and_the_samples_share_the_axis(make_investigation):
    lines = drawn(make_investigation())
    assert lines.onset == round(100 * 20 / 29, 2)
    assert lines.onset in lines.rows[0].trace.x
    assert lines.clock[20] == "12:20:00 UTC, +0\u202fs"
    assert lines.moments[20] == lines.onset


def test_strange_spans_are_bands_and_touching_ones_are_merged(make_investigation, at):
    investigation = make_investigation(
        anomalies=(
            Anomaly("db", "cpu", at(20), at(22), 1.0, "x"),
            Anomaly("db", "cpu", at(21), at(24), 1.0, "y"),
            Anomaly("db", "cpu", at(25), at(25), 1.0, "x"),
            Anomaly("db", "cpu", at(28), at(28), 1.0, "x"),
        )
    )
    bands = drawn(investigation).rows[0].bands
    step = 100 / 29
    assert [(band.x, band.width) for band in bands] == [
        pytest.approx((19.5 * step, 6 * step), abs=0.02),
        pytest.approx((27.5 * step, step), abs=0.02),
    ]


def test_events_are_numbered_in_order_with_the_injected_fault_among_them(make_investigation, at):
    events = (Event(at(25), "scale", "web"), Event(at(18), "deploy", "db", "1.4.2"))
    lines = drawn(make_investigation(case={"events": events}))
    assert [(event.number, event.text) for event in lines.events] == [
        (1, "deploy · db · 1.4.2"),
        (2, "fault injected · db · cpu (label)"),
        (3, "scale · web"),
    ]
    assert [tick.label for tick in lines.lane] == ["1", "2", "3"]
    assert lines.events[0].relative == "\u22122\u202fmin"


def test_events_too_close_to_read_share_a_tick(make_investigation, at):
    events = tuple(Event(at(10), "deploy", f"s{n}") for n in range(4))
    lines = drawn(make_investigation(case={"events": events, "inject_time": None}))
    assert [tick.label for tick in lines.lane] == ["1\u20134"]
    assert len(lines.events) == 4


def test_events_out_of_sight_are_left_out(make_investigation, at):
    events = (Event(at(-5), "deploy"), Event(at(100), "deploy"))
    lines = drawn(make_investigation(case={"events": events, "inject_time": None}))
    assert (lines.events, lines.lane) == ((), ())


def test_the_samples_are_legal_json_with_gaps_as_null(make_investigation, make_metrics):
    values = np.arange(30.0)
    values[3] = math.nan
    investigation = make_investigation(
        case={"metrics": make_metrics({MetricId("db", "cpu"): values})}
    )
    samples = json.loads(json.dumps(drawn(investigation).samples(), allow_nan=False))
    (row,) = samples["rows"]
    assert row["y"][3] is None
    assert row["labels"][3] == "no value"
    assert len(row["x"]) == len(row["y"]) == len(row["labels"]) == 30


def test_the_note_says_what_part_is_shown(make_investigation, make_metrics):
    assert "whole window of 29\u202fmin" in drawn(make_investigation()).note
    long = make_metrics({MetricId("db", "cpu"): np.arange(600) % 7}, rows=600)
    late = make_investigation(case={"metrics": long}, onset=long.index[590])
    assert drawn(late).note.startswith("The last 1\u202fh 9\u202fmin of 9\u202fh 59\u202fmin")


def test_an_onset_outside_of_the_window_is_not_drawn(make_investigation, at):
    lines = drawn(make_investigation(onset=at(500)))
    assert lines.onset is None


def test_a_row_says_in_words_what_it_shows(make_investigation):
    assert drawn(make_investigation()).rows[0].summary == (
        "db/cpu runs from 0 to 9, with 1 strange span."
    )


def test_a_series_about_calls_is_shown_as_a_suspect_of_the_callee(make_investigation):
    causes = (Cause("web", "latency_seconds", 0.9, callee="db"), Cause("db", "cpu", 0.1))
    services = (ServiceScore("db", 0.9), ServiceScore("web", 0.1))
    seen = series_worth_seeing(make_investigation(ranking={"causes": causes, "services": services}))
    assert seen[MetricId("web", "latency_seconds")].startswith("suspect 1")
