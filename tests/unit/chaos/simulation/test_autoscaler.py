"""The autoscaler follows the load up at once, and down only after a calm time."""

from dataclasses import replace

import pytest

from aiops.types import InvalidExperiment
from chaos.patch import put
from chaos.simulation.autoscaler import CALM_S, PERIOD_S, Recommender
from chaos.simulation.service import Autoscaling, autoscaler
from chaos.simulation.shop import SHOP

DOCUMENT = autoscaler(SHOP[1], Autoscaling(least=2, most=10, target=0.5))


def desired(current, utilisation, now_s=0.0, recommender=None):
    return (recommender or Recommender()).desired(DOCUMENT, current, utilisation, now_s)


def test_it_brings_the_utilisation_to_its_target():
    assert desired(4, 0.75) == 6


@pytest.mark.parametrize("utilisation", [0.46, 0.5, 0.54])
def test_near_the_target_it_does_nothing(utilisation):
    assert desired(4, utilisation) == 4


def test_it_keeps_its_bounds():
    assert desired(8, 1.0) == 10
    assert desired(3, 0.01) == 2


def test_it_at_most_doubles_or_adds_four_at_once():
    wide = autoscaler(SHOP[1], Autoscaling(1, 100, 0.1))
    assert Recommender().desired(wide, 1, 1.0, 0.0) == 5
    assert Recommender().desired(wide, 8, 1.0, 0.0) == 16


def test_what_is_scaled_to_zero_or_not_measured_is_left_alone():
    assert desired(0, 1.0) == 0
    assert desired(4, float("nan")) == 4


def test_downwards_it_waits_for_a_calm_time():
    recommender = Recommender()
    assert desired(4, 0.75, 0.0, recommender) == 6
    now = 0.0
    while now < CALM_S - PERIOD_S:
        now += PERIOD_S
        assert desired(6, 0.2, now, recommender) == 6
    assert desired(6, 0.2, now + PERIOD_S, recommender) == 3


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/spec/minReplicas", 0),
        ("/spec/minReplicas", 1000),
        ("/spec/maxReplicas", "10"),
        ("/spec/metrics/0/resource/target/averageUtilization", 0),
        ("/spec/metrics/0/resource/target/averageUtilization", True),
    ],
)
def test_what_an_api_server_would_refuse_is_refused(path, value, drawn):
    ref = drawn.autoscaled.autoscaler_ref
    document = drawn.get(ref)
    with pytest.raises(InvalidExperiment, match="autoscaler"):
        drawn.patch(ref, put(document, path, value))
    assert drawn.get(ref) == document


def test_a_surge_of_load_is_followed_and_recorded(drawn):
    name = drawn.autoscaled.name
    before = drawn.get(drawn.autoscaled.ref)["spec"]["replicas"]
    drawn.scale_load(1.8)
    drawn.advance(20)
    assert drawn.get(drawn.autoscaled.ref)["spec"]["replicas"] > before
    assert [e.service for e in drawn.events if e.kind == "autoscale"].count(name) >= 1


def test_where_nobody_scales_nothing_is_scaled(drawn):
    calm = [s for s in drawn.system.services if s.autoscaling is None]
    drawn.scale_load(1.8)
    drawn.advance(20)
    assert calm
    assert all(drawn.get(s.ref)["spec"]["replicas"] == s.replicas for s in calm)


def test_bounds_are_read_from_the_object(drawn):
    scaled = drawn.autoscaled
    now = drawn.get(scaled.ref)["spec"]["replicas"]
    for path, value in (("/spec/minReplicas", 1), ("/spec/maxReplicas", now)):
        drawn.patch(scaled.autoscaler_ref, put(drawn.get(scaled.autoscaler_ref), path, value))
    drawn.scale_load(1.8)
    drawn.advance(20)
    assert drawn.get(scaled.ref)["spec"]["replicas"] <= now


def test_a_service_without_one_has_no_autoscaler(drawn):
    plain = next(s for s in drawn.system.services if s.autoscaling is None)
    with pytest.raises(InvalidExperiment, match="nearest"):
        drawn.get(replace(plain).autoscaler_ref)
