"""The faults this toolkit can inject, by id."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aiops.suggest import nearest
from aiops.types import InvalidExperiment
from chaos.faults.base import Fault
from chaos.faults.scale_zero import ScaleZero
from chaos.faults.stress_cpu import StressCpu

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "Fault", "fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        known.id: known
        for known in (
            ScaleZero(),
            StressCpu(),
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
