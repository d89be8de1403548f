"""What happens by itself: as strong and as long as it was drawn, and the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from chaos.simulation.ambience import MOST_STOLEN, Ambience
from chaos.simulation.load import Load
from chaos.simulation.shop import TOPOLOGY
from chaos.simulation.system import Unrest
from chaos.simulation.topology import draw_topology


def steps(topology, count=3000, step_s=5.0, seed=1):
    ambience = Ambience(topology, step_s, seed)
    return [ambience.step() for _ in range(count)]


def test_the_shop_is_calm_but_for_its_load():
    for air in steps(TOPOLOGY, 50):
        assert set(air.work) == set(air.slowed) == set(air.mix.values()) == {1.0}
        assert set(air.stolen) == {0.0}
        assert not any(air.missed + air.churned)


@pytest.mark.parametrize("step_s", [5.0, 60.0])
def test_the_load_wanders_as_an_ornstein_uhlenbeck_process(step_s):
    topology = replace(TOPOLOGY, load=Load(sd=0.1, tau_s=60.0))
    seen = np.log([air.load for air in steps(topology, 20_000, step_s)])
    assert np.std(seen) == pytest.approx(0.1, rel=0.1)
    lag_one = np.corrcoef(seen[:-1], seen[1:])[0, 1]
    assert lag_one == pytest.approx(np.exp(-step_s / 60.0), abs=0.03)


def test_it_begins_in_its_steady_state():
    topology = replace(TOPOLOGY, load=Load(sd=0.1, tau_s=1e6))
    first = [np.log(Ambience(topology, 5.0, seed).step().load) for seed in range(300)]
    assert np.std(first) == pytest.approx(0.1, rel=0.15)


def test_rare_things_are_as_rare_as_they_were_drawn():
    unrest = Unrest(churn_per_h=30.0, pauses_per_h=60.0, missed=0.02)
    air = steps(replace(TOPOLOGY, unrest=unrest))
    hours = 3000 * 5 / 3600
    churned = np.mean([sum(one.churned) for one in air]) * 3000 / 5
    assert churned == pytest.approx(30 * hours, rel=0.2)
    paused = sum(factor > 1 for one in air for factor in one.slowed) / 5
    assert paused == pytest.approx(60 * hours, rel=0.2)
    assert np.mean([one.missed for one in air]) == pytest.approx(0.02, rel=0.2)


def test_a_crowded_machine_slows_all_that_it_carries_for_a_while():
    unrest = Unrest(hosts=2, crowded_per_h=2.0)
    stolen = np.array([one.stolen for one in steps(replace(TOPOLOGY, unrest=unrest))])
    assert len({tuple(column) for column in stolen.T}) == 2
    assert 0 < np.mean(stolen > 0.05) < 0.2
    assert stolen.max() <= MOST_STOLEN
    begins = np.flatnonzero(np.diff((stolen[:, 0] > 0.05).astype(int)) == 1)
    assert len(begins) > 2


def test_the_same_seed_lives_through_the_same():
    topology = draw_topology(3)
    assert steps(topology, 50) == steps(topology, 50)
    assert steps(topology, 50) != steps(topology, 50, seed=2)
