"""Faults on purpose: plan one, inject it, take it back, and prove that it is gone.

This package knows no detector and no ranker. The simulated shop is in `chaos.simulator`, which is
not imported here because it needs pandas.
"""

from chaos.cluster import Cluster, ObjectRef
from chaos.experiment import Experiment, as_case, injected, recover
from chaos.faults import FAULTS, Fault, fault
from chaos.journal import Entry, Journal, RunEvent
from chaos.patch import PatchConflict
from chaos.plan import Plan

__all__ = [
    "FAULTS",
    "Cluster",
    "Entry",
    "Experiment",
    "Fault",
    "Journal",
    "ObjectRef",
    "PatchConflict",
    "Plan",
    "RunEvent",
    "as_case",
    "fault",
    "injected",
    "recover",
]
