"""The faults this toolkit can inject, by id."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aiops.suggest import nearest
from aiops.types import InvalidExperiment
from chaos.faults.base import Fault
from chaos.faults.cpu_low import CpuLow
from chaos.faults.env_mutate import EnvMutate
from chaos.faults.image_bad import ImageBad
from chaos.faults.memory_low import MemoryLow
from chaos.faults.net_delay import NetDelay
from chaos.faults.probe_readiness import ProbeReadiness
from chaos.faults.scale_down import ScaleDown
from chaos.faults.scale_zero import ScaleZero
from chaos.faults.stress_cpu import StressCpu
from chaos.faults.stress_memory import StressMemory

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "Fault", "fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        known.id: known
        for known in (
            CpuLow(),
            EnvMutate(),
            ImageBad(),
            MemoryLow(),
            NetDelay(),
            ProbeReadiness(),
            ScaleDown(),
            ScaleZero(),
            StressCpu(),
            StressMemory(),
        )
    }
)
"""Every fault, by its id."""


def fault(fault_id: str) -> Fault:
    """Return the fault called `fault_id`.

    Raises
    ------
    InvalidExperiment
        If there is none; the text names the nearest.

    Examples
    --------
    >>> fault("scale.zreo")
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidExperiment: there is no fault 'scale.zreo'; the nearest is 'scale.zero'
    """
    if fault_id not in FAULTS:
        raise InvalidExperiment(
            f"there is no fault {fault_id!r}; the nearest is {nearest(fault_id, FAULTS)!r}"
        )
    return FAULTS[fault_id]
