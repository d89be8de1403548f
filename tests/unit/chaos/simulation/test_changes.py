"""Harmless changes: each is recorded, does what it says, and hurts nobody."""

import numpy as np
import pytest

from chaos.simulation.changes import CHANGES

RECORDED = {
    "rollout": "rollout",
    "scale_up": "scale",
    "load_step": "load",
    "pod_churn": "pod_replaced",
    "job": "cron",
}


def biggest(system):
    return max(system.system.services, key=lambda service: service.replicas)


@pytest.mark.parametrize("name", CHANGES)
def test_it_is_recorded_at_its_time(name, drawn):
    known = len(drawn.events)
    moment = drawn.now
    CHANGES[name](drawn, biggest(drawn), np.random.default_rng(1))
    drawn.advance(3)
    new = [event for event in drawn.events[known:] if event.kind == RECORDED[name]]
    assert new
    assert new[0].time == moment
    assert new[0].service in {None, biggest(drawn).name}


@pytest.mark.parametrize("name", CHANGES)
def test_the_entry_goes_on_answering(name, drawn):
    CHANGES[name](drawn, biggest(drawn), np.random.default_rng(1))
    drawn.advance(40)
    entry = next(iter(drawn.system.entries))
    assert drawn.metrics()[entry, "error_ratio"].tail(40).mean() < 0.02


def test_a_rollout_replaces_every_pod(drawn):
    service = biggest(drawn)
    CHANGES["rollout"](drawn, service, np.random.default_rng(1))
    drawn.advance(40)
    document = drawn.get(service.ref)
    assert document["status"]["readyReplicas"] == document["spec"]["replicas"]
    assert drawn.logs().message.str.contains("starting server").sum() >= service.replicas - 1
    assert "failed to pull" not in " ".join(drawn.logs().message)


def test_a_job_brings_load_to_its_service_for_a_time(drawn):
    service = biggest(drawn)
    before = drawn.metrics()[service.name, "request_rate"].tail(10).mean()
    CHANGES["job"](drawn, service, np.random.default_rng(4))
    drawn.advance(3)
    during = drawn.metrics()[service.name, "request_rate"].tail(3).mean()
    assert during > 1.05 * before


def test_a_step_of_the_load_reaches_every_entry(drawn):
    entry = next(iter(drawn.system.entries))
    before = drawn.metrics()[entry, "request_rate"].tail(10).mean()
    drawn.scale_load(1.5)
    drawn.advance(10)
    assert drawn.metrics()[entry, "request_rate"].tail(10).mean() > 1.2 * before
