"""The client of a Kubernetes cluster: plain documents in, plain documents out, one clear error.

Start at `KubernetesClient.connect`. It knows nothing of faults, and it never retries on its own.
"""

from __future__ import annotations

from aiops.clients.kubernetes.client import KubernetesClient
from aiops.clients.kubernetes.command import Completed
from aiops.clients.kubernetes.errors import Conflict, NotFound, PatchRejected, Rejected

__all__ = [
    "Completed",
    "Conflict",
    "KubernetesClient",
    "NotFound",
    "PatchRejected",
    "Rejected",
]
