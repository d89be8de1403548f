"""Where an experiment runs: a cluster to strike, and the measurements of what becomes of it.

`Backend` is a Protocol. The simulator's is here; that of a real cluster needs collectors, which
this package does not know, and lives beside the proving loop.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from aiops.suggest import did_you_mean
from aiops.types import InvalidExperiment
from chaos.safety import OptedIn
from chaos.simulation.changes import CHANGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from chaos.cluster import Cluster
    from chaos.experiment import Guardian
    from chaos.probes import Queries
    from chaos.runs import Alert
    from chaos.safety import RunLease, Scope
    from chaos.simulation.simulator import Simulator

WARM_UP = 8
"""Samples before anything else, so that queues and retries of the simulator have settled."""


class Backend(Protocol):
    """A cluster that can be struck, and what is measured there."""

    @property
    def name(self) -> Literal["sim", "k8s"]:
        """What kind of backend it is."""
        ...

    @property
    def system(self) -> str:
        """The namespace that is struck and measured."""
        ...

    @property
    def cluster(self) -> Cluster:
        """The cluster."""
        ...

    @property
    def scope(self) -> Scope:
        """What is known of its namespaces."""
        ...

    @property
    def step_s(self) -> float:
        """Seconds from one sample, and from one look of the guards, to the next."""
        ...

    @property
    def topology(self) -> Sequence[tuple[str, str]]:
        """The call graph, as (caller, callee)."""
        ...

    @property
    def entries(self) -> Sequence[str]:
        """The services that users reach."""
        ...

    @property
    def queries(self) -> Queries | None:
        """Who answers PromQL; None if nobody does."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def metrics(self, since: datetime) -> pd.DataFrame:
        """Return what was measured from `since` until now, as a metrics frame."""
        ...

    def alerts(self, since: datetime) -> tuple[Alert, ...] | None:
        """Return the alerts of the system's own monitoring; None if it has none to ask."""
        ...

    def guardians(self) -> Sequence[Guardian]:
        """Return who undoes a run when this process no longer can."""
        ...

    def lease(self, run: str) -> RunLease | None:
        """Return the lease that keeps other runs out; None where there are no others."""
        ...

    def disturb(self, decoy: str, service: str, seed: int) -> None:
        """Make a harmless change to a service.

        Raises
        ------
        InvalidExperiment
            If there is no such change.
        """
        ...


class SimBackend:
    """The simulator as a backend; its time passes as fast as it can be computed."""

    name: Literal["sim"] = "sim"
    queries = None

    def __init__(self, simulator: Simulator) -> None:
        self.cluster = simulator
        self.scope = OptedIn()
        self.step_s = simulator.step_s
        self.topology = simulator.topology
        self.entries = tuple(simulator.system.entries)
        self.system = simulator.system.services[0].namespace
        simulator.advance(WARM_UP)

    def wait(self, seconds: float) -> None:
        """Let as many steps pass as fill `seconds`."""
        self.cluster.advance(math.ceil(seconds / self.step_s - 1e-9))

    def metrics(self, since: datetime) -> pd.DataFrame:
        """Return the samples from `since` on."""
        frame = self.cluster.metrics()
        return frame[frame.index >= since]

    def alerts(self, since: datetime) -> None:
        """Return None: nobody has written alert rules for a simulator."""
        del since

    def guardians(self) -> tuple[Guardian, ...]:
        """Return nobody: the simulator ends with this process."""
        return ()

    def lease(self, run: str) -> None:
        """Return None: nobody else can reach this simulator."""
        del run

    def disturb(self, decoy: str, service: str, seed: int) -> None:
        """Make one of `chaos.simulation.changes.CHANGES` to a service."""
        if decoy not in CHANGES:
            raise InvalidExperiment(
                f"the simulator has no change {decoy!r}; {did_you_mean(decoy, CHANGES)}"
            )
        found = {one.name: one for one in self.cluster.system.services}
        if service not in found:
            raise InvalidExperiment(
                f"there is no service {service!r}; {did_you_mean(service, found)}"
            )
        CHANGES[decoy](self.cluster, found[service], np.random.default_rng((seed, 0xDEC0)))
