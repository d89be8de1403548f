"""Queueing against the textbook: the slow sum, the single server, and the limits."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.simulation.queueing import CLOSED, MAX_UTILISATION, erlang_c, serve

SERVERS = st.integers(1, 40)
UTILISATION = st.floats(0.01, 0.97)
LAW = settings(deadline=None, max_examples=60)


def summed_erlang_c(servers, load):
    """Add up the steady state of the birth-death chain, term by term."""
    below = sum(load**k / math.factorial(k) for k in range(servers))
    all_busy = load**servers / math.factorial(servers) / (1 - load / servers)
    return all_busy / (below + all_busy)


@LAW
@given(SERVERS, UTILISATION)
def test_the_recursion_equals_the_sum(servers, utilisation):
    load = servers * utilisation
    assert erlang_c(servers, load) == pytest.approx(summed_erlang_c(servers, load), rel=1e-9)


@LAW
@given(UTILISATION)
def test_a_single_server_is_the_textbook_queue(utilisation):
    served = serve(utilisation / 0.1, 1, 0.1)
    assert served.waits == pytest.approx(utilisation)
    assert served.queue_length == pytest.approx(utilisation**2 / (1 - utilisation))


@LAW
@given(SERVERS, UTILISATION, st.floats(1.01, 2))
def test_more_load_never_helps(servers, utilisation, factor):
    rate = servers * utilisation / 0.02
    calm, busy = serve(rate, servers, 0.02), serve(rate * factor, servers, 0.02)
    assert busy.latency_p95 >= calm.latency_p95
    assert busy.queue_length > calm.queue_length


def test_pooled_servers_wait_less():
    assert serve(80.0, 4, 0.04).queue_length < 2 * serve(40.0, 2, 0.04).queue_length


def test_an_idle_station_serves_in_service_time_alone():
    served = serve(0.0, 3, 0.02)
    assert (served.throughput, served.waits) == (0.0, 0.0)
    assert served.latency_p95 == pytest.approx(0.02 * math.log(20))


def test_what_is_too_much_is_turned_away():
    served = serve(1000.0, 2, 0.02)
    assert served.throughput == pytest.approx(MAX_UTILISATION * 100)
    assert served.utilisation == pytest.approx(MAX_UTILISATION)
    assert math.isfinite(served.latency_p95)


def test_a_closed_station_does_nothing():
    assert (CLOSED.throughput, CLOSED.queue_length) == (0.0, 0.0)
