"""The actions and probes of chaostoolkit-kubernetes that our own faults and probes stand for.

An action that we cannot inject and take back as it is meant is not mapped; what is mapped is read
as data, never imported or called.
"""

from chaos.files.chaosk8s.actions import fault_for, scaled
from chaos.files.chaosk8s.looks import look_for

__all__ = ["fault_for", "look_for", "scaled"]
