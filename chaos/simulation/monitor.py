"""The monitoring of a simulated system: a row of samples for every step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aiops.types import EXPECTED_LEVELS
from chaos.simulation.sampling import METRICS, Streams, sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chaos.simulation.ambience import Air
    from chaos.simulation.service import Service
    from chaos.simulation.traffic import Flow

MEMORY_KEPT, MEMORY_NOISE = 0.99, 0.0004
"""What one step keeps of the drift of the memory (a logarithm), and the deviation that it adds."""

LATENCY, CPU = METRICS.index("latency_p95"), METRICS.index("cpu")


class Monitor:
    """What monitoring has measured of `services` so far; every row is one step of `step_s`."""

    def __init__(self, services: Sequence[Service], seed: int, step_s: float) -> None:
        self._services = services
        self._step_s = step_s
        self._streams = Streams(seed, len(services))
        self._drifts = [0.0] * len(services)
        self._rows: list[list[float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def measure(self, flows: Mapping[str, Flow], memory: Mapping[str, float], air: Air) -> None:
        """Add a row: what `flows`, and the bytes of a pod of each service, look like."""
        row: list[float] = []
        for number, service in enumerate(self._services):
            rng = self._streams.at(number, len(self))
            fresh = MEMORY_NOISE * float(rng.standard_normal())
            self._drifts[number] = drift = MEMORY_KEPT * self._drifts[number] + fresh
            held = memory[service.name] * math.exp(drift + self._garbage(service))
            samples = sample(flows[service.name], held, self._step_s, rng)
            samples[LATENCY] *= air.slowed[number]
            row += [math.nan] * len(METRICS) if air.missed[number] else samples
        self._rows.append(row)

    def cpu(self) -> dict[str, float]:
        """Return the cores that each service used in the last step."""
        latest = self._rows[-1][CPU :: len(METRICS)]
        return {service.name: used for service, used in zip(self._services, latest, strict=True)}

    def frame(self, start: datetime) -> pd.DataFrame:
        """Return all rows as a metrics frame; the first one is from `start`."""
        names = [(service.name, metric) for service in self._services for metric in METRICS]
        return pd.DataFrame(
            np.array(self._rows, dtype=np.float64).reshape(len(self), len(names)),
            index=pd.date_range(start, periods=len(self), freq=pd.Timedelta(seconds=self._step_s)),
            columns=pd.MultiIndex.from_tuples(names, names=EXPECTED_LEVELS),
        )

    def _garbage(self, service: Service) -> float:
        """Return the logarithm of the factor that garbage puts on the memory of `service` now."""
        passed_s = len(self) * self._step_s + service.startup_s
        return service.garbage * (passed_s / service.garbage_period_s % 1.0 - 0.5)
