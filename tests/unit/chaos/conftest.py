"""A drawn system that has run for a while, with a service that scales by itself."""

import pytest

from chaos.simulation.simulator import Simulator
from chaos.simulation.topology import draw_topology


class Drawn(Simulator):
    """A simulator of a drawn system that knows a service with an autoscaler, and one with pods."""

    @property
    def autoscaled(self):
        """The autoscaled service that is asked most."""
        rates = self.system.usual_rates(1.0)
        scaled = [service for service in self.system.services if service.autoscaling]
        return max(scaled, key=lambda service: rates[service.name])


@pytest.fixture
def drawn():
    """Eight services, at least one of them autoscaled, after five minutes."""
    seed = next(
        seed
        for seed in range(100)
        if any(s.autoscaling for s in draw_topology(seed, services=8).services)
    )
    simulator = Drawn(seed=5, step_s=15.0, topology=draw_topology(seed, services=8))
    simulator.advance(20)
    return simulator
