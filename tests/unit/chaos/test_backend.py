"""The simulator as a backend: its time, its samples, and what it does not have."""

import pandas as pd
import pytest

from aiops.types import InvalidExperiment, check_metrics
from chaos.backend import WARM_UP, SimBackend
from chaos.cluster import ObjectRef
from chaos.safety import OPT_IN, denied
from chaos.simulation.changes import CHANGES
from chaos.simulation.simulator import Simulator
from chaos.simulation.topology import draw_topology


@pytest.fixture
def backend():
    return SimBackend(Simulator(7))


def test_it_has_warmed_up(backend):
    passed = (backend.cluster.now - backend.cluster.start).total_seconds()
    assert passed == WARM_UP * backend.step_s


@pytest.mark.parametrize(
    ("seconds", "steps"), [(0.0, 0), (0.1, 1), (5.0, 1), (5.1, 2), (300.0, 60)]
)
def test_waiting_is_whole_steps_that_fill_the_time(backend, seconds, steps):
    before = backend.cluster.now
    backend.wait(seconds)
    assert (backend.cluster.now - before).total_seconds() == steps * backend.step_s


def test_many_small_waits_of_one_step_are_that_many_steps(backend):
    before = backend.cluster.now
    for _ in range(7):
        backend.wait(0.1 + backend.step_s - 0.1)
    assert (backend.cluster.now - before).total_seconds() == 7 * backend.step_s


def test_metrics_begin_when_asked(backend):
    since = backend.cluster.now
    backend.wait(60.0)
    frame = backend.metrics(since)
    check_metrics(frame)
    assert frame.index[0] == pd.Timestamp(since)
    assert len(frame) == 60 / backend.step_s
    assert frame.equals(backend.cluster.metrics().loc[since:])


def test_it_is_the_shop_unless_told_otherwise(backend):
    assert (backend.name, backend.system, backend.entries) == ("sim", "shop", ("web",))
    assert ("web", "cart") in backend.topology
    drawn = draw_topology(3)
    other = SimBackend(Simulator(3, topology=drawn))
    assert other.system == drawn.services[0].namespace
    assert set(other.entries) == set(drawn.entries)


def test_nobody_else_is_there(backend):
    assert backend.queries is None
    assert backend.alerts(backend.cluster.now) is None
    assert tuple(backend.guardians()) == ()
    assert backend.lease("r1") is None


def test_all_of_it_may_be_struck(backend):
    assert backend.scope.labels(backend.system) == {OPT_IN: "true"}
    assert denied(backend.system) is None


class TestDisturb:
    @pytest.mark.parametrize("name", CHANGES)
    def test_every_change_can_be_made(self, backend, name):
        backend.disturb(name, "cart", seed=3)
        backend.wait(60.0)
        check_metrics(backend.metrics(backend.cluster.start))

    def test_the_seed_decides_what_it_is(self, backend):
        def image(seed):
            shop = SimBackend(Simulator(7))
            shop.disturb("rollout", "cart", seed=seed)
            found = shop.cluster.get(ObjectRef("Deployment", "shop", "cart"))
            return found["spec"]["template"]["spec"]["containers"][0]["image"]

        assert image(1) == image(1)
        assert len({image(seed) for seed in range(8)}) > 1

    def test_an_unknown_change_is_named_with_its_nearest(self, backend):
        with pytest.raises(InvalidExperiment, match=r"no change 'rolout'.*'rollout'"):
            backend.disturb("rolout", "cart", seed=1)

    def test_so_is_an_unknown_service(self, backend):
        with pytest.raises(InvalidExperiment, match=r"no service 'crat'.*'cart'"):
            backend.disturb("rollout", "crat", seed=1)
