"""Drawn systems: whole, without cycles, of the size and the load that was asked for."""

import math

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import InvalidExperiment
from chaos.simulation.service import deployment
from chaos.simulation.shop import TOPOLOGY
from chaos.simulation.topology import (
    AUTOSCALED,
    FEWEST,
    LEAST_CPU,
    MOST,
    MOST_UTILISED,
    PACE_S,
    _slowest_s,
    draw_topology,
)  # fmt: skip
from chaos.workloads import cpu_limit

SEEDS = st.integers(0, 2**32)
LAW = settings(deadline=None, max_examples=40)


@LAW
@given(SEEDS, st.integers(FEWEST, MOST))
def test_every_service_is_reached_and_calls_come_before_what_they_call(seed, count):
    topology = draw_topology(seed, services=count)
    order = [service.name for service in topology.services]
    assert len(set(order)) == len(order) == count
    assert all(order.index(caller) < order.index(callee) for caller, callee in topology.calls)
    graph = nx.DiGraph(topology.calls)
    graph.add_nodes_from(order)
    reached = {name for entry in topology.entries for name in nx.descendants(graph, entry)}
    assert reached | set(topology.entries) == set(order)
    assert sum(topology.entries.values()) == pytest.approx(1.0)
    assert not set(topology.entries) & {callee for _, callee in topology.calls}


@LAW
@given(SEEDS)
def test_limits_fit_the_load(seed):
    topology = draw_topology(seed)
    rates = topology.usual_rates(topology.load.rate)
    for service in topology.services:
        cores = service.replicas * cpu_limit(deployment(service))
        used = rates[service.name] * service.service_time_s / cores
        assert used * (1 + topology.load.swing) <= MOST_UTILISED + 1e-9
        if cpu_limit(deployment(service)) >= 1:
            assert used > 0.28  # rounded up by at most 50m
        assert cpu_limit(deployment(service)) * 1000 >= LEAST_CPU


def test_most_services_use_a_third_to_two_thirds_of_their_limit():
    used = []
    for seed in range(30):
        topology = draw_topology(seed)
        rates = topology.usual_rates(topology.load.rate)
        used += [
            rates[s.name] * s.service_time_s / s.replicas / cpu_limit(deployment(s))
            for s in topology.services
        ]
    inside = sum(0.25 <= share <= 0.6 for share in used) / len(used)
    assert inside > 0.5


def test_entries_answer_in_time_at_the_peak():
    slow = [seed for seed in range(60) if _slowest_s(draw_topology(seed)) > 1.5 * PACE_S]
    assert slow == []


def test_stores_are_shared():
    fan_in = [
        max(dict(nx.DiGraph(draw_topology(seed, services=20).calls).in_degree()).values())
        for seed in range(20)
    ]
    assert sum(fan_in) / len(fan_in) > 4


def test_sizes_differ_and_some_services_scale_by_themselves():
    drawn = [draw_topology(seed) for seed in range(60)]
    sizes = [len(topology.services) for topology in drawn]
    assert min(sizes) < 8
    assert max(sizes) > 18
    services = [service for topology in drawn for service in topology.services]
    scaled = sum(service.autoscaling is not None for service in services) / len(services)
    assert 0.1 < scaled < AUTOSCALED


def test_the_same_seed_draws_the_same_system():
    assert draw_topology(5) == draw_topology(5)
    assert draw_topology(5) != draw_topology(6)


@pytest.mark.parametrize(("seed", "services"), [(-1, None), (1, FEWEST - 1), (1, MOST + 1)])
def test_what_cannot_be_drawn_is_refused(seed, services):
    with pytest.raises(InvalidExperiment, match="give"):
        draw_topology(seed, services=services)


def test_usual_rates_add_up_along_the_calls():
    rates = TOPOLOGY.usual_rates(100.0)
    assert rates["web"] == 100.0
    assert rates["cart"] == pytest.approx(50.0)
    assert rates["store"] == pytest.approx(50.0 * 1.5 + 80.0 * 0.5)
    assert math.isclose(rates["payment"], 10.0)
