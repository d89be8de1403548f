"""A simulated system as a whole: its services, what comes in, and how restless it is. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos.simulation.load import Load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.simulation.load import Burst
    from chaos.simulation.service import Service


@dataclass(frozen=True, slots=True)
class Unrest:
    """What happens by itself; all of it is nought in a calm system.

    Attributes
    ----------
    mix_sd, mix_tau_s : float
        The calls that a request makes wander: standard deviation of the logarithm for each edge,
        and how long a deviation lasts, s.
    churn_per_h : float
        How often an hour a pod is replaced in each service.
    pauses_per_h : float
        How often an hour a service pauses for a moment, as for a garbage collection.
    missed : float
        Share of the samples of a service that monitoring misses.
    hosts : int
        Machines that the services share; 0 where none of them is felt.
    host_sd : float
        Standard deviation of the share of its speed that a machine loses.
    crowded_per_h : float
        How often an hour something foreign crowds a machine for a minute or two.
    """

    mix_sd: float = 0.0
    mix_tau_s: float = 60.0
    churn_per_h: float = 0.0
    pauses_per_h: float = 0.0
    missed: float = 0.0
    hosts: int = 0
    host_sd: float = 0.0
    crowded_per_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole simulated system.

    Attributes
    ----------
    services : tuple of Service
        Callers before callees.
    entries : mapping of str to float
        The services that requests from outside reach → their share of them.
    """

    services: tuple[Service, ...]
    entries: Mapping[str, float]
    load: Load = field(default_factory=Load)
    unrest: Unrest = field(default_factory=Unrest)
    bursts: tuple[Burst, ...] = ()

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        """The call graph, as (caller, callee)."""
        return tuple(
            (service.name, callee) for service in self.services for callee in service.calls
        )

    def usual_rates(self, offered: float) -> dict[str, float]:
        """Return service → requests per second when `offered` come from outside and none is lost.

        >>> from chaos.simulation.shop import TOPOLOGY
        >>> TOPOLOGY.usual_rates(100.0)["store"]
        115.0
        """
        rates = {
            service.name: offered * self.entries.get(service.name, 0.0) for service in self.services
        }
        for service in self.services:
            for callee, calls in service.calls.items():
                rates[callee] += rates[service.name] * calls
        return rates
