"""Probes, hypotheses and guards of an experiment file, evaluated against a running system.

`chaos.files` says what to look at; here it is looked at. Nothing here waits, injects or decides
when to look: that is the run's business.
"""

from chaos.probes.context import Context, Queries
from chaos.probes.guards import Guard
from chaos.probes.hypothesis import Hypothesis
from chaos.probes.looking import check, look
from chaos.probes.results import NotEvaluated, ProbeFailed, ProbeResult, met

__all__ = [
    "Context",
    "Guard",
    "Hypothesis",
    "NotEvaluated",
    "ProbeFailed",
    "ProbeResult",
    "Queries",
    "check",
    "look",
    "met",
]
