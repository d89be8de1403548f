"""Guards abort in time, and only then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from aiops.errors import Unreachable
from chaos.files.extension import GuardBlock
from chaos.probes import Context, Guard
from chaos.probes.guards import BLIND_S

START = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
READ = TypeAdapter(GuardBlock).validate_python


class _Series:
    """Answers with the value of the moment; None where it is away."""

    def __init__(self):
        self.value = 1.0

    def query(self, expr):
        if self.value is None:
            raise Unreachable("Prometheus is away")
        return (SimpleNamespace(labels={}, value=self.value),)


def _reasons(block, values, tick_s=1):
    """Return what a guard says at each tick; one value per tick."""
    queries, guard = _Series(), Guard(READ(block))
    reasons = []
    for index, value in enumerate(values):
        queries.value = value
        now = START + timedelta(seconds=index * tick_s)
        reasons.append(guard.tick(now, Context(queries=queries)))
    return reasons


def _guard(for_s):
    return {"promql": "sli", "abort_if": "< 0.95", "for": for_s}


@given(good=st.integers(0, 5), for_s=st.integers(0, 20), tick_s=st.integers(1, 7), offset=st.data())
@settings(deadline=None, max_examples=100)
def test_it_aborts_within_two_ticks_of_having_held(good, for_s, tick_s, offset):
    begin = good * tick_s + offset.draw(st.integers(0, tick_s - 1))
    ticks = range(0, begin + for_s + 4 * tick_s, tick_s)
    reasons = _reasons(_guard(for_s), [0.5 if at >= begin else 1.0 for at in ticks], tick_s)
    first = next(at for at, reason in zip(ticks, reasons, strict=True) if reason)
    assert begin + for_s <= first <= begin + for_s + 2 * tick_s


@given(bad=st.integers(0, 9), pattern=st.lists(st.booleans(), max_size=30))
@settings(deadline=None, max_examples=100)
def test_it_never_aborts_on_less_than_its_for(bad, pattern):
    values = [0.5 if broken else 1.0 for broken in pattern]
    runs = "".join("x" if broken else " " for broken in pattern).split()
    longest = max(map(len, runs), default=0)
    aborted = any(_reasons(_guard(bad), values))
    assert aborted is (longest > bad)


def test_the_reason_says_what_and_how_long():
    assert _reasons(_guard(2), [0.5] * 3)[-1] == "sli is 0.5, < 0.95 for 2s"


def test_a_guard_that_cannot_see_aborts_after_a_while():
    reasons = _reasons(_guard(2), [1.0, *[None] * int(BLIND_S + 1)])
    assert [bool(reason) for reason in reasons] == [False] * int(BLIND_S + 1) + [True]
    assert reasons[-1] == "a guard has seen nothing for 30s: Prometheus is away"


def test_sight_regained_starts_the_blind_time_anew():
    half = [None] * int(BLIND_S - 1)
    assert not any(_reasons(_guard(2), [*half, 1.0, *half]))


def test_a_short_blindness_does_not_forget_what_was_seen():
    assert _reasons(_guard(3), [0.5, None, None, 0.5])[-1]


def test_nothing_to_look_at_never_aborts_and_says_so():
    guard = Guard(READ(_guard(0)))
    assert guard.unwatched is None
    for second in range(100):
        assert guard.tick(START + timedelta(seconds=second), Context()) is None
    assert guard.unwatched == "there is no Prometheus here"


def test_an_slo_guard_reads_the_metrics(context):
    slo = {"service": "web", "metric": "error_ratio", "window": 20}
    guard = Guard(READ({"slo": slo, "abort_if": "> 0.15"}))
    assert guard.tick(START, context) == "mean of web/error_ratio is 0.2, > 0.15"
    calm = replace(context, metrics=lambda: context.metrics() * 0)
    assert guard.tick(START + timedelta(seconds=1), calm) is None


def test_a_firing_alert_aborts_at_once(context):
    guard = Guard(READ({"no_firing_alerts": "critical"}))
    assert guard.tick(START, context) == "critical alerts firing: ShopDown"
    assert context.queries.asked == ['ALERTS{alertstate="firing",severity="critical"}']
    context.queries.answer = None
    assert guard.tick(START, context) is None


@pytest.mark.parametrize(("hour", "aborts"), [(9, False), (15, False), (16, True), (3, True)])
def test_outside_its_hours_it_aborts(context, hour, aborts):
    guard = Guard(READ({"window": "Mon-Fri 09:00-16:00"}))
    reason = guard.tick(START.replace(hour=hour), context)
    assert reason == ("outside Mon-Fri 09:00-16:00 (UTC)" if aborts else None)
