"""The tick: pure, total over what may be seen, right about what opens an episode and what ends it."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops.pipeline import Manner, Seen, Watch, tick
from aiops.settings import Detection
from aiops.types import InvalidInput, MetricId

START = datetime(2026, 3, 2, tzinfo=UTC)
RATE, ERRORS, LATENCY, CPU = (
    MetricId("web", metric) for metric in ("request_rate", "error_ratio", "latency_p95", "cpu")
)
SERIES = (RATE, ERRORS, LATENCY, CPU)
CALM = np.array([50.0, 0.001, 0.2, 1.0])


def minute(count):
    return START + timedelta(minutes=count)


def calm(rows, seed=0, series=SERIES):
    noise = np.random.default_rng(seed).normal(size=(rows, len(SERIES)))
    return (CALM * (1 + 0.02 * noise))[:, [SERIES.index(one) for one in series]]


def run(rows, *, watch=None, series=SERIES, first=0, step=1):
    """Tick over rows; return the last watch and every decision."""
    watch, decisions = watch or Watch.begin(), []
    for place, row in enumerate(rows):
        watch, decision = tick(watch, Seen(minute(first + place * step), series, row))
        decisions.append(decision)
    return watch, decisions


def opened(decisions):
    return [one.opened for one in decisions if one.opened]


def closed(decisions):
    return [one.closed for one in decisions if one.closed]


def state(thing):
    """Everything that is remembered, as plain comparable data."""
    if isinstance(thing, np.ndarray):
        return thing.tobytes()
    if is_dataclass(thing) and not isinstance(thing, type):
        return tuple(state(getattr(thing, one.name)) for one in fields(thing))
    return tuple(map(state, thing)) if isinstance(thing, tuple) else repr(thing)


def fault(column, factor, rows=200, first=120, last=160, seed=0):
    values = calm(rows, seed)
    values[first:last, SERIES.index(column)] *= factor
    return values


def test_nothing_happens_while_all_is_calm():
    watch, decisions = run(calm(600))
    assert opened(decisions) == []
    assert watch.episode is None
    assert not any(one.strange or one.strength or one.blind for one in decisions)


@pytest.mark.parametrize(("column", "factor"), [(RATE, 0.1), (ERRORS, 80), (LATENCY, 4)])
def test_a_symptom_opens_one_episode_that_ends_when_it_has_been_quiet(column, factor):
    _, decisions = run(fault(column, factor))
    (begun,), (ended,) = opened(decisions), closed(decisions)
    assert begun.symptom == column
    assert (begun.began, begun.opened) == (minute(120), minute(121))
    assert ended.closed == ended.last + timedelta(seconds=Manner().quiet_s)
    assert [one.series for one in ended.anomalies] == [column]
    assert ended.anomalies[0].start == minute(120)
    assert minute(125) <= ended.last <= minute(162)


@pytest.mark.parametrize(("column", "factor"), [(RATE, 3), (ERRORS, 0), (LATENCY, 0.2)])
def test_what_gets_better_is_no_symptom(column, factor):
    assert opened(run(fault(column, factor))[1]) == []


def test_a_resource_alone_opens_nothing_but_belongs_to_what_is_open():
    values = fault(CPU, 5)
    alone = run(values)[1]
    assert opened(alone) == []
    assert any(one.strange for one in alone)
    values[125:160, 2] *= 4
    (ended,) = closed(run(values)[1])
    assert {one.series for one in ended.anomalies} == {CPU, LATENCY}
    assert ended.began == minute(125)


def test_where_no_series_is_a_symptom_each_of_them_counts():
    values = fault(CPU, 5)[:, 3:]
    (begun,) = opened(run(values, series=(CPU,))[1])
    assert begun.symptom == CPU


def test_a_single_sample_opens_nothing():
    assert opened(run(fault(LATENCY, 10, first=120, last=121))[1]) == []
    quick = Watch.begin(Detection(min_points=1))
    assert opened(run(fault(LATENCY, 10, first=120, last=121), watch=quick)[1])


def test_services_that_break_together_are_one_stronger_episode():
    series = tuple(MetricId(name, "latency_p95") for name in ("cart", "web"))
    values = np.tile(calm(200)[:, 2:3], 2)
    values[120:160, 0] *= 4
    (alone,) = closed(run(values, series=series)[1])
    values[122:160, 1] *= 4
    (both,) = closed(run(values, series=series)[1])
    assert set(both.services) == {"cart", "web"}
    assert both.strength == pytest.approx(2**0.5 * alone.strength, rel=0.1)


def test_strength_pages_at_the_tick_that_reaches_it_and_not_before():
    (ended,) = closed(run(fault(LATENCY, 4))[1])
    assert ended.paged(0) == ended.opened
    assert ended.paged(ended.strength) == ended.rises[-1][0] > ended.opened
    assert ended.paged(ended.strength + 0.01) is None
    assert [weight for _, weight in ended.rises] == sorted(weight for _, weight in ended.rises)


def test_a_change_that_lasts_becomes_the_new_normal():
    values = fault(LATENCY, 4, rows=1500, last=1500)
    watch, decisions = run(values)
    assert len(opened(decisions)) == len(closed(decisions)) == 1
    assert closed(decisions)[0].closed <= closed(decisions)[0].opened + timedelta(hours=5)
    assert watch.expectation.mean[2] == pytest.approx(0.8, rel=0.05)


def test_an_episode_is_cut_after_its_longest_time():
    watch = Watch.begin(manner=Manner(longest_s=600))
    (ended,) = closed(run(fault(LATENCY, 1000, last=150), watch=watch)[1])
    assert ended.closed == ended.opened + timedelta(minutes=10)


def test_a_drift_opens_nothing():
    slope = np.linspace(1, 3, 2000)[:, None]
    assert opened(run(calm(2000) * np.hstack([np.ones((2000, 2)), slope, slope]))[1]) == []


def spiking_nightly(days, spike=6.0, at=200, jitter=3):
    rows = days * 1440
    values = calm(rows)
    moves = np.random.default_rng(1).integers(-jitter, jitter + 1, days)
    for day, move in enumerate(moves):
        values[day * 1440 + at + move :][:20, 2] *= spike
    return values


def test_what_happens_every_night_opens_nothing_from_the_third_night_on():
    days = [one.opened.day - START.day for one in opened(run(spiking_nightly(6))[1])]
    assert days == [0, 1]


def test_a_nightly_spike_does_not_hide_a_fault_at_noon():
    values = spiking_nightly(5)
    values[4 * 1440 + 720 :][:30, 2] *= 30
    days = [one.opened for one in opened(run(values)[1])]
    assert days[-1] == START + timedelta(days=4, minutes=721)


def test_a_restless_series_needs_more_to_be_strange_than_a_calm_one():
    rng = np.random.default_rng(3)
    values = calm(4 * 1440)
    for first in rng.integers(0, 4 * 1440, 40):  # ten times a day, at no particular time
        values[first : first + 3, 2] *= 3
    days = np.array([(one.opened - START).days for one in opened(run(values)[1])])
    assert (days == 0).sum() >= 4
    assert (days >= 2).sum() <= (days == 0).sum() / 3


def test_a_series_that_was_always_there_is_missed():
    values = calm(400)
    values[300:340, 2] = np.nan
    (begun,) = opened(run(values)[1])
    assert begun.symptom == LATENCY
    assert begun.opened == minute(305)


def test_a_series_that_comes_and_goes_is_not_missed():
    values = calm(600)
    values[::2, 2] = np.nan
    values[400:, 2] = np.nan
    assert opened(run(values)[1]) == []


def test_when_everything_is_missing_it_is_the_measuring_that_failed():
    values = calm(400)
    values[300:320] = np.nan
    _, decisions = run(values)
    assert [one.blind for one in decisions[299:321]] == [False, *[True] * 20, False]
    assert opened(decisions) == []


def test_an_episode_outlasts_a_time_in_which_nothing_is_seen():
    values = fault(LATENCY, 50, rows=300, last=125)
    values[125:165] = np.nan
    _, decisions = run(values)
    (ended,) = closed(decisions)
    assert ended.last == minute(124)
    assert ended.closed == minute(165)


def test_series_keep_their_past_when_others_come_and_go():
    later = (MetricId("new", "latency_p95"), LATENCY, RATE)
    watch, _ = run(calm(120))
    rows = np.column_stack([np.full(60, 9.0), calm(60)[:, 2], calm(60)[:, 0]])
    rows[20:40, 1] *= 4
    watch, decisions = run(rows, watch=watch, series=later, first=120)
    assert [one.symptom for one in opened(decisions)] == [LATENCY]
    assert watch.columns.series == later
    assert watch.expectation.count.tolist() == [60, 180, 180]


def test_order_of_the_series_does_not_matter():
    values = fault(LATENCY, 4)
    swapped = (LATENCY, CPU, ERRORS, RATE)
    places = [SERIES.index(one) for one in swapped]
    told = [run(values)[1], run(values[:, places], series=swapped)[1]]
    assert [one.strength for one in told[0]] == [one.strength for one in told[1]]
    assert [one.rises for one in closed(told[0])] == [one.rises for one in closed(told[1])]


def test_ticks_may_be_missing():
    values = fault(LATENCY, 4, rows=240, first=120, last=160)
    _, decisions = run(values[::2], step=2)
    (begun,) = opened(decisions)
    assert (begun.began, begun.opened) == (minute(120), minute(122))


def test_after_a_long_gap_the_recent_past_says_nothing():
    watch, _ = run(calm(120))
    moved = calm(60) * 5
    _, decisions = run(moved, watch=watch, first=120 + 24 * 60)
    assert opened(decisions) == []
    assert opened(run(moved, watch=watch, first=121)[1])


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Seen(minute(5), SERIES, CALM), "sort them"),
        (Seen(minute(4), SERIES, CALM), "sort them"),
        (Seen(datetime(2026, 3, 3), SERIES, CALM), "no time zone"),  # noqa: DTZ001  that is it
        (Seen(minute(6), SERIES, CALM[:2]), "give one for each"),
        (Seen(minute(6), SERIES, CALM * [1, 1, np.inf, 1]), "web/latency_p95 is infinite"),
    ],
)
def test_what_cannot_be_is_refused(seen, said):
    watch, _ = run(calm(6))
    with pytest.raises(InvalidInput, match=said):
        tick(watch, seen)


values_of = arrays(
    np.float64,
    (40, len(SERIES)),
    elements=st.one_of(st.just(np.nan), st.floats(0, 1e6, width=32)),
)


@given(values=values_of, split=st.integers(1, 39))
@settings(deadline=None, max_examples=25)
def test_it_is_pure(values, split):
    """The same input gives the same output, and what was given stays as it was."""
    first, _ = run(np.vstack([calm(40), values[:split]]))
    before, row = state(first), values[split].copy()
    seen = Seen(minute(200), SERIES, row)
    one, two = tick(first, seen), tick(first, seen)
    assert state(one[0]) == state(two[0])
    assert one[1] == two[1]
    assert state(first) == before
    assert row.tobytes() == values[split].tobytes()


@given(values=values_of)
@settings(deadline=None, max_examples=25)
def test_it_is_total_and_its_decisions_hang_together(values):
    """Whatever is seen, episodes alternate between opening and closing, and nothing is NaN."""
    watch, decisions = run(np.vstack([calm(60), values, calm(30)]))
    turns = [kind for one in decisions for kind in ("closed", "opened") if getattr(one, kind)]
    assert turns == ["opened", "closed"] * (len(turns) // 2) + ["opened"] * (len(turns) % 2)
    assert (watch.episode is not None) == bool(len(turns) % 2)
    assert all(np.isfinite(one.strength) and one.strength >= 0 for one in decisions)
    for one in closed(decisions):
        assert one.began <= one.opened <= one.last <= one.closed
        assert all(each.start <= each.end for each in one.anomalies)


def test_scores_do_not_depend_on_the_unit():
    values = fault(LATENCY, 4)
    in_ms = values * np.array([1.0, 1.0, 1000.0, 1.0])
    told = [[one.strength for one in run(rows)[1]] for rows in (values, in_ms)]
    assert told[0] == pytest.approx(told[1])


def test_the_watch_can_be_taken_up_from_where_it_was_left():
    values = fault(LATENCY, 4)
    _, whole = run(values)
    half, first = run(values[:130])
    _, second = run(values[130:], watch=replace(half), first=130)
    assert [*first, *second] == whole
