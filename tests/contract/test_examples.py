"""What the shipped experiments and gamedays promise: they are sound, and no gate is against them."""

from pathlib import Path

import pytest

from aiops.proving.suite import draw, load_suite
from chaos.backend import SimBackend
from chaos.files import load
from chaos.simulation.simulator import Simulator
from chaos.trial import from_file, prepare

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPERIMENTS = sorted((EXAMPLES / "experiments").glob("*.yaml"))
GAMEDAYS = sorted((EXAMPLES / "gamedays").glob("*.yaml"))


def test_there_are_some():
    assert len(EXPERIMENTS) >= 5
    assert len(GAMEDAYS) >= 2


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_can_be_run_on_the_simulator_as_it_is(path):
    file, backend = load(path), SimBackend(Simulator(seed=7))
    prepared = prepare(from_file(file, backend, run="r1", seed=file.settings.seed), backend)
    assert prepared.preflight.refusals == ()
    assert prepared.victims


@pytest.mark.parametrize("path", GAMEDAYS, ids=lambda path: path.stem)
def test_a_gameday_has_its_controls(path):
    runs = draw(load_suite(path))
    quiet = sum(one.fault is None and not one.decoy for one in runs)
    assert quiet >= 0.2 * len(runs)
    assert len({one.fault for one in runs}) > 10
