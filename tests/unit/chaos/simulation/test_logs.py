"""Lines follow what happens, in time and in number, and the past does not depend on the future."""

import pandas as pd
import pytest

from aiops.cases.rules import check_logs
from chaos import ObjectRef, fault
from chaos.simulation.logs import write_logs
from chaos.simulation.simulator import START, Simulator

CART = ObjectRef("Deployment", "shop", "cart")


def struck(kind, target=CART, *, before=60, after=60):
    """Return the lines before and after `kind` struck."""
    shop = Simulator(seed=3)
    shop.advance(before)
    moment = shop.now
    kind.plan(shop, target, hold_s=900.0).inject(shop, "r1")
    shop.advance(after)
    logs = shop.logs()
    return logs[logs.index < moment], logs[logs.index >= moment]


def count(logs, text, service=None):
    lines = logs if service is None else logs[logs.service == service]
    return int(lines.message.str.contains(text, regex=False).sum())


def test_they_are_as_cases_demand_and_few():
    shop = Simulator(seed=1)
    shop.advance(200)
    logs = shop.logs()
    check_logs(logs, "here")
    assert set(logs.service) == {"web", "cart", "catalog", "payment", "store"}
    assert 50 < len(logs) < 200 * 5
    assert logs.index[0] >= shop.start
    assert logs.index[-1] <= shop.now


def test_before_the_first_step_there_are_none():
    logs = Simulator(seed=1).logs()
    check_logs(logs, "here")
    assert logs.empty


def test_the_same_seed_writes_the_same_whatever_comes_after():
    short, long = Simulator(seed=5), Simulator(seed=5)
    short.advance(30)
    long.advance(60)
    early = long.logs()
    pd.testing.assert_frame_equal(short.logs(), early[early.index < short.now], check_freq=False)
    other = Simulator(seed=6)
    other.advance(30)
    assert not other.logs().equals(short.logs())


def test_callers_name_the_callee_that_refuses():
    before, after = struck(fault("scale.zero"))
    assert count(before, "call to cart failed: connection refused") == 0
    assert count(after, "call to cart failed: connection refused", "web") > 20
    assert count(after, "request failed", "web") > 3 * count(before, "request failed", "web")


def test_callers_name_the_callee_that_is_late():
    kind = fault("net.delay")
    before, after = struck(kind, after=400)
    text = "call to cart timed out"
    assert count(before, text, "web") == 0
    assert count(after, text, "web") > 4


@pytest.mark.parametrize(
    ("fault_id", "text"),
    [
        ("memory.low", "OOMKilled"),
        ("image.bad", "failed to pull image"),
        ("probe.readiness", "readiness probe failed"),
        ("image.bad", "starting server"),
    ],
)
def test_pods_say_what_happens_to_them(fault_id, text):
    before, after = struck(fault(fault_id))
    assert count(before, text) == 0
    assert count(after, text, "cart") > 0
    assert count(after, text) == count(after, text, "cart")


def test_a_history_of_nothing_is_no_line():
    assert write_logs([], seed=1, start=START, step_s=5.0).empty
