"""What a Kubernetes cluster tells: events, rollouts, restarts, and how its pods are.

`KubernetesCollector` asks, `frame_of` makes metrics of successive snapshots and `changes` tells
what is different between them. Not here: the call graph (`aiops.collectors.callgraph`) and logs.
"""

from __future__ import annotations

from aiops.collectors.kubernetes.collector import KubernetesCollector
from aiops.collectors.kubernetes.recorder import changes, frame_of
from aiops.collectors.kubernetes.snapshot import PodState, Snapshot

__all__ = ["KubernetesCollector", "PodState", "Snapshot", "changes", "frame_of"]
