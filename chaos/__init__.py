"""Faults on purpose: plan one, inject it, take it back, and prove that it is gone.

This package knows no detector and no ranker. The simulated shop is in `chaos.simulation.simulator`, which is
not imported here because it needs pandas.
"""

from chaos.cluster import Cluster, NoSuchObject, ObjectRef, Process
from chaos.experiment import Experiment, Guardian, as_case, injected
from chaos.faults import FAULTS, Fault, fault, make_fault
from chaos.journal import Entry, Journal, RunEvent
from chaos.patch import PatchConflict
from chaos.plan import Plan
from chaos.recovery import recover, recover_marked

__all__ = [
    "FAULTS",
    "Cluster",
    "Entry",
    "Experiment",
    "Fault",
    "Guardian",
    "Journal",
    "NoSuchObject",
    "ObjectRef",
    "PatchConflict",
    "Plan",
    "Process",
    "RunEvent",
    "as_case",
    "fault",
    "injected",
    "make_fault",
    "recover",
    "recover_marked",
]
