"""The faults this toolkit can inject, by id."""

from __future__ import annotations

import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiops.suggest import did_you_mean, nearest
from aiops.types import InvalidExperiment
from chaos.faults.base import Fault
from chaos.faults.cpu_low import CpuLow
from chaos.faults.env_mutate import EnvMutate
from chaos.faults.image_bad import ImageBad
from chaos.faults.memory_low import MemoryLow
from chaos.faults.net_delay import NetDelay
from chaos.faults.pod_delete import PodDelete
from chaos.faults.pod_failure import PodFailure
from chaos.faults.probe_readiness import ProbeReadiness
from chaos.faults.scale_down import ScaleDown
from chaos.faults.scale_zero import ScaleZero
from chaos.faults.stress_cpu import StressCpu
from chaos.faults.stress_memory import StressMemory
from chaos.faults.svc_selector import SvcSelector

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "Fault", "fault", "make_fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        known.id: known
        for known in (
            CpuLow(),
            EnvMutate(),
            ImageBad(),
            MemoryLow(),
            NetDelay(),
            PodDelete(),
            PodFailure(),
            ProbeReadiness(),
            ScaleDown(),
            ScaleZero(),
            StressCpu(),
            StressMemory(),
            SvcSelector(),
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


def make_fault(fault_id: str, params: Mapping[str, Any]) -> Fault:
    """Return the fault called `fault_id` with parameters of its own.

    Raises
    ------
    InvalidExperiment
        If there is no such fault, it has no such parameter, or a value does not fit.

    Examples
    --------
    >>> make_fault("pod.delete", {"count": 2}).count
    2
    >>> make_fault("pod.delete", {"cuont": 2})
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidExperiment: pod.delete has no parameter 'cuont'; did you mean 'count'?
    """
    kind = type(fault(fault_id))
    known = inspect.signature(kind).parameters
    for name, value in params.items():
        if name not in known:
            raise InvalidExperiment(
                f"{fault_id} has no parameter {name!r}; {did_you_mean(name, known)}"
            )
        default = known[name].default
        _check_type(fault_id, name, value, default)
    return kind(**params)


def _check_type(fault_id: str, name: str, value: Any, default: Any) -> None:
    """Refuse a value of another type than the default's; None stands for a whole number."""
    wanted = {bool: (bool,), float: (int, float), str: (str,)}.get(type(default), (int,))
    if value is None and default is None:
        return
    if not isinstance(value, wanted) or isinstance(value, bool) is not (wanted == (bool,)):
        names = " or ".join(kind.__name__ for kind in wanted)
        raise InvalidExperiment(f"{fault_id} has {name} {value!r}; give {names}")
