"""Changes that harm nobody: what looks like trouble to whoever blames the last change.

Each is something that operators or users do every day. They are for the simulator only.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from chaos.patch import lookup, put
from chaos.simulation.load import Burst

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from chaos.simulation.service import Service
    from chaos.simulation.simulator import Simulator

DAY_S: Final = 86400.0
IMAGE: Final = "/spec/template/spec/containers/0/image"


def roll_out(system: Simulator, service: Service, rng: np.random.Generator) -> None:
    """Roll out the next version of `service`, which works like the one before."""
    document = system.get(service.ref)
    repository, _, _ = lookup(document, IMAGE).rpartition(":")
    system.patch(service.ref, put(document, IMAGE, f"{repository}:1.{rng.integers(1, 60)}"))


def scale_up(system: Simulator, service: Service, rng: np.random.Generator) -> None:
    """Give `service` a pod or two more, as a careful person would."""
    document = system.get(service.ref)
    replicas = document["spec"]["replicas"] + int(rng.integers(1, 3))
    system.patch(service.ref, put(document, "/spec/replicas", replicas))


def step_load(system: Simulator, _service: Service, rng: np.random.Generator) -> None:
    """Let the load from outside jump, mostly upwards."""
    system.scale_load(
        float(rng.uniform(1.1, 1.35) if rng.random() < 0.75 else rng.uniform(0.7, 0.9))
    )


def replace_pod(system: Simulator, service: Service, _rng: np.random.Generator) -> None:
    """Take one pod away; another starts."""
    system.replace_pod(service.name)


def run_job(system: Simulator, service: Service, rng: np.random.Generator) -> None:
    """Let a scheduled job call `service` for some minutes."""
    now = system.now
    usual = system.system.usual_rates(system.system.load.at(now))[service.name]
    system.schedule(
        Burst(
            service=service.name,
            rate=float(rng.uniform(0.1, 0.35)) * usual,
            period_s=DAY_S,
            offset_s=float(now.hour * 3600 + now.minute * 60 + now.second),
            lasts_s=float(rng.uniform(60, 600)),
        )
    )


CHANGES: Mapping[str, Callable[[Simulator, Service, np.random.Generator], None]] = MappingProxyType(
    {
        "rollout": roll_out,
        "scale_up": scale_up,
        "load_step": step_load,
        "pod_churn": replace_pod,
        "job": run_job,
    }
)
"""Every harmless change, by name."""
